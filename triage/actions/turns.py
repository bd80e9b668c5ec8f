"""Whose turn it is: the place of a message in its account's queue, and whether it may take a slot now.

The account is locked by who begins an attempt. What may not leave yet is not written to: the queue keeps its order
by itself, and the account says when somebody has to look again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, update

from triage import addresses
from triage.actions import attempts, costing
from triage.db import BigKey, UtcDateTime
from triage.models import Account
from triage.queries import costs, sending, slots
from triage.queries.slots import ACCOUNTS
from triage.statements import execute

PROBE = timedelta(seconds=60)  # how long one message may take to show that a failing account works again
ONE = bindparam("account", type_=BigKey)
WAITS = update(ACCOUNTS).where(ACCOUNTS.c.id == ONE).values(next_slot_at=bindparam("to_next", type_=UtcDateTime))


class Turn(NamedTuple):
    """A message may leave now: from when on one more may, and what a part of it costs (None: nobody said)."""

    after: datetime
    price: int | None


def may_begin(
    found: Row[Any], account: Account | None, recipient: str, now: datetime, *, collecting: bool,
) -> Turn | None:
    """The turn of this due message of a locked account (None: it needs none); None: it may not leave now.

    Where nothing may, the account remembers until when. `collecting`: a telephone fetches its messages; where one
    does nothing leaves in another way.
    """
    if account is None:
        return Turn(now, None)
    if slots.collected(account) != collecting or account.paused_at is not None:
        return None
    if (slots.opens_at(account) or now) > now:
        return None
    most, region = _most(account), addresses.region(recipient)
    if most is None:
        return Turn(now, costs.price_of(account.channel, account.provider, region))
    room = attempts.room(account, found, now, most, region)
    if room.ahead >= most:
        return None
    if room.own > now and not room.ahead:
        _wait(account, room.own)
    return Turn(room.after, room.price) if room.own <= now else None


def _most(account: Account) -> int | None:
    """How many messages could leave at once at the best; None: as many as there are."""
    if slots.probing(account):
        return 1
    return min((count for count, _ in sending.account_limits(account)), default=None)


def may_cost(account: Account, cost: int | None, now: datetime) -> bool:
    """Whether a locked account may spend so much now; else it remembers when it may."""
    at = costing.affordable_at(account, cost, now)
    if at > now:
        _wait(account, at)
    return at <= now


def _wait(account: Account, until: datetime) -> None:
    execute(WAITS, {"account": account.id, "to_next": until})


def moved(found: Row[Any], account: Account, now: datetime, after: datetime) -> attempts.Moved | None:
    """How the queue of a locked account moves on as this message begins to leave, and the next may from `after` on.

    None where it stays as it is.
    """
    if slots.probing(account):
        after = max(after, now + PROBE)
    to = {"to_turn": max(account.turn, found.turn), "to_next": after if after > now else None,
          "to_troubled": now if account.trouble else account.troubled_at}
    stays = (account.turn, account.next_slot_at, account.troubled_at) == tuple(to.values())
    return None if stays else {"account": account.id, **to}
