"""The outbox in two transactions: `begin_attempt` before the network, `settle` after it. States only move forward.

No attempt begins beyond an account's limits, out of its turn, after STOP, or while another is open: the account
and the contact are locked, attempts are counted, and a partial unique index allows one open attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.exc import IntegrityError

from channels.base import OutboundMessage
from triage import backoff, clock, context, events
from triage.actions import attempts, endings, faring, matters, turns
from triage.actions.endings import finish as finish
from triage.actions.orders import SendOrder as SendOrder
from triage.actions.orders import Settlement as Settlement
from triage.crashpoints import crashpoint
from triage.db import db, is_postgresql, savepoint
from triage.errors import NotFound
from triage.events import Kind
from triage.models import Account, Contact, Delivery, DeliveryAttempt
from triage.models.deliveries import WAITING
from triage.queries import sending, slots
from triage.sealing import SealBroken

NAMED_BEFORE = "the provider gave it the name of another answer"
ANSWERED = ("accepted", "rejected")  # the provider works
AFTER_OTHERS = timedelta(seconds=5)  # if it was this message and not its account, another one shows it first


def begin_for(account_id: int, most: int) -> list[SendOrder]:
    """Begin up to `most` messages in the order of the queue, within the limits, for the telephone that fetches them.
    """
    numbers = slots.first_due(account_id, most, clock.now())
    _lock_all(numbers)
    found = (begin_attempt(number, collecting=True) for number in numbers)
    return [order for order in found if order is not None]


def _lock_all(numbers: Sequence[int]) -> None:
    """Of several attempts in one transaction every person is locked before any report, as for a single one."""
    query = select(Delivery.contact_id, Delivery.report_id).where(Delivery.id.in_(numbers))
    whom = db.session.execute(query).all()
    people = select(Contact.id).where(Contact.id.in_({one.contact_id for one in whom})).order_by(Contact.id)
    db.session.execute(people.with_for_update(key_share=True))
    matters.lock_all({one.report_id for one in whom})
    rows = select(Delivery.id).where(Delivery.id.in_(numbers)).order_by(Delivery.id)
    db.session.execute(rows.with_for_update(key_share=True))


def begin_attempt(delivery_id: int, *, collecting: bool = False) -> SendOrder | None:
    """Open an attempt and say what to send; None where nothing may leave now.

    It is not due, running, not its turn, over a limit or the stop level; or its account stands still. `collecting`:
    the telephone of the account fetches it, and nobody else may begin what leaves so.
    """
    found = attempts.lock_to_begin(delivery_id)
    now = clock.now()
    if found is None or found.state not in WAITING or (found.next_attempt_at or now) > now:
        return None
    account = attempts.sender(found)
    if _ended(found, account):
        return None
    message = _outbound(found)
    turn = turns.may_begin(found, account, message.recipient if message else "", now, collecting=collecting)
    if turn is None:
        _wait(found)
        return None
    if message is None:
        endings.finish(endings.fresh(found.id), "failed", "the address cannot be opened")
        return None
    return _begin(found, account, message, now, turn, alone=not collecting)


def _begin(found: Row[Any], account: Account | None, message: OutboundMessage, now: datetime, turn: turns.Turn, *,
           alone: bool) -> SendOrder | None:
    """Open the attempt. `alone`: nothing else happens in this transaction."""
    cost, moved = None, None
    if account is not None:
        cost = turn.price * found.segments if turn.price is not None else None
        if not turns.may_cost(account, cost, now):
            _wait(found)
            return None
        moved = turns.moved(found, account, now, turn.after)
    start = attempts.start_at_once if alone and is_postgresql() else attempts.start
    attempt_id = start(found, now, cost, moved)
    crashpoint("out.begun")
    return SendOrder(attempt_id, found.id, account, found.channel, message, found.contact_id)


def _ended(found: Row[Any], account: Account | None) -> bool:
    """Whether it may not leave any more, which is its end then."""
    refused = _refused(found, account)
    if refused is not None:
        endings.call_off(endings.fresh(found.id), refused)
    elif account is not None and _too_late(account, found.contact_id):
        endings.too_late(endings.fresh(found.id))
    else:
        return False
    return True


def _too_late(account: Account, person: int | None) -> bool:
    closes = sending.window_closes(account, person)
    return closes is not None and closes <= clock.now()


def _refused(found: Row[Any], account: Account | None) -> str | None:
    """Why it may not leave by this account: what was accepted under a rule goes on under it, as long as the account
    may still send, and for who wrote it or held the report.
    """
    if found.opted_out_at is not None and found.purpose != "stop_confirmation":
        return "opted_out"
    if account is not None and not account.can_send:
        return "account_receives_only"
    allowed = (found.author_id, found.holder_id)
    return "account_transferred" if endings.anothers(account, found.purpose, allowed) else None


def locked(delivery_id: int) -> Delivery | None:
    """The delivery, behind the lock of its report: the fixed order of locks is contact, report, delivery, account."""
    report_id = db.session.scalar(select(Delivery.report_id).where(Delivery.id == delivery_id))
    if report_id is None:
        return None
    matters.lock_matter(report_id)
    query = select(Delivery).where(Delivery.id == delivery_id).with_for_update(key_share=True)
    return db.session.scalar(query.execution_options(populate_existing=True))


def _wait(found: Row[Any]) -> None:
    """It keeps its place in the queue. Only the end of the undo seconds is written down, once."""
    if found.state == "held":
        endings.fresh(found.id).state = "queued"
        events.record(Kind.DELIVERY_DEFERRED, found.report_id, delivery=found.id)


def _outbound(found: Row[Any]) -> OutboundMessage | None:
    """What would leave; None where the address it goes to cannot be opened."""
    recipient = ""
    if found.contact_id is not None:
        bound_to = Contact.context_of(found.address_kind, found.address_key)
        try:
            recipient = context.keyring().open(found.address_sealed, bound_to)
        except SealBroken:
            return None
    return OutboundMessage(recipient, found.body, f"delivery-{found.id}", found.in_reply_to)


def settle(attempt_id: int, settlement: Settlement) -> None:
    """Write down how an attempt went. A late answer to an attempt given up as unknown still moves it forward."""
    said = settlement.fitted()
    found = attempts.lock_to_settle(attempt_id)
    if found is None:
        raise NotFound
    late = not attempts.end(attempt_id, said)
    if said.outcome != "accepted" and not late:
        SETTLERS[said.outcome](endings.fresh(found.id), said)
    elif said.outcome == "accepted" and (found.state == "uncertain" or not late):
        _accepted(found, said)
    if said.outcome in ANSWERED and (found.trouble is not None or found.paused_why == "failing"):
        faring.recovered(found.account_id, found.started_at, accepted=said.outcome == "accepted")
    if not late:
        crashpoint("out.settling")


def _accepted(found: Row[Any], settlement: Settlement) -> None:
    """A name the provider gave to another answer before tells nothing of this one: a person decides."""
    try:
        with savepoint():
            attempts.accept(found.id, settlement.state, settlement.provider_id)
    except IntegrityError:
        if found.state != "uncertain":
            endings.finish(endings.fresh(found.id), "uncertain", NAMED_BEFORE)
        return
    events.record(Kind(f"delivery.{settlement.state}"), found.report_id, delivery=found.id)


def _rejected(delivery: Delivery, settlement: Settlement) -> None:
    endings.finish(delivery, "failed", settlement.error)


def _unknown(delivery: Delivery, settlement: Settlement) -> None:
    """A repeatable send is tried again; otherwise only a person can know."""
    account = _of_account(delivery, settlement)
    if settlement.repeatable:
        _again(delivery, settlement, account)
    else:
        endings.finish(delivery, "uncertain", settlement.error)


def _retry(delivery: Delivery, settlement: Settlement) -> None:
    """What the provider wants later waits for its account, in its place, and is not tried out."""
    if settlement.after is None:
        _again(delivery, settlement, _of_account(delivery, settlement))
        return
    account = faring.lock(delivery.account_id)
    if account is not None:
        faring.note(account, settlement.error)
        faring.asked_to_wait(account, settlement.after)
    endings.back(delivery, settlement.error, timedelta(seconds=0 if account is not None else settlement.after))


def _of_account(delivery: Delivery, settlement: Settlement) -> Account | None:
    """The account, locked, where it is what failed: the failure is held against it."""
    account = faring.lock(delivery.account_id) if not settlement.ours else None
    if account is not None:
        faring.note(account, settlement.error)
        faring.judge(account)
    return account


def _troubled(delivery: Delivery, settlement: Settlement) -> None:
    """Its account's trouble uses up none of its tries: it waits, and another message is the next to try."""
    account = faring.lock(delivery.account_id)
    if account is None:
        _again(delivery, settlement, None)
        return
    faring.note(account, settlement.error)
    if faring.well_since(account.id, delivery.id):
        _again(delivery, settlement, None)
        return
    faring.trouble(account, "suspended" if settlement.suspended else "broken", settlement.error)
    endings.back(delivery, settlement.error, slots.PROBE_EVERY + AFTER_OTHERS)


