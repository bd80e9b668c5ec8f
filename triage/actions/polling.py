"""Accounts whose provider is asked: whose turn it is, and what was found, taken in with the cursor behind it.

`polling_until` says that somebody asks just now, or that nobody shall for a while. It saves requests and guards
nothing: should two ask at once, each item is kept once by its name, and the cursor moves only from where the
asking began.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from channels.base import DeliveryUpdate
from triage import clock, connections
from triage.actions import doubt, faring, ingest, items, journal
from triage.actions.items import Item
from triage.actions.journal import Arrival
from triage.db import db
from triage.models import Account
from triage.queries import asking

LEASE = timedelta(seconds=120)  # who has asked for longer has died, or somebody may ask beside them
SHORTEST, LONGEST = timedelta(seconds=5), timedelta(seconds=120)  # until a provider that failed is asked again
BROKEN = timedelta(minutes=5)  # until one is asked again that a person must mend


def begin(account_id: int, every: timedelta) -> Account | None:
    """Say that we ask for this account now; a plain value of it. None where it was asked less than `every` ago, or
    somebody is at it.
    """
    account = faring.lock(account_id)
    if account is None or not asking.is_due(account, clock.now(), every):
        return None
    account.polling_until = clock.now() + LEASE
    db.session.flush()
    db.session.expunge(account)  # nothing that happens to it while its provider is asked concerns the asking
    return account


def arrivals(account: Account, found: Sequence[Item]) -> list[Arrival]:
    """What of all that was found is news, as the journal keeps it; most was brought already.

    A message has the name its webhook gives it, so that it is one item whoever brings it. A status has its own: it
    lacks the reference of a callback, which may tell more.
    """
    names = [one.provider_id for one in found if isinstance(one, DeliveryUpdate)]
    states = asking.states(account.id, names)
    each = [_arrival(account, one) for one in found
            if not isinstance(one, DeliveryUpdate) or doubt.goes_on(states.get(one.provider_id), one.state)]
    keys = [journal.own_key(one) for one in each]
    kept = asking.kept(keys)
    return [one for one, key in zip(each, keys, strict=True) if key not in kept]


def _arrival(account: Account, item: Item) -> Arrival:
    name = f"{item.provider_id}:{item.state}" if isinstance(item, DeliveryUpdate) else item.external_id
    hook = connections.hook(account.channel, account.provider)
    return Arrival(account.provider, hook, name, items.packed(item), own=True)


def finish(asked: Account, news: Sequence[Arrival], cursor: str | None) -> None:
    """Take in what was found and move the cursor, unless somebody who began at the same place has moved it."""
    ingest.take_in(news)
    account = faring.lock(asked.id)
    if account is None:
        return
    account.polling_until = None
    if account.cursor == asked.cursor:
        account.cursor, account.polled_at = cursor, clock.now()
    if not account.can_send:  # it can do no more than be asked, and that works
        account.trouble = account.troubled_at = account.needs_attention = None


def put_off(asked: Account, error: str, after: float | None = None) -> None:
    """The provider could not be asked: again after so many seconds, or the later the longer it has been silent."""
    account = faring.lock(asked.id)
    if account is None:
        return
    now = clock.now()
    silent = now - (account.polled_at or account.created_at)
    wait = timedelta(seconds=after) if after is not None else min(max(silent / 2, SHORTEST), LONGEST)
    account.polling_until = now + wait
    faring.note(account, error)


def troubled(asked: Account, reason: str) -> None:
    """The account itself is the reason: a person must mend it, and sees that."""
    account = faring.lock(asked.id)
    if account is None:
        return
    account.polling_until = clock.now() + BROKEN
    faring.note(account, reason)
    faring.trouble(account, "broken", reason)
