"""One report with its conversation, as one operator sees it."""

from __future__ import annotations

from sqlalchemy import or_, select

from triage import clock, events
from triage.db import db
from triage.errors import NotFound
from triage.models import Assignment, Consent, Contact, Draft, Operator, Report
from triage.queries import conversation, identity, naming, places, rows, scope, signing
from triage.queries import sending as routes
from triage.queries.shapes import ReportView, Row
from triage.rights import Right

OTHERS_SHOWN = 5
MOST_SHOWN = 1000


def load(report_id: int, actor: Operator) -> Report:
    """The report. NotFound where it does not exist or `actor` may not see it: the same answer."""
    found = db.session.scalar(select(Report).where(Report.id == report_id, scope.visible(actor)))
    if found is None:
        raise NotFound
    return found


def view(report_id: int, actor: Operator, shown: int = conversation.SHOWN, by: str | None = None) -> ReportView:
    """Everything the report page shows, with the newest `shown` lines of the conversation.

    The event number is read first: nothing newer is hidden behind it. `by` names the other channel of an answer.
    """
    seq = events.head()
    report = load(report_id, actor)
    row = rows.of([report], actor)[0]
    held = _open_assignment(report_id)
    entries, earlier = conversation.entries(report, actor, min(shown, MOST_SHOWN))
    draft = db.session.scalar(select(Draft).where(Draft.report_id == report_id, Draft.operator_id == actor.id))
    return ReportView(
        row=row, seq=seq, assignment=held.id if held else None, held_since=held.started_at if held else None,
        entries=entries, earlier=earlier, sending=identity.sending(report, actor, may_write=row.mine, by=by),
        draft=draft.body if draft else "", draft_saved_at=draft.saved_at if draft else None,
        may_claim=_may_claim(report, actor), may_write=row.mine, may_assign=actor.may(Right.ASSIGN_REPORTS),
        consent_answer=_consent(report), other_reports=_others(report, actor), split_from=report.split_from,
        place=places.views([report.place_id]).get(report.place_id or 0), place_text=report.place_text,
        placed_by=naming.public_names([report.placed_by]).get(report.placed_by or 0) if report.placed_by else None,
        observer=_observer(report), may_name_observer=actor.may(Right.NAME_OBSERVERS),
        opening=_opening(report, actor) if row.mine and draft is None else "",
    )


def _opening(report: Report, actor: Operator) -> str:
    """How a new holder may begin. A draft that is there, even an empty one, is left as it is."""
    route = routes.route(report, actor)
    return signing.opening(report, route.contact if route else None, actor)


def _open_assignment(report_id: int) -> Assignment | None:
    return db.session.scalar(select(Assignment).where(Assignment.report_id == report_id, Assignment.ended_at.is_(None)))


def _may_claim(report: Report, actor: Operator) -> bool:
    claimable = select(Report.id).where(Report.id == report.id, scope.claimable(actor, clock.now()))
    return db.session.scalar(claimable) is not None


def _consent(report: Report) -> bool | None:
    return db.session.scalar(select(Consent.granted).where(Consent.report_id == report.id, Consent.purpose == "answer"))


def _observer(report: Report) -> bool | None:
    since = select(Contact.observer_since.is_not(None)).where(Contact.id == report.contact_id)
    return db.session.scalar(since) if report.contact_id is not None else None


def _others(report: Report, actor: Operator) -> list[Row]:
    people = [number for number in (report.contact_id, report.reply_contact_id) if number is not None]
    if not people:
        return []
    same = or_(Report.contact_id.in_(people), Report.reply_contact_id.in_(people))
    query = select(Report).where(same, Report.id != report.id, scope.visible(actor)).order_by(Report.id.desc())
    return rows.of(list(db.session.scalars(query.limit(OTHERS_SHOWN))), actor)
