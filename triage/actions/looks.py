"""A send whose outcome is unknown is asked about at its provider: a few times, then it is a person's turn.

The machine only ever learns here that something was sent; it sends nothing again. What it finds must be one message,
ours beyond doubt: with these words, of no other answer, and with no other answer in doubt that it could be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from channels.base import Found, OutboundMessage
from triage import backoff, clock, context, events, fitting
from triage.actions import doubt
from triage.actions.deliveries import locked
from triage.db import db, savepoint
from triage.events import Kind
from triage.models import Account, Contact, Delivery, DeliveryAttempt, Message
from triage.sealing import SealBroken

LEASE = timedelta(seconds=60)  # should we die while we ask, somebody asks again then
AROUND = timedelta(minutes=15)  # what left so shortly before or after may be what is found: clocks differ


@dataclass(frozen=True)
class Question:
    """What to ask about: the answer in doubt as it was sent, by which account, from when to when."""

    delivery_id: int
    account: Account
    message: OutboundMessage
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Learnt:
    """What the provider said. `found` None: it could not be asked, for `error`, and wants `after` seconds' patience."""

    found: Sequence[Found] | None
    error: str | None = None
    after: float | None = None


def begin(delivery_id: int) -> Question | None:
    """Say that we ask about an answer in doubt now. None where it is not time, or there is nothing to ask with."""
    delivery = locked(delivery_id)
    now = clock.now()
    if delivery is None or delivery.state != "uncertain" or (delivery.next_attempt_at or now) > now:
        return None
    if delivery.next_attempt_at is None or delivery.account_id is None:
        return None
    account = db.session.get_one(Account, delivery.account_id)
    try:
        message = _as_sent(delivery)
    except SealBroken:
        delivery.next_attempt_at = None
        return None
    delivery.next_attempt_at = now + LEASE
    question = Question(delivery.id, account, message, _since(delivery), now)
    db.session.flush()
    db.session.expunge(account)
    return question


def _as_sent(delivery: Delivery) -> OutboundMessage:
    recipient = ""
    if delivery.contact_id is not None:
        person = db.session.get_one(Contact, delivery.contact_id)
        recipient = context.keyring().open(person.address_sealed, person.address_context)
    message = db.session.get_one(Message, delivery.message_id)
    return OutboundMessage(recipient, message.body, f"delivery-{delivery.id}", message.in_reply_to)


def _since(delivery: Delivery) -> datetime:
    """The first try nobody knows the end of; of a desk that came back from a copy, since there was an answer."""
    unknown = select(DeliveryAttempt.started_at).where(
        DeliveryAttempt.delivery_id == delivery.id, DeliveryAttempt.outcome == "unknown")
    first = db.session.scalar(unknown.order_by(DeliveryAttempt.id).limit(1))
    return first or delivery.created_at


def _taken(delivery: Delivery) -> set[str]:
    """The provider's names of other answers to the same person."""
    others = select(Delivery.provider_id).where(
        Delivery.account_id == delivery.account_id, Delivery.contact_id == delivery.contact_id,
        Delivery.id != delivery.id, Delivery.provider_id.is_not(None))
    return {str(name) for name in db.session.scalars(others)}


def settle(question: Question, learnt: Learnt) -> str | None:
    """Write down what was learnt: the provider's name of the answer where it was sent, else None.

    Nothing happens where the answer is in doubt no longer.
    """
    delivery = locked(question.delivery_id)
    if delivery is None or delivery.state != "uncertain":
        return None
    if learnt.found is None:
        _silent(delivery, learnt)
        return None
    taken = _taken(delivery)
    left = [one for one in learnt.found if one.provider_id not in taken]
    ours = _ours(delivery, left, question.since)
    if ours is None:
        _look_again(delivery, backoff.next_look(_doubted(delivery)))
        _note(delivery, "several" if left else "absent")
    return ours


def _ours(delivery: Delivery, left: Sequence[Found], since: datetime) -> str | None:
    """The one message that is this answer beyond doubt, recognised; None where there is none, or it may be another."""
    if len(left) != 1 or not left[0].same_text or _rivals(delivery, since):
        return None
    name = fitting.name(left[0].provider_id)
    return name if _recognised(delivery, name) else None


def _doubted(delivery: Delivery) -> timedelta:
    return clock.now() - (delivery.settled_at or delivery.created_at)


def _look_again(delivery: Delivery, wait: timedelta | None) -> None:
    delivery.next_attempt_at = clock.now() + wait if wait is not None else None


def _note(delivery: Delivery, verdict: str) -> None:
    events.record(Kind.DELIVERY_ASKED, delivery.report_id, None, delivery=delivery.id, verdict=verdict)


def _silent(delivery: Delivery, learnt: Learnt) -> None:
    wait = backoff.next_look(_doubted(delivery), silent=True)
    if wait is not None and learnt.after is not None:
        wait = max(wait, timedelta(seconds=learnt.after))
    _look_again(delivery, wait)
    if delivery.last_error != learnt.error:  # said once, not at every look
        delivery.last_error = fitting.line(learnt.error, fitting.MOST_NAME)
        _note(delivery, "silent")


def _recognised(delivery: Delivery, provider_id: str) -> bool:
    """It was sent, under this name; False where another answer has that name."""
    try:
        with savepoint():
            doubt.recognise(delivery, provider_id)
            db.session.flush()
    except IntegrityError:
        db.session.refresh(delivery)
        return False
    return True


def _rivals(delivery: Delivery, since: datetime) -> bool:
    """Whether the desk sent the same words to the same person about then in another answer, and knows no name of it."""
    tried = select(DeliveryAttempt.delivery_id).where(
        DeliveryAttempt.started_at > since - AROUND, DeliveryAttempt.outcome.is_(None)
        | (DeliveryAttempt.outcome == "unknown"))
    others = select(Message.body).join(Delivery, Delivery.message_id == Message.id).where(
        Delivery.account_id == delivery.account_id, Delivery.contact_id == delivery.contact_id,
        Delivery.id != delivery.id, Delivery.provider_id.is_(None), Delivery.id.in_(tried))
    own = db.session.get_one(Message, delivery.message_id).body.split()
    return any(body.split() == own for body in db.session.scalars(others))
