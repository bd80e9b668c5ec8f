"""The outbox in two transactions: `begin_attempt` before the network, `settle` after it. States only move forward.

No attempt begins beyond an account's limits, after STOP, or while another is open: the account and the
contact are locked, attempts are counted, and a partial unique index allows one open attempt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.exc import IntegrityError

from channels.base import OutboundMessage
from triage import backoff, clock, context, events, fitting
from triage.actions import attempts, matters, outbox
from triage.crashpoints import crashpoint
from triage.db import LOCK, db, savepoint
from triage.errors import NotFound
from triage.events import Kind
from triage.models import Account, Assignment, Contact, Delivery, DeliveryAttempt, Event, Message
from triage.models.deliveries import WAITING
from triage.queries import sending
from triage.sealing import SealBroken

NAMED_BEFORE = "the provider gave it the name of another answer"
LOST = ("released", "reassigned", "lease", "linked")  # ends of an assignment after which its answers do not go on


@dataclass(frozen=True)
class SendOrder:
    """What a worker must send, outside any transaction."""

    attempt_id: int
    delivery_id: int
    account: Account | None
    channel: str
    message: OutboundMessage
    contact_id: int | None = None

    @property
    def account_id(self) -> int | None:
        """The account it leaves by."""
        return self.account.id if self.account is not None else None


@dataclass(frozen=True)
class Settlement:
    """How an attempt went: accepted, retry, rejected, unknown or account_problem. `after` is in seconds."""

    outcome: str
    provider_id: str | None = None
    delivered: bool = False
    error: str | None = None
    after: float | None = None
    repeatable: bool = False
    opted_out: bool = False


def begin_attempt(delivery_id: int) -> SendOrder | None:
    """Open an attempt and say what to send; None where nothing may leave now (not due, running, over a limit)."""
    found = attempts.lock_to_begin(delivery_id)
    now = clock.now()
    if found is None or found.state not in WAITING or (found.next_attempt_at or now) > now:
        return None
    account = attempts.sender(found)
    refused = _refused(found, account)
    if refused is not None:
        _call_off(_fresh(found.id), refused)
        return None
    slot = attempts.slot(account, now) if account is not None else now
    if slot > now:
        _defer(_fresh(found.id), slot)
        return None
    try:
        message = _outbound(found)
    except SealBroken:
        finish(_fresh(found.id), "failed", "the address cannot be opened")
        return None
    return _open(found, account, message, now)


def _refused(found: Row[Any], account: Account | None) -> str | None:
    if found.opted_out_at is not None and found.purpose != "stop_confirmation":
        return "opted_out"
    return "account_transferred" if _anothers(account, found.purpose, found.author_id) else None


def _anothers(account: Account | None, purpose: str, author_id: int | None) -> bool:
    """Whether an answer would leave by the own account of somebody who did not write it."""
    return account is not None and purpose == "reply" and account.operator_id not in (None, author_id)


def _call_off(delivery: Delivery, why: str) -> None:
    outbox.cancel(delivery, why)
    matters.reckon(matters.lock(delivery.report_id))


def _fresh(delivery_id: int) -> Delivery:
    """The whole of a delivery that is locked: what is not simply sent or accepted is rare."""
    query = select(Delivery).where(Delivery.id == delivery_id)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def locked(delivery_id: int) -> Delivery | None:
    """The delivery, behind the lock of its report: the fixed order of locks is contact, report, delivery, account."""
    report_id = db.session.scalar(select(Delivery.report_id).where(Delivery.id == delivery_id))
    if report_id is None:
        return None
    matters.lock_matter(report_id)
    query = select(Delivery).where(Delivery.id == delivery_id).with_for_update(key_share=True)
    return db.session.scalar(query.execution_options(populate_existing=True))


def _defer(delivery: Delivery, slot: datetime) -> None:
    delivery.state, delivery.next_attempt_at = "queued", slot
    events.record(Kind.DELIVERY_DEFERRED, delivery.report_id, delivery=delivery.id)


def _open(found: Row[Any], account: Account | None, message: OutboundMessage, now: datetime) -> SendOrder:
    attempt_id = attempts.start(found.id, found.account_id, now)
    events.record(Kind.DELIVERY_STARTED, found.report_id, delivery=found.id)
    crashpoint("out.begun")
    return SendOrder(attempt_id, found.id, account, found.channel, message, found.contact_id)


def _outbound(found: Row[Any]) -> OutboundMessage:
    recipient = ""
    if found.contact_id is not None:
        person = Contact(address_kind=found.address_kind, address_key=found.address_key)
        recipient = context.keyring().open(found.address_sealed, person.address_context)
    return OutboundMessage(recipient, found.body, f"delivery-{found.id}", found.in_reply_to)


def settle(attempt_id: int, settlement: Settlement) -> None:
    """Write down how an attempt went. A late answer to an attempt given up as unknown still moves it forward."""
    said = _fitted(settlement)
    found = attempts.lock_to_settle(attempt_id)
    if found is None:
        raise NotFound
    late = not attempts.end(attempt_id, said.outcome, said.provider_id)
    if said.outcome != "accepted" and not late:
        SETTLERS[said.outcome](_fresh(found.id), said)
    elif said.outcome == "accepted" and (found.state == "uncertain" or not late):
        _accepted(found, said)
    if not late:
        crashpoint("out.settling")


def _fitted(said: Settlement) -> Settlement:
    provider_id = fitting.name(said.provider_id) if said.provider_id is not None else None
    return replace(said, provider_id=provider_id, error=fitting.line(said.error, fitting.MOST_NAME))


def _accepted(found: Row[Any], settlement: Settlement) -> None:
    """A name the provider gave to another answer before tells nothing of this one: a person decides."""
    state = "delivered" if settlement.delivered else "sent"
    try:
        with savepoint():
            attempts.accept(found.id, state, settlement.provider_id)
    except IntegrityError:
        if found.state != "uncertain":
            finish(_fresh(found.id), "uncertain", NAMED_BEFORE)
        return
    events.record(Kind(f"delivery.{state}"), found.report_id, delivery=found.id)


def finish(delivery: Delivery, state: str, error: str | None = None) -> None:
    """A locked delivery has come to an end, or to a doubt, in `state`."""
    delivery.state, delivery.last_error, delivery.settled_at = state, error, clock.now()
    delivery.next_attempt_at = None
    events.record(Kind(f"delivery.{state}"), delivery.report_id, delivery=delivery.id)
    if state == "failed":
        matters.reckon(matters.lock(delivery.report_id))


def _rejected(delivery: Delivery, settlement: Settlement) -> None:
    finish(delivery, "failed", settlement.error)


def _unknown(delivery: Delivery, settlement: Settlement) -> None:
    """A repeatable send is tried again; otherwise only a person can know."""
    if settlement.repeatable:
        _again(delivery, settlement)
    else:
        finish(delivery, "uncertain", settlement.error)


def _again(delivery: Delivery, settlement: Settlement) -> None:
    tries = db.session.scalar(select(func.count()).where(DeliveryAttempt.delivery_id == delivery.id)) or 1
    lost = _lost(delivery)
    if lost is not None:
        _call_off(delivery, lost)
        return
    if backoff.exhausted(tries):
        finish(delivery, "failed", settlement.error)
        return
    wait = timedelta(seconds=settlement.after) if settlement.after is not None else backoff.delay(tries)
    delivery.state, delivery.last_error = "queued", settlement.error
    delivery.next_attempt_at = clock.now() + wait
    events.record(Kind.DELIVERY_RETRIED, delivery.report_id, delivery=delivery.id)


def _lost(delivery: Delivery) -> str | None:
    """Why its author may not send it any more: the report is another's now, or the account is."""
    held = db.session.get(Assignment, delivery.assignment_id) if delivery.assignment_id else None
    if held is not None and (held.end_reason in LOST or _closed_by_another(held)):
        return "handed_over"
    account = db.session.get(Account, delivery.account_id) if delivery.account_id else None
    author = db.session.get_one(Message, delivery.message_id).operator_id
    return "account_transferred" if _anothers(account, delivery.purpose, author) else None


