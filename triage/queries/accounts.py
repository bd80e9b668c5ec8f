"""Accounts as their page shows them: whose they are, in which state, how much of their limits is used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select

from triage import clock
from triage.db import db
from triage.models import Account, Assignment, Delivery, DeliveryAttempt, Operator, Report, SenderRule
from triage.models.deliveries import WAITING
from triage.queries import scope, sending
from triage.queries.shapes import AccountLine
from triage.rights import Right

DAY, HOUR = timedelta(hours=24), timedelta(hours=1)


def lines(actor: Operator) -> list[AccountLine]:
    """Every account: shared ones first, then by whose they are. Forbidden."""
    scope.require(actor, Right.MANAGE_ACCOUNTS)
    now = clock.now()
    query = select(Account, Operator.public_name).outerjoin(Operator, Operator.id == Account.operator_id)
    order = Account.operator_id.is_not(None), Operator.public_name, Account.channel, Account.address
    day, hour = _used(now - DAY), _used(now - HOUR)
    return [
        _line(account, name, day.get(account.id, 0), hour.get(account.id, 0), now)
        for account, name in db.session.execute(query.order_by(*order))
    ]


def _line(account: Account, owner: str | None, day: int, hour: int, now: datetime) -> AccountLine:
    return AccountLine(
        id=account.id, channel=account.channel, provider=account.provider, address=account.address,
        label=account.label, operator_id=account.operator_id, operator=owner, can_receive=account.can_receive,
        can_send=account.can_send, state=state(account, now), limits=list(sending.account_limits(account)),
        used_today=day, used_hour=hour, needs_attention=account.needs_attention, paused_until=account.paused_until,
    )


def state(account: Account, now: datetime) -> str:
    """paused (by a person), broken (a person must mend it), limited (waits for a slot), else ready."""
    if account.paused_at is not None:
        return "paused"
    if account.needs_attention is not None:
        return "broken"
    slots = sending.slots(account, now) if account.can_send else None
    waits = account.paused_until is not None and account.paused_until > now
    return "limited" if waits or (slots is not None and slots.left == 0) else "ready"


def _used(since: datetime) -> Mapping[int | None, int]:
    query = select(DeliveryAttempt.account_id, func.count()).where(DeliveryAttempt.started_at > since)
    return dict(db.session.execute(query.group_by(DeliveryAttempt.account_id)).all())


def own(actor: Operator) -> list[Account]:
    """The actor's own accounts."""
    query = select(Account).where(Account.operator_id == actor.id)
    return list(db.session.scalars(query.order_by(Account.channel, Account.id)))


def one(account_id: int, actor: Operator) -> AccountLine | None:
    """One account's line. Forbidden."""
    return next((line for line in lines(actor) if line.id == account_id), None)


def rules() -> Mapping[str, str]:
    """The sender rules that were chosen; every other channel has `holder`."""
    return {row.channel: row.rule for row in db.session.scalars(select(SenderRule))}


def at_stake(account_id: int, actor: Operator) -> tuple[int, int]:
    """What a pause or transfer touches: reports on the channel its operator holds, answers waiting to leave. Forbidden.
    """
    scope.require(actor, Right.MANAGE_ACCOUNTS)
    account = db.session.get(Account, account_id)
    if account is None:
        return 0, 0
    held = select(func.count()).select_from(Assignment).join(Report, Report.id == Assignment.report_id)
    held = held.where(Assignment.ended_at.is_(None), Assignment.operator_id == account.operator_id)
    waiting = select(func.count()).where(Delivery.account_id == account.id, Delivery.state.in_(WAITING))
    return (db.session.scalar(held.where(Report.channel == account.channel)) or 0, db.session.scalar(waiting) or 0)
