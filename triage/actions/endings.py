"""What becomes of a delivery that does not simply leave: it ends, it is called off, or it goes back into the queue."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select

from triage import clock, events
from triage.actions import matters, outbox
from triage.db import db
from triage.events import Kind
from triage.models import Account, Assignment, Delivery, Event, Message
from triage.queries import asking

LOST = ("released", "reassigned", "lease", "linked")  # ends of an assignment after which its answers do not go on


def fresh(delivery_id: int) -> Delivery:
    """The whole of a delivery that is locked: what is not simply sent or accepted is rare."""
    query = select(Delivery).where(Delivery.id == delivery_id)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def finish(delivery: Delivery, state: str, error: str | None = None) -> None:
    """A locked delivery has come to an end, or to a doubt, in `state`: then its provider is asked where it can be."""
    delivery.state, delivery.last_error, delivery.settled_at = state, error, clock.now()
    delivery.next_attempt_at = asking.first_look(delivery) if state == "uncertain" else None
    events.record(Kind(f"delivery.{state}"), delivery.report_id, delivery=delivery.id)
    if state == "failed":
        matters.reckon(matters.lock(delivery.report_id))


def call_off(delivery: Delivery, why: str) -> None:
    """A waiting delivery does not leave any more; its text is a draft again."""
    outbox.cancel(delivery, why)
    matters.reckon(matters.lock(delivery.report_id))


def too_late(delivery: Delivery) -> None:
    """It waited longer than its network lets us answer: it failed, and its text is a draft again."""
    finish(delivery, "failed", "window_closed")
    outbox.give_back(delivery)


def back(delivery: Delivery, error: str | None, wait: timedelta) -> None:
    """Back into the queue, to be tried in `wait`, unless its author may not send it any more."""
    why = lost(delivery)
    if why is not None:
        call_off(delivery, why)
        return
    delivery.state, delivery.last_error = "queued", error
    delivery.next_attempt_at = clock.now() + wait
    events.record(Kind.DELIVERY_RETRIED, delivery.report_id, delivery=delivery.id)


def lost(delivery: Delivery) -> str | None:
    """Why its author may not send it any more: the report is another's now, or the account is."""
    held = db.session.get(Assignment, delivery.assignment_id) if delivery.assignment_id else None
    if held is not None and (held.end_reason in LOST or _closed_by_another(held)):
        return "handed_over"
    account = db.session.get(Account, delivery.account_id) if delivery.account_id else None
    author = db.session.get_one(Message, delivery.message_id).operator_id
    allowed = (author, held.operator_id if held else None)
    return "account_transferred" if anothers(account, delivery.purpose, allowed) else None


def _closed_by_another(held: Assignment) -> bool:
    """Who closes their own report lets their answers go on; of whoever else closed it, the history knows."""
    if held.end_reason != "closed":
        return False
    closed = select(Event.operator_id).where(Event.report_id == held.report_id, Event.kind == Kind.REPORT_CLOSED,
                                             Event.occurred_at >= held.ended_at)
    return db.session.scalar(closed.order_by(Event.seq).limit(1)) != held.operator_id


def anothers(account: Account | None, purpose: str, allowed: Collection[int | None]) -> bool:
    """Whether it would leave by the own account of somebody else than those `allowed`: who wrote it, and who held the
    report, for whom one answer to many may be written. Only a test of the account may.
    """
    return account is not None and purpose != "test" and account.operator_id not in (None, *allowed)
