"""The outbox in two transactions: `begin_attempt` before the network, `settle` after it. States only move forward.

No attempt begins beyond an account's limits, after STOP, or while another is open: the account and the
contact are locked, attempts are counted, and a partial unique index allows one open attempt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from channels.base import DeliveryUpdate, OutboundMessage
from triage import backoff, clock, context, events, fitting, limits
from triage.actions import matters, outbox
from triage.crashpoints import crashpoint
from triage.db import LOCK, db, savepoint
from triage.errors import N_, BadInput, NotFound
from triage.events import Kind
from triage.models import Account, Assignment, Contact, Delivery, DeliveryAttempt, Message, Operator
from triage.models.deliveries import WAITING
from triage.queries import sending
from triage.rights import Right
from triage.sealing import SealBroken

Row = TypeVar("Row", Contact, Account)

PAUSED_RECHECK = timedelta(minutes=5)  # resuming does not wait for it
NAMED_BEFORE = "the provider gave it the name of another answer"
LOST = ("released", "reassigned", "lease", "linked")  # ends of an assignment after which its answers do not go on


@dataclass(frozen=True)
class SendOrder:
    """What a worker must send, outside any transaction."""

    attempt_id: int
    delivery_id: int
    account_id: int | None
    channel: str
    message: OutboundMessage


@dataclass(frozen=True)
class Settlement:
    """How an attempt went: accepted, retry, rejected, unknown or account_problem. `after` is in seconds."""

    outcome: str
    provider_id: str | None = None
    delivered: bool = False
    error: str | None = None
    after: float | None = None
    repeatable: bool = False


def begin_attempt(delivery_id: int) -> SendOrder | None:
    """Open an attempt and say what to send; None where nothing may leave now (not due, running, over a limit)."""
    contact = _lock(Contact, db.session.scalar(select(Delivery.contact_id).where(Delivery.id == delivery_id)))
    delivery = _locked(delivery_id)
    now = clock.now()
    if delivery is None or delivery.state not in WAITING or (delivery.next_attempt_at or now) > now:
        return None
    if contact is not None and contact.opted_out_at is not None and delivery.purpose != "stop_confirmation":
        outbox.cancel(delivery, "opted_out")
        matters.reckon(matters.lock(delivery.report_id))
        return None
    account = _lock(Account, delivery.account_id)
    if _lost(delivery) == "account_transferred":
        outbox.cancel(delivery, "account_transferred")
        matters.reckon(matters.lock(delivery.report_id))
        return None
    slot = _slot(account, now) if account is not None else now
    if slot > now:
        _defer(delivery, slot)
        return None
    try:
        message = _outbound(delivery, contact)
    except SealBroken:
        _finish(delivery, "failed", "the address cannot be opened")
        return None
    return _open(delivery, account, message, now)


def _locked(delivery_id: int) -> Delivery | None:
    """The delivery, behind the lock of its report: the fixed order of locks is contact, report, delivery, account."""
    report_id = db.session.scalar(select(Delivery.report_id).where(Delivery.id == delivery_id))
    if report_id is None:
        return None
    matters.lock_matter(report_id)
    query = select(Delivery).where(Delivery.id == delivery_id).with_for_update(key_share=True)
    return db.session.scalar(query.execution_options(populate_existing=True))


def _lock(model: type[Row], row_id: int | None) -> Row | None:
    if row_id is None:
        return None
    return db.session.get(model, row_id, with_for_update=LOCK, populate_existing=True)


def _slot(account: Account, now: datetime) -> datetime:
    if account.paused_at is not None:
        return now + PAUSED_RECHECK
    return limits.next_slot(max(now, account.paused_until or now), sending.windows(account))


def _defer(delivery: Delivery, slot: datetime) -> None:
    delivery.state, delivery.next_attempt_at = "queued", slot
    events.record(Kind.DELIVERY_DEFERRED, delivery.report_id, delivery=delivery.id)


def _open(delivery: Delivery, account: Account | None, message: OutboundMessage, now: datetime) -> SendOrder:
    attempt = DeliveryAttempt(delivery_id=delivery.id, account_id=account.id if account else None, started_at=now)
    db.session.add(attempt)
    delivery.state, delivery.next_attempt_at = "sending", None
    db.session.flush()
    events.record(Kind.DELIVERY_STARTED, delivery.report_id, delivery=delivery.id)
    crashpoint("out.begun")
    return SendOrder(attempt.id, delivery.id, delivery.account_id, delivery.channel, message)


def _outbound(delivery: Delivery, contact: Contact | None) -> OutboundMessage:
    message = db.session.get_one(Message, delivery.message_id)
    recipient = context.keyring().open(contact.address_sealed, contact.address_context) if contact else ""
    return OutboundMessage(recipient, message.body, f"delivery-{delivery.id}", message.in_reply_to)


def settle(attempt_id: int, settlement: Settlement) -> None:
    """Write down how an attempt went. A late answer to an attempt given up as unknown still moves it forward."""
    settlement = _fitted(settlement)
    delivery_id = db.session.scalar(select(DeliveryAttempt.delivery_id).where(DeliveryAttempt.id == attempt_id))
    if delivery_id is None:
        raise NotFound
    delivery = _locked(delivery_id)
    attempt = db.session.get_one(DeliveryAttempt, attempt_id, populate_existing=True)
    assert delivery is not None  # noqa: S101 - foreign key
    if attempt.finished_at is not None:
        _settle_late(delivery, settlement)
        return
    attempt.finished_at, attempt.outcome = clock.now(), settlement.outcome
    attempt.provider_id = settlement.provider_id
    db.session.flush()
    SETTLERS[settlement.outcome](delivery, settlement)
    crashpoint("out.settling")


def _fitted(said: Settlement) -> Settlement:
    provider_id = fitting.name(said.provider_id) if said.provider_id is not None else None
    return replace(said, provider_id=provider_id, error=fitting.line(said.error, fitting.MOST_NAME))


def _settle_late(delivery: Delivery, settlement: Settlement) -> None:
    if delivery.state == "uncertain" and settlement.outcome == "accepted":
        _accepted(delivery, settlement)


def _accepted(delivery: Delivery, settlement: Settlement) -> None:
    """A name the provider gave to another answer before tells nothing of this one: a person decides."""
    try:
        with savepoint():
            delivery.provider_id = settlement.provider_id
            db.session.flush()
    except IntegrityError:
        if delivery.state != "uncertain":
            _finish(delivery, "uncertain", NAMED_BEFORE)
        return
    _finish(delivery, "delivered" if settlement.delivered else "sent")


def _finish(delivery: Delivery, state: str, error: str | None = None) -> None:
    delivery.state, delivery.last_error, delivery.settled_at = state, error, clock.now()
    delivery.next_attempt_at = None
    events.record(Kind(f"delivery.{state}"), delivery.report_id, delivery=delivery.id)
    if state == "failed":
        matters.reckon(matters.lock(delivery.report_id))


def _rejected(delivery: Delivery, settlement: Settlement) -> None:
    _finish(delivery, "failed", settlement.error)


def _unknown(delivery: Delivery, settlement: Settlement) -> None:
    """A repeatable send is tried again; otherwise only a person can know."""
    if settlement.repeatable:
        _again(delivery, settlement)
    else:
        _finish(delivery, "uncertain", settlement.error)


def _again(delivery: Delivery, settlement: Settlement) -> None:
    tries = db.session.scalar(select(func.count()).where(DeliveryAttempt.delivery_id == delivery.id)) or 1
    lost = _lost(delivery)
    if lost is not None:
        outbox.cancel(delivery, lost)
        matters.reckon(matters.lock(delivery.report_id))
        return
    if backoff.exhausted(tries):
        _finish(delivery, "failed", settlement.error)
        return
    wait = timedelta(seconds=settlement.after) if settlement.after is not None else backoff.delay(tries)
    delivery.state, delivery.last_error = "queued", settlement.error
    delivery.next_attempt_at = clock.now() + wait
    events.record(Kind.DELIVERY_RETRIED, delivery.report_id, delivery=delivery.id)


def _lost(delivery: Delivery) -> str | None:
    """Why its author may not send it any more: the report is another's now, or the account is."""
    held = db.session.get(Assignment, delivery.assignment_id) if delivery.assignment_id else None
    if held is not None and held.end_reason in LOST:
        return "handed_over"
    account = db.session.get(Account, delivery.account_id) if delivery.account_id else None
    own = account is not None and account.operator_id is not None and delivery.purpose == "reply"
    author = db.session.get_one(Message, delivery.message_id).operator_id
    return "account_transferred" if own and account is not None and account.operator_id != author else None