def _again(delivery: Delivery, settlement: Settlement, account: Account | None) -> None:
    """Later, and after too many tries not any more; where the whole account fails that is not held against it."""
    tries = db.session.scalar(select(func.count()).where(DeliveryAttempt.delivery_id == delivery.id)) or 1
    failing = account is not None and account.paused_why == "failing"
    if backoff.exhausted(tries) and not failing and endings.lost(delivery) is None:
        endings.finish(delivery, "failed", settlement.error)
    else:
        endings.back(delivery, settlement.error, backoff.delay(tries))


SETTLERS = {"retry": _retry, "rejected": _rejected, "unknown": _unknown,
            "account_problem": _troubled}


def expire_attempts() -> int:
    """End attempts that outlived their time-out as unknown; how many."""
    old = clock.now() - timedelta(seconds=context.settings().attempt_seconds)
    query = select(DeliveryAttempt, Delivery.report_id).join(Delivery, Delivery.id == DeliveryAttempt.delivery_id)
    late = query.where(DeliveryAttempt.finished_at.is_(None), DeliveryAttempt.started_at < old)
    expired = db.session.execute(late.order_by(DeliveryAttempt.id)).all()
    matters.lock_all({report_id for _, report_id in expired})
    for attempt, _ in expired:
        settle(attempt.id, Settlement("unknown", error="no answer", repeatable=_repeatable(attempt), ours=True))
    return len(expired)


def _repeatable(attempt: DeliveryAttempt) -> bool:
    delivery = db.session.get_one(Delivery, attempt.delivery_id)
    account = db.session.get(Account, attempt.account_id) if attempt.account_id else None
    return account is None or sending.capabilities(delivery.channel, account.provider).idempotent_send
