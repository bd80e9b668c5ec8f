"""What waits to be sent or read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, Select, and_, bindparam, case, func, literal_column, null, or_, select, union_all

from triage import clock
from triage.db import BigKey, db
from triage.errors import NotFound
from triage.models import Account, Delivery, DeliveryAttempt, InboundItem, Message, Operator
from triage.models.deliveries import WAITING
from triage.queries import forecast, reports, slots
from triage.queries.shapes import DeliveryState
from triage.queries.slots import ACCOUNTS, NOW, READY, ROWS
from triage.statements import execute

FREELY, TIGHTLY = 16, 2  # how far into an account's queue a look goes: where slots are left, and where there were none
FARTHEST = 2**62


def due(limit: int = 100) -> list[int]:
    """Deliveries that may leave now, those whose turn it is before all others."""
    return [number for number, _ in due_since(limit)]


def due_since(limit: int = 100) -> list[tuple[int, datetime]]:
    """The same, with the moment since when each may leave.

    Of each account that may send now the first of its queue: no account keeps another waiting, and what waits
    behind a limit is not looked at before there is a slot. Accounts whose telephone fetches are left out.
    """
    now = clock.now()
    found = execute(DUE, {**slots.moments(now), "limit": limit}).all()
    return [(row.id, max(at for at in (row.next_attempt_at, row.next_slot_at, row.paused_until) if at is not None))
            for row in found]


def _turn_at(place: int) -> ScalarSelect[int]:
    """The turn of who stands at a place of an account's queue; NULL where it is shorter."""
    queue = ROWS.alias(f"at_{place}")
    first = select(queue.c.turn).where(
        queue.c.account_id == ACCOUNTS.c.id, queue.c.state == "queued", queue.c.next_attempt_at <= NOW)
    return first.order_by(queue.c.turn, queue.c.id).offset(place - 1).limit(1).correlate(ACCOUNTS).scalar_subquery()


def _due() -> Select[Any]:
    """One statement on both databases. By accounts, so that a look reads a few rows of each however long it is."""
    free = and_(ACCOUNTS.c.next_slot_at.is_(None), ACCOUNTS.c.trouble.is_(None),
                func.coalesce(ACCOUNTS.c.paused_why, "") != "failing")
    last = case((free, _turn_at(FREELY)), else_=_turn_at(TIGHTLY)).label("last")
    open_ones = select(*ACCOUNTS.c["id", "turn", "next_slot_at", "paused_until"], last).where(READY, ~slots.COLLECTED)
    ready = open_ones.cte("ready").prefix_with("MATERIALIZED", dialect="postgresql")
    may = ROWS.c.state.in_(WAITING), ROWS.c.next_attempt_at <= NOW
    theirs = and_(ROWS.c.account_id == ready.c.id, ROWS.c.turn <= func.coalesce(ready.c.last, FARTHEST), *may)
    by_account = select(*ROWS.c["id", "next_attempt_at"], ready.c.next_slot_at, ready.c.paused_until,
                        (ROWS.c.turn - ready.c.turn).label("behind")).join_from(ready, ROWS, theirs)
    freely = select(*ROWS.c["id", "next_attempt_at"], null(), null(), literal_column("0")).where(
        ROWS.c.account_id.is_(None), *may)
    both = union_all(by_account, freely).subquery("due")
    return select(both).order_by(both.c.behind, both.c.id).limit(bindparam("limit", type_=BigKey))


DUE = _due()


def earliest(after: datetime | None = None) -> datetime | None:
    """When something that could not leave at `after` (default: now) may: it is due then, or its account opens.

    None where nothing waits for a moment. What could leave then already is not asked for.
    """
    since = after or clock.now()
    later = select(func.min(Delivery.next_attempt_at)).where(
        Delivery.state.in_(WAITING), Delivery.next_attempt_at > since)
    moments = [db.session.scalar(later), *_openings(since)]
    return min((at for at in moments if at is not None and at > since), default=None)


def _openings(since: datetime) -> Sequence[datetime | None]:
    """When the accounts open that were closed then and have something waiting."""
    shut = or_(Account.paused_until > since, Account.next_slot_at > since, Account.trouble.is_not(None))
    waits = select(Delivery.id).where(Delivery.account_id == Account.id, Delivery.state.in_(WAITING)).exists()
    closed = select(Account).where(Account.paused_at.is_(None), shut, waits)
    return [slots.opens_at(account) for account in db.session.scalars(closed)]


def overdue(most: int = 1000) -> tuple[int, datetime | None]:
    """How much could leave now and has not begun to (counted no further than `most`), and since when the oldest could.

    What waits for a slot, a pause or the trouble of its account to end is not overdue.
    """
    found = due_since(most)
    return len(found), min((at for _, at in found), default=None)


def unread(limit: int = 100) -> list[int]:
    """Journalled items whose time to be read has come, oldest first."""
    ready = or_(InboundItem.due_at.is_(None), InboundItem.due_at <= clock.now())
    query = select(InboundItem.id).where(InboundItem.state == "received", ready)
    return list(db.session.scalars(query.order_by(InboundItem.id).limit(limit)))


def delivery(delivery_id: int, actor: Operator) -> DeliveryState:
    """The state of one answer on a report the actor may see."""
    found = _visible(delivery_id, actor)
    message = db.session.get_one(Message, found.message_id)
    account = db.session.get(Account, found.account_id) if found.account_id else None
    return forecast.state_of(found, account.address if account else None, mine=message.operator_id == actor.id)


def _visible(delivery_id: int, actor: Operator) -> Delivery:
    """One answer. NotFound where it does not exist or is on a report the actor may not see: the same answer."""
    found = db.session.get(Delivery, delivery_id)
    if found is None:
        raise NotFound
    reports.load(found.report_id, actor)
    return found


def attempts(delivery_id: int, actor: Operator) -> tuple[int, list[DeliveryAttempt]]:
    """The report an answer is on and every try to send it, the first one first. NotFound as in `delivery`."""
    found = _visible(delivery_id, actor)
    tries = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery_id)
    return found.report_id, list(db.session.scalars(tries.order_by(DeliveryAttempt.id)))
