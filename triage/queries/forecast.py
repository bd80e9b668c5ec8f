"""When what waits will have left: the sliding windows of an account, run on over its queue.

A forecast takes each message to leave at its first try and nobody to write another one. What only a person can end
(a pause, trouble at the provider, a telephone that has stopped fetching) has no forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple

from sqlalchemy import or_, select

from triage import clock, limits
from triage.db import db
from triage.models import Account, Delivery, DeliveryAttempt
from triage.models.deliveries import WAITING
from triage.queries import asking, sending, slots
from triage.queries.shapes import DeliveryState


class Try(NamedTuple):
    """When an attempt began and ended."""

    begun: datetime
    ended: datetime | None


COUNTED = timedelta(minutes=1)  # so far ahead the seconds are counted until an answer leaves
LATELY = 20  # attempts by which it is judged how long one takes


@dataclass(frozen=True)
class Outlook:
    """What a message waits for, and when it will leave: `at` is None where only a person knows.

    `why`: paused, broken, suspended, silent (its telephone has stopped fetching), failing, asked (the provider wants us
    to wait), ceiling, slot; None: nothing.
    `ahead` is how many messages of the account leave before it.
    """

    at: datetime | None
    why: str | None
    ahead: int


def of_delivery(delivery: Delivery) -> Outlook:
    """What a held or queued delivery waits for."""
    account = db.session.get(Account, delivery.account_id) if delivery.account_id else None
    due = delivery.next_attempt_at or clock.now()
    if account is None:
        return Outlook(due, None, 0)
    return _outlook(account, slots.ahead(account.id, delivery.turn, delivery.id), due)


def of_new(account: Account, operator_id: int | None, *, urgent: bool = False) -> Outlook:
    """What a message would wait for that this author (None: the desk itself) wrote now."""
    turn = slots.turn_for(account, operator_id, urgent=urgent)
    return _outlook(account, slots.ahead(account.id, turn + 1, 0), clock.now())


def state_of(delivery: Delivery, account: str | None, *, mine: bool) -> DeliveryState:
    """How a delivery by the account of this address fares.

    The undo seconds over, it waits as any other; so it does where they will be over long before its slot comes.
    """
    found = DeliveryState(
        id=delivery.id, state=delivery.state, channel=delivery.channel, account=account, sends_at=None,
        settled_at=delivery.settled_at, error=delivery.last_error, mine=mine, by_hand=delivery.by_hand)
    if delivery.state == "uncertain":
        return replace(found, askable=asking.first_look(delivery) is not None, asks_at=delivery.next_attempt_at,
                       asked=0 if delivery.next_attempt_at is not None else asking.asked(delivery))
    if delivery.state not in WAITING:
        return found
    outlook = of_delivery(delivery)
    soon = outlook.at is not None and not _is_ahead(outlook.at - COUNTED)
    held = delivery.state == "held" and soon and _is_ahead(delivery.next_attempt_at)
    return replace(found, state="held" if held else "queued", sends_at=outlook.at, waits_for=outlook.why,
                   ahead=outlook.ahead)


def _is_ahead(moment: datetime | None) -> bool:
    return moment is not None and moment > clock.now()


def leaves_at(delivery: Delivery) -> datetime | None:
    """When a held or queued delivery will leave; None where only a person knows."""
    return of_delivery(delivery).at


def drained_at(account: Account) -> datetime | None:
    """When all that waits for this account will have left; None where only a person knows, or nothing waits."""
    found = moments(account, slots.waiting(account))
    return found[-1] if found else None


def all_drained_at() -> datetime | None:
    """The same for the whole desk: of the accounts that do not wait for a person."""
    waits = select(Delivery.id).where(Delivery.account_id == Account.id, Delivery.state.in_(WAITING)).exists()
    accounts = db.session.scalars(select(Account).where(waits))
    return max((at for at in map(drained_at, accounts) if at is not None), default=None)


def moments(account: Account, most: int) -> Sequence[datetime]:
    """When the next `most` messages of an account may leave; none where it stands still until a person acts."""
    now = clock.now()
    if _person_needed(account, now):
        return []
    recent = _recent(account, now)
    begins = max(now, slots.opens_at(account) or now)
    return limits.schedule(begins, _windows(account, recent, now), most, _takes(recent))


def _person_needed(account: Account, now: datetime) -> str | None:
    """What stands in the way of an account until a person does something; None: nothing."""
    if account.paused_at is not None:
        return "paused"
    return account.trouble or ("silent" if slots.silent_since(account, now) is not None else None)


def _outlook(account: Account, ahead: int, due: datetime) -> Outlook:
    found = moments(account, ahead + 1)
    if not found:
        return Outlook(None, _person_needed(account, clock.now()), ahead)
    return Outlook(max(found[-1], due), _why(account, found[-1], due), ahead)


def _why(account: Account, at: datetime, due: datetime) -> str | None:
    now = clock.now()
    if at <= max(due, now):
        return None
    if account.paused_until is not None and account.paused_until > now:
        return account.paused_why or "asked"
    return "ceiling" if _at_ceiling(account, now) else "slot"


def _at_ceiling(account: Account, now: datetime) -> bool:
    """Whether it is its cost that an account waits for: its windows would let something leave before."""
    if account.ceiling_micros is None or account.next_slot_at is None:
        return False
    return limits.next_slot(now, sending.windows(account)) < account.next_slot_at


def _recent(account: Account, now: datetime) -> Sequence[Try]:
    """The attempts that may still count in a window, the last one to end first."""
    wanted = sending.account_limits(account)
    if not wanted:
        return []
    since = now - timedelta(seconds=max(seconds for _, seconds in wanted))
    ended = DeliveryAttempt.finished_at
    recent = select(DeliveryAttempt.started_at, ended).where(
        DeliveryAttempt.account_id == account.id, or_(ended.is_(None), ended > since))
    recent = recent.order_by(ended.is_not(None), ended.desc()).limit(max(count for count, _ in wanted))
    return [Try(*row) for row in db.session.execute(recent)]


def _windows(account: Account, recent: Sequence[Try], now: datetime) -> list[limits.Past]:
    """What is on its way is taken to arrive now."""
    past = [one.ended or now for one in reversed(recent)]
    return [limits.Past(count, seconds, past) for count, seconds in sending.account_limits(account)]


def _takes(recent: Sequence[Try]) -> timedelta:
    """How long a message was on its way of late, in the middle."""
    ways = [(one.ended - one.begun).total_seconds() for one in recent[:LATELY] if one.ended is not None]
    return timedelta(seconds=median(ways)) if ways else timedelta()
