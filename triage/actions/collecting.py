"""A telephone fetches what it shall send: handed over as attempts begun, and settled when it says that it has them.

Each message has a name that nobody can guess and that is given out once, with its attempt. Whoever shows it was given
it, and is told whether the message is still theirs to send: it is not once a person has decided that it was not sent.
Who says nothing in time leaves an answer in doubt, as any attempt without an outcome does; no machine resends it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple, cast

from sqlalchemy import Table, bindparam, or_, update

from triage import clock, context
from triage.actions import deliveries
from triage.actions.deliveries import Settlement
from triage.db import BigKey, UtcDateTime, db
from triage.errors import NotFound
from triage.models import Account, Delivery
from triage.statements import execute

NAME = re.compile(r"delivery-([1-9][0-9]{0,17})\.([1-9][0-9]{0,17})\.([0-9a-f]{32})")
SEEN_EVERY = timedelta(minutes=1)
ACCOUNTS = cast(Table, Account.__table__)
SEEN = update(ACCOUNTS).where(
    ACCOUNTS.c.id == bindparam("number", type_=BigKey),
    or_(ACCOUNTS.c.polled_at.is_(None), ACCOUNTS.c.polled_at < bindparam("before", type_=UtcDateTime)),
).values(polled_at=bindparam("now", type_=UtcDateTime))


class Asker(NamedTuple):
    """A telephone that fetches: of which account, and how many messages it takes at a time."""

    account_id: int
    most: int


class Handed(NamedTuple):
    """One message for the telephone: its name for ever, to whom, and the words."""

    name: str
    recipient: str
    text: str


class Shown(NamedTuple):
    """A name that a telephone of an account shows: it has that message."""

    account_id: int
    name: str


def hand_over(askers: Sequence[Asker]) -> list[list[Handed]]:
    """What each telephone shall send, within its account's limits: an attempt begins with each message."""
    return [_begin(asker) for asker in askers]


def confirm(shown: Sequence[Shown]) -> list[bool]:
    """Settle what telephones say they have; of each whether it is theirs to send. Asked again, the answer is the same.

    A name that is none, or was given to another account, settles nothing.
    """
    known = {one: _confirm(one) for one in sorted(set(shown))}
    return [known[one] for one in shown]


def genuine(account_id: int, name: str) -> bool:
    """Whether the desk has given this name to a telephone of this account."""
    found = NAME.fullmatch(name)
    return found is not None and hmac.compare_digest(_name(account_id, int(found[1]), int(found[2])), name)


def _begin(asker: Asker) -> list[Handed]:
    orders = deliveries.begin_for(asker.account_id, asker.most)
    now = clock.now()
    execute(SEEN, {"number": asker.account_id, "now": now, "before": now - SEEN_EVERY})
    return [Handed(_name(asker.account_id, order.delivery_id, order.attempt_id), order.message.recipient,
                   order.message.text) for order in orders]


def _confirm(shown: Shown) -> bool:
    found = NAME.fullmatch(shown.name)
    if found is None or not genuine(*shown):
        return False
    try:
        deliveries.settle(int(found[2]), Settlement("accepted", provider_id=shown.name))
    except NotFound:
        return False
    delivery = db.session.get_one(Delivery, int(found[1]), populate_existing=True)
    return delivery.state == "sent" and delivery.provider_id == shown.name


def _name(account_id: int, delivery_id: int, attempt_id: int) -> str:
    """Begins with our own name of the message, by which a report of the telephone is known in any case."""
    mark = context.keyring().blind("handed", f"{account_id}:{delivery_id}:{attempt_id}")
    return f"delivery-{delivery_id}.{attempt_id}.{mark[:32]}"
