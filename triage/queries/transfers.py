"""What changes hands with an account: the open conversations that were answered from it, and what becomes of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, literal, select

from triage.db import BigKey, db
from triage.errors import NotFound
from triage.models import Account, Assignment, Delivery, Message, Operator, Report
from triage.models.deliveries import WAITING
from triage.queries import scope, sending
from triage.queries.account_shapes import Handed
from triage.rights import Right

MOST_SHOWN = 50
FATES = {"holder": "own_account", "pool": "shared", "arrival": "arrival"}  # by the rule that gives another account


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
    owner = case((Account.id == account.id, literal(to, BigKey)), else_=sending.OWNER)
    found = sending.account_for(account.channel, report, holder, owner)
    if found is None:
        return Handed(report.id, holder.public_name, "blocked", None)
    fate = "follows" if found.id == account.id else FATES[sending.rule(account.channel)]
    return Handed(report.id, holder.public_name, fate, found.address)
