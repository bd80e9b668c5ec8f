"""The outbox: what is put into it, and stopping what has not left: at hand-over, at undo, at STOP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, update

from triage import clock, events
from triage.actions import drafts, matters, signatures
from triage.db import db
from triage.events import Kind
from triage.models import Account, Delivery, Message, Report
from triage.models.deliveries import WAITING
from triage.models.reports import DANGER
from triage.queries import parts, sending, slots


def add(message: Message, purpose: str, assignment_id: int | None, wait_seconds: int) -> Delivery:
    """Put a stored message into the outbox, held for `wait_seconds`, at its turn in the queue of its account."""
    now = clock.now()
    account = db.session.get(Account, message.account_id) if message.account_id is not None else None
    delivery = Delivery(
        message_id=message.id, report_id=message.report_id, channel=message.channel, purpose=purpose,
        contact_id=message.contact_id, account_id=message.account_id, assignment_id=assignment_id,
        operator_id=message.operator_id,
        state="held" if wait_seconds else "queued", next_attempt_at=now + timedelta(seconds=wait_seconds),
        created_at=now, turn=_turn(message, purpose, account), segments=_segments(message, account),
    )
    db.session.add(delivery)
    db.session.flush()
    return delivery


def _turn(message: Message, purpose: str, account: Account | None) -> int:
    """An answer where there is danger goes first; of a copy its primary says so."""
    if account is None:
        return 0
    report = db.session.get_one(Report, message.report_id)
    if report.duplicate_of is not None:
        report = db.session.get_one(Report, report.duplicate_of)
    return slots.turn_for(account, message.operator_id, urgent=purpose == "reply" and report.priority == DANGER)


def _segments(message: Message, account: Account | None) -> int:
    return parts.segmented(message.body, sending.capabilities(message.channel, account.provider)) if account else 1


def hand_over(report: Report) -> None:
    """The holder changes: answers not yet leaving are cancelled, their text becomes the draft.

    Those to the senders of its copies too: they are the holder's answers like any other.
    """
    theirs = Delivery.report_id.in_(select(Report.id).where(matters.family(report.id))), Delivery.purpose == "reply"
    waits = select(Delivery.report_id).where(Delivery.state.in_(WAITING), *theirs)
    copies = [matters.lock(number) for number in sorted(set(db.session.scalars(waits)) - {report.id})]
    for delivery in _waiting(*theirs):
        cancel(delivery, "handed_over")
    matters.reckon_all(report, copies)


def stop(contact_id: int) -> None:
    """The person said STOP: nothing that waits for them leaves."""
    theirs = Delivery.contact_id == contact_id, Delivery.purpose != "stop_confirmation"
    found = select(Delivery.report_id).where(Delivery.state.in_(WAITING), *theirs)
    reports = matters.lock_all(db.session.scalars(found))
    for delivery in _waiting(Delivery.report_id.in_(reports), *theirs) if reports else ():
        cancel(delivery, "opted_out")
    for _, report in sorted(reports.items()):
        matters.reckon(report)


def hurry(account_id: int) -> None:
    """What was to be tried later by this account may try at once; begun is only what its limits allow."""
    now = clock.now()
    later = Delivery.account_id == account_id, Delivery.state == "queued", Delivery.next_attempt_at > now
    query = select(Delivery.id).where(*later).order_by(Delivery.id).with_for_update(key_share=True)
    found = db.session.scalars(query).all()  # by number, as `hand_over` locks them
    db.session.execute(update(Delivery).where(Delivery.id.in_(found)).values(next_attempt_at=now))


def _waiting(*conditions: object) -> Sequence[Delivery]:
    query = select(Delivery).where(Delivery.state.in_(WAITING), *conditions)  # type: ignore[arg-type]  # any condition
    return db.session.scalars(query.order_by(Delivery.id).with_for_update(key_share=True)).all()


def cancel(delivery: Delivery, why: str) -> None:
    """End a waiting delivery without sending; an operator's text becomes their draft again."""
    delivery.state, delivery.last_error = "cancelled", why
    delivery.next_attempt_at, delivery.settled_at = None, clock.now()
    give_back(delivery)
    events.record(Kind.REPLY_CANCELLED, delivery.report_id, delivery=delivery.id, why=why)


def give_back(delivery: Delivery) -> None:
    """What an operator wrote and nobody was sent is a draft again: theirs, and whose the report is now."""
    message = db.session.get(Message, delivery.message_id)
    if message is not None and message.operator_id is not None:
        written_on = matters.primary_of(delivery.report_id)  # to whom it went does not matter: one page, one draft
        drafts.put_back(written_on, message.operator_id, signatures.typed(message))
        held = matters.holding(written_on)
        if held is not None:
            drafts.inherit(written_on, held.operator_id)  # a late end: somebody else has the report by now
