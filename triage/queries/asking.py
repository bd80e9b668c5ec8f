"""What providers shall be asked now: accounts for what has come, and answers in doubt for what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from triage import backoff, clock
from triage.db import db
from triage.events import Kind
from triage.models import Account, Delivery, Event, InboundItem
from triage.queries import sending

AT_ONCE = 500  # names in one question: databases have a limit


def accounts_due(every: timedelta) -> list[Account]:
    """Accounts that nobody asks for just now, and nobody has for so long; whether they can be is not known here."""
    now = clock.now()
    query = select(Account).order_by(Account.polled_at.is_not(None), Account.polled_at, Account.id)
    return [account for account in db.session.scalars(query) if is_due(account, now, every)]


def is_due(account: Account, now: datetime, every: timedelta) -> bool:
    """Whether it is the turn of an account: it was asked for `every` ago, and nobody is at it or shall wait."""
    free = account.polling_until is None or account.polling_until <= now
    return free and (account.polled_at is None or account.polled_at <= now - every)


def kept(keys: Sequence[str]) -> set[str]:
    """Those names under which the journal has an item already."""
    found: set[str] = set()
    for some in _slices(keys):
        found.update(db.session.scalars(select(InboundItem.external_key).where(InboundItem.external_key.in_(some))))
    return found


def states(account_id: int, provider_ids: Sequence[str]) -> Mapping[str, str]:
    """The states of what left by an account, by the provider's names; what the desk does not know is left out."""
    found: dict[str, str] = {}
    for some in _slices(provider_ids):
        rows = select(Delivery.provider_id, Delivery.state).where(
            Delivery.account_id == account_id, Delivery.provider_id.in_(some))
        found.update({str(name): state for name, state in db.session.execute(rows)})
    return found


def _slices(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[first:first + AT_ONCE] for first in range(0, len(names), AT_ONCE))


def doubts_due(limit: int = 100) -> list[int]:
    """Answers in doubt that their provider shall be asked about now, longest due first."""
    query = select(Delivery.id).where(Delivery.state == "uncertain", Delivery.next_attempt_at <= clock.now())
    return list(db.session.scalars(query.order_by(Delivery.next_attempt_at, Delivery.id).limit(limit)))


def asked(delivery: Delivery) -> int:
    """How often its provider said that it does not know an answer, or cannot tell which one it is."""
    told = select(Event.data).where(Event.report_id == delivery.report_id, Event.kind == Kind.DELIVERY_ASKED)
    return sum(data.get("delivery") == delivery.id and data.get("verdict") != "silent"
               for data in db.session.scalars(told))


def first_look(delivery: Delivery) -> datetime | None:
    """When its provider is asked first what became of an answer; None where it cannot be."""
    account = db.session.get(Account, delivery.account_id) if delivery.account_id else None
    if account is None or not sending.capabilities(account.channel, account.provider).reconciles:
        return None
    return clock.now() + backoff.LOOKS[0]