def _retry(delivery: Delivery, settlement: Settlement) -> None:
    account = _lock(Account, delivery.account_id)
    if account is not None and settlement.after is not None:
        until = clock.now() + timedelta(seconds=settlement.after)
        account.paused_until = max(until, account.paused_until or until)
    _again(delivery, settlement)


def _troubled(delivery: Delivery, settlement: Settlement) -> None:
    account = _lock(Account, delivery.account_id)
    if account is not None:
        account.needs_attention = (settlement.error or "")[:200]
        events.record(Kind.ACCOUNT_TROUBLED, None, None, account=account.id)
    _again(delivery, settlement)


SETTLERS = {"accepted": _accepted, "retry": _retry, "rejected": _rejected, "unknown": _unknown,
            "account_problem": _troubled}

RANK = {"sending": 0, "uncertain": 0, "sent": 1, "delivered": 2, "failed": 2}


class NotYet(Exception):
    """A status came for a send whose acceptance is not written down yet: keep it and look again."""


def apply_update(account_id: int | None, update: DeliveryUpdate) -> None:
    """Apply what the provider says later; never backwards. NotYet where the send is unknown so far."""
    query = select(Delivery.id).where(Delivery.account_id == account_id, Delivery.provider_id == update.provider_id)
    delivery = _locked(db.session.scalar(query) or 0)
    if delivery is None:
        raise NotYet
    if RANK.get(update.state, 0) > RANK.get(delivery.state, 2):
        _finish(delivery, update.state, update.error)


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


VERDICTS = ("sent", "again", "failed")


def decide(delivery_id: int, actor: Operator, verdict: str) -> None:
    """A person settles an answer in doubt: it was sent, send it again (it may arrive twice), or give up."""
    delivery = _locked(delivery_id)
    if delivery is None:
        raise NotFound
    report, primary = matters.lock_matter(delivery.report_id, actor)
    if delivery.state not in ("uncertain", "failed") or verdict not in VERDICTS:
        raise BadInput(N_("There is nothing to decide about this answer."), "verdict")
    if not actor.may(Right.STEP_IN):
        matters.require_holder(primary, actor)
    events.record(Kind.DELIVERY_DECIDED, delivery.report_id, actor.id, delivery=delivery.id, verdict=verdict)
    if verdict == "again":
        delivery.state, delivery.next_attempt_at, delivery.settled_at = "queued", clock.now(), None
    else:
        delivery.state = "sent" if verdict == "sent" else "failed"
        delivery.last_error = None if verdict == "sent" else delivery.last_error
    matters.reckon(report)
