"""How an answer says who wrote it: the line it ends with, and the sentence by which a new holder begins."""

from __future__ import annotations

from flask_babel import force_locale, gettext
from sqlalchemy import Select, select

from channels import segments
from triage import context
from triage.db import db
from triage.models import Account, Assignment, Contact, Delivery, Message, Operator, Report
from triage.queries import voices
from triage.queries.sending import Route

DASH = "—"
DEAD = ("cancelled", "failed")


def tongue(report: Report, contact: Contact | None) -> str:
    """The language of a conversation: the report's, else the person's, else the desk's first."""
    offered = context.settings().desk_languages
    wanted = (report.language, contact.language if contact is not None else None)
    return next((one for one in wanted if one is not None and one in offered), offered[0])


def ending(route: Route, report: Report, operator: Operator) -> str:
    """The line by which an answer of `operator` ends, its line break before it; empty where it needs none.

    By a shared account every answer is signed; by their own the first one of a conversation, and no public post:
    there the handle is theirs. On the web the page says who wrote.
    """
    line = " ".join(_line(route, report, operator).split())
    if not line:
        return ""
    signed = f"{DASH} {line}"
    return "\n" + (segments.plain(signed) if route.capabilities.segmented else signed)


def _line(route: Route, report: Report, operator: Operator) -> str:
    account = route.account
    if account is None:
        return ""
    if account.operator_id is None:
        return operator.public_name
    if route.capabilities.is_public or _has_written(report, operator, account):
        return ""
    return voices.identity_line(account, operator, tongue(report, route.contact))


def _has_written(report: Report, operator: Operator, account: Account) -> bool:
    theirs = _answers(report).where(Assignment.operator_id == operator.id, Message.account_id == account.id)
    return db.session.scalar(theirs.limit(1)) is not None


def _answers(report: Report) -> Select[int]:
    """In whose name a report was answered, one row an answer that reached or may reach the person: who held it, also
    where somebody else wrote one answer to many.
    """
    query = select(Assignment.operator_id).select_from(Message).join(Delivery, Delivery.message_id == Message.id)
    query = query.join(Assignment, Assignment.id == Delivery.assignment_id)
    return query.where(Message.report_id == report.id, Message.operator_id.is_not(None), Delivery.state.not_in(DEAD))


def opening(report: Report, contact: Contact | None, operator: Operator) -> str:
    """The sentence by which somebody takes over a conversation; empty where nobody else wrote last."""
    before = db.session.scalar(_answers(report).order_by(Message.id.desc()).limit(1))
    if before is None or before == operator.id:
        return ""
    name = db.session.get_one(Operator, before).public_name
    with force_locale(tongue(report, contact)):
        return str(gettext("This is %(name)s, taking over from %(before)s.", name=operator.public_name, before=name))