def _closed_by_another(held: Assignment) -> bool:
    """Who closes their own report lets their answers go on; of whoever else closed it, the history knows."""
    if held.end_reason != "closed":
        return False
    closed = select(Event.operator_id).where(Event.report_id == held.report_id, Event.kind == Kind.REPORT_CLOSED,
                                             Event.occurred_at >= held.ended_at)
    return db.session.scalar(closed.order_by(Event.seq).limit(1)) != held.operator_id


def _lock_account(delivery: Delivery) -> Account | None:
    number = delivery.account_id
    return db.session.get(Account, number, with_for_update=LOCK, populate_existing=True) if number else None


def _retry(delivery: Delivery, settlement: Settlement) -> None:
    account = _lock_account(delivery)
    if account is not None and settlement.after is not None:
        until = clock.now() + timedelta(seconds=settlement.after)
        account.paused_until = max(until, account.paused_until or until)
    _again(delivery, settlement)


def _troubled(delivery: Delivery, settlement: Settlement) -> None:
    account = _lock_account(delivery)
    if account is not None:
        account.trouble, account.needs_attention = "broken", (settlement.error or "")[:200]
        events.record(Kind.ACCOUNT_TROUBLED, None, None, account=account.id)
    _again(delivery, settlement)


SETTLERS = {"retry": _retry, "rejected": _rejected, "unknown": _unknown,
            "account_problem": _troubled}

def expire_attempts() -> int:
    """End attempts that outlived their time-out as unknown; how many."""
    old = clock.now() - timedelta(seconds=context.settings().attempt_seconds)
    query = select(DeliveryAttempt).join(Delivery, Delivery.id == DeliveryAttempt.delivery_id)
    late = query.where(DeliveryAttempt.finished_at.is_(None), DeliveryAttempt.started_at < old)
    expired = db.session.scalars(late.order_by(Delivery.report_id, DeliveryAttempt.id)).all()  # reports in order
    for attempt in expired:
        settle(attempt.id, Settlement("unknown", error="no answer", repeatable=_repeatable(attempt)))
    return len(expired)


def _repeatable(attempt: DeliveryAttempt) -> bool:
    delivery = db.session.get_one(Delivery, attempt.delivery_id)
    account = db.session.get(Account, attempt.account_id) if attempt.account_id else None
    return account is None or sending.capabilities(delivery.channel, account.provider).idempotent_send
