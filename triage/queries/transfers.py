"""What changes hands with an account: the open conversations that were answered from it, and what becomes of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from triage.db import db
from triage.errors import NotFound
from triage.models import Account, Assignment, Delivery, Message, Operator, Report
from triage.models.deliveries import WAITING
from triage.queries import scope, sending
from triage.queries.account_shapes import Handed
from triage.rights import Right

MOST_SHOWN = 50


@dataclass(frozen=True)
class Plan:
    """What a transfer touches: the conversations (at most 50 shown, of `open`) and how many answers wait to leave."""

    conversations: Sequence[Handed]
    open: int
    waiting: int


def plan(account_id: int, to_operator_id: int | None, actor: Operator) -> Plan:
    """What becomes of each conversation when the account is given to somebody (None: shared). NotFound, Forbidden."""
    scope.require(actor, Right.MANAGE_ACCOUNTS)
    account = db.session.get(Account, account_id)
    if account is None:
        raise NotFound
    answered = _answered_from(account.id)
    query = select(Report, Operator).outerjoin(
        Assignment, (Assignment.report_id == Report.id) & Assignment.ended_at.is_(None),
    ).outerjoin(Operator, Operator.id == Assignment.operator_id).where(answered).order_by(Report.id)
    rows = db.session.execute(query.limit(MOST_SHOWN)).all()
    return Plan([_handed(report, holder, account, to_operator_id) for report, holder in rows],
                db.session.scalar(select(func.count()).select_from(Report).where(answered)) or 0, _waiting(account.id))


def _answered_from(account_id: int) -> ColumnElement[bool]:
    """Live reports on which a person answered by this account."""
    ours = select(Message.report_id).where(Message.account_id == account_id, Message.direction == "out",
                                           Message.operator_id.is_not(None))
    return Report.closed_at.is_(None) & Report.id.in_(ours)


def _waiting(account_id: int) -> int:
    waits = Delivery.account_id == account_id, Delivery.state.in_(WAITING), Delivery.purpose == "reply"
    return db.session.scalar(select(func.count()).where(*waits)) or 0


def _handed(report: Report, holder: Operator | None, account: Account, to: int | None) -> Handed:
    if holder is None:
        return Handed(report.id, None, "nobody", None)
    fate, address = FATES[sending.rule(account.channel)](report, holder, account, to)
    return Handed(report.id, holder.public_name, fate, address)


Fate = tuple[str, str | None]


def _by_holder(report: Report, holder: Operator, account: Account, to: int | None) -> Fate:
    """The holder answers by an own account: by this one where they get it, else by another of theirs."""
    if to == holder.id:
        return "follows", account.address
    return _another("own_account", account, Account.operator_id == holder.id)


def _by_pool(report: Report, holder: Operator, account: Account, to: int | None) -> Fate:
    """A shared account answers; this one only where it is shared."""
    if to is None:
        return "follows", account.address
    return _another("shared", account, Account.operator_id.is_(None))


def _by_arrival(report: Report, holder: Operator, account: Account, to: int | None) -> Fate:
    """The account that the person wrote to answers, if it is shared or the holder's own."""
    if report.account_id != account.id:
        other = db.session.get(Account, report.account_id) if report.account_id is not None else None
        return ("arrival", other.address) if other is not None else ("blocked", None)
    return ("follows", account.address) if to in (None, holder.id) else ("blocked", None)


def _another(fate: str, account: Account, whose: ColumnElement[bool]) -> Fate:
    query = select(Account.address).where(Account.channel == account.channel, Account.can_send,
                                          Account.id != account.id, whose)
    found = db.session.scalars(query.order_by(Account.paused_at.is_not(None), Account.id).limit(1)).first()
    return (fate, found) if found is not None else ("blocked", None)


FATES = {"holder": _by_holder, "pool": _by_pool, "arrival": _by_arrival}
