"""Files that wait: who fetches which, and what came of it. The fetching itself is the worker's (workers/media.py).

A file is leased by its `due_at`: who takes it sets that ahead, so nobody else takes it, and should they die it is due
again. `tries` is the fence: what comes of a lease that was given to somebody else since is not written down.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import select

from triage import backoff, clock, context, events
from triage.db import db
from triage.events import Kind
from triage.models import Account, Attachment, Message
from triage.storing import Stored

LEASE = timedelta(minutes=5)  # longer than any fetch and any look at what was fetched
GIVE_UP = timedelta(hours=24)
MENDED = 15 * 60.0  # seconds after which a file is asked for again whose account is in trouble


@dataclass(frozen=True)
class Order:
    """One file to fetch: where it lies, by which account, and the fence."""

    number: int
    tries: int
    source: Mapping[str, object]
    account: Account | None


def take() -> Order | None:
    """Lease the file that has waited longest, if one is due."""
    due = (select(Attachment).where(Attachment.state == "waiting", Attachment.due_at <= clock.now())
           .order_by(Attachment.due_at, Attachment.id).limit(1).with_for_update(skip_locked=True))
    found = db.session.scalar(due.execution_options(populate_existing=True))
    if found is None:
        return None
    found.due_at = clock.now() + LEASE
    found.tries += 1
    assert found.source_sealed is not None  # noqa: S101 - whatever waits says where it lies
    source = json.loads(context.keyring().open(found.source_sealed, found.source_context))
    return Order(found.id, found.tries, source, _account(found.message_id))


def _account(message_id: int) -> Account | None:
    """The account it came to, a plain value that no session watches over."""
    number = db.session.scalar(select(Message.account_id).where(Message.id == message_id))
    account = db.session.get(Account, number) if number is not None else None
    if account is not None:
        db.session.flush()
        db.session.expunge(account)
    return account


def keep(order: Order, stored: Stored) -> bool:
    """It is here. False where somebody else had the lease since: then their file stands, and ours is to be removed."""
    found = _ours(order)
    if found is None:
        return False
    values = {name: value for name, value in asdict(stored).items() if value or name not in ("filename", "description")}
    for name, value in values.items():
        setattr(found, name, value)
    _settle(found, "kept", None)
    return True


def refuse(order: Order, why: str) -> None:
    """It is not kept, now or later; `why` is a word that the page has a sentence for."""
    found = _ours(order)
    if found is not None:
        _settle(found, "refused", why)


def put_off(order: Order, *, after: float | None = None, patient: bool = False) -> None:
    """It could not be had now: again after some seconds. After a day it is gone, unless we are `patient` with it."""
    found = _ours(order)
    if found is None:
        return
    if not patient and clock.now() - found.created_at > GIVE_UP:
        _settle(found, "gone", "gone")
        return
    delay = backoff.delay(order.tries) if after is None else timedelta(seconds=after)
    found.due_at = clock.now() + delay


def _ours(order: Order) -> Attachment | None:
    mine = select(Attachment).where(Attachment.id == order.number, Attachment.state == "waiting",
                                    Attachment.tries == order.tries)
    return db.session.scalar(mine.with_for_update().execution_options(populate_existing=True))


def _settle(found: Attachment, state: str, why: str | None) -> None:
    found.state, found.error, found.due_at = state, why, None
    report_id = db.session.scalar(select(Message.report_id).where(Message.id == found.message_id))
    events.record(Kind.FILE_SETTLED, report_id, None, file=found.id, state=state)
