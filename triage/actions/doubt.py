"""What is learnt of an answer after its attempt: a provider's later word, and a person's where nobody else can know."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select

from channels.base import DeliveryUpdate
from triage import clock, events
from triage.actions import contacts, matters
from triage.actions.deliveries import finish, locked
from triage.db import db
from triage.errors import N_, BadInput, NotFound
from triage.events import Kind
from triage.models import Delivery, Operator
from triage.queries import asking

RANK = {"sending": 0, "uncertain": 0, "sent": 1, "delivered": 2, "failed": 2}
GIVEN_UP = ("held", "queued", "uncertain", "failed", "cancelled")  # of what had an attempt: nobody saw it succeed
REFERENCE = re.compile(r"delivery-([1-9][0-9]{0,17})")
VERDICTS = ("sent", "again", "failed", "check")


class NotYet(Exception):
    """What was said can be understood only later: keep it and look again, at `at` where that is known."""

    def __init__(self, at: datetime | None = None) -> None:
        super().__init__()
        self.at = at


def apply_update(account_id: int | None, update: DeliveryUpdate) -> None:
    """Apply what the provider says later; never backwards. NotYet where the send is unknown so far.

    A send whose answer was lost is known by the reference that we gave it: it was taken, and is not sent again.
    """
    number = _named(account_id, update) or 0
    if update.opted_out:
        _stopped(number, account_id)
    delivery = locked(number)
    if delivery is None or (delivery.state == "sending" and delivery.provider_id is None):
        raise NotYet
    recognise(delivery, update.provider_id)
    if goes_on(delivery.state, update.state):
        finish(delivery, update.state, update.error)


def goes_on(state: str | None, told: str) -> bool:
    """Whether what the provider tells is news of something in this state, and no step back. None: no such thing."""
    return state is not None and RANK.get(told, 0) > RANK.get(state, 2)


def _named(account_id: int | None, update: DeliveryUpdate) -> int | None:
    """The delivery of an update, by the provider's name of it, else by ours."""
    ours = select(Delivery.id).where(Delivery.account_id == account_id)
    found = db.session.scalar(ours.where(Delivery.provider_id == update.provider_id))
    known = REFERENCE.fullmatch(update.reference or "")
    if found is not None or known is None:
        return found
    return db.session.scalar(ours.where(Delivery.id == int(known[1])))


def _stopped(delivery_id: int, account_id: int | None) -> None:
    """People are locked before their reports."""
    contact_id = db.session.scalar(select(Delivery.contact_id).where(Delivery.id == delivery_id))
    if contact_id is not None:
        contacts.told_stop(contact_id, account_id)


def recognise(delivery: Delivery, provider_id: str) -> None:
    """The provider has taken it after all: what waited to be sent again, was in doubt or given up, has been sent."""
    if delivery.provider_id is None:
        delivery.provider_id = provider_id
        if delivery.state in GIVEN_UP:
            finish(delivery, "sent")


def decide(delivery_id: int, actor: Operator, verdict: str) -> None:
    """A person settles an answer in doubt: it was sent, send it again (it may arrive twice), or give up.

    Or they have the provider asked about it now (`check`), where it can be.
    """
    delivery = locked(delivery_id)
    if delivery is None:
        raise NotFound
    report, primary = matters.lock_matter(delivery.report_id, actor)
    if delivery.state not in ("uncertain", "failed") or verdict not in VERDICTS or not _may_be(delivery, verdict):
        raise BadInput(N_("There is nothing to decide about this answer."), "verdict")
    matters.require_charge(primary, actor)
    events.record(Kind.DELIVERY_DECIDED, delivery.report_id, actor.id, delivery=delivery.id, verdict=verdict)
    if verdict == "check":
        delivery.next_attempt_at = clock.now()
        return
    if verdict == "again":
        delivery.state, delivery.next_attempt_at, delivery.settled_at = "queued", clock.now(), None
    else:
        delivery.state, delivery.next_attempt_at = "sent" if verdict == "sent" else "failed", None
        delivery.last_error = None if verdict == "sent" else delivery.last_error
    matters.reckon(report)


def _may_be(delivery: Delivery, verdict: str) -> bool:
    return verdict != "check" or asking.first_look(delivery) is not None
