"""The price list: what one part of a message to a country costs at a provider."""

from __future__ import annotations

import phonenumbers
from sqlalchemy import select

from triage import connections, events
from triage.actions import accounts
from triage.db import LOCK, db
from triage.errors import N_, BadInput, NotFound
from triage.events import Kind
from triage.models import Operator, Price
from triage.queries.costs import ANYWHERE
from triage.statements import insert_once

UNKNOWN_REGION = N_("Write a country as its two letters, such as KE, or * for everywhere else.")
BAD_PRICE = N_("A price is an amount of 0 or more.")


def set_price(channel: str, provider: str, region: str, micros: int, actor: Operator | None = None) -> None:
    """The price of one part to `region` (two letters, or * for everywhere else), in millionths of the currency.

    What was sent before keeps the price it had. BadInput, Forbidden.
    """
    accounts.may(actor)
    carrier, country = _carrier(channel, provider), _region(region)
    if not 0 <= micros <= accounts.MOST_MICROS:
        raise BadInput(BAD_PRICE, "price")
    key = {"channel": channel, "provider": carrier, "region": country}
    added = insert_once(Price, tuple(key), **key, micros=micros)
    if added is None and not _corrected(key, micros):
        return
    events.record(Kind.PRICE_SET, None, actor.id if actor else None, **key, micros=micros)


def _corrected(key: dict[str, str], micros: int) -> bool:
    query = select(Price).filter_by(**key).with_for_update(key_share=True)
    price = db.session.scalars(query.execution_options(populate_existing=True)).one()
    differs = price.micros != micros
    price.micros = micros
    return differs


def remove_price(price_id: int, actor: Operator | None = None) -> None:
    """From now on nothing is known of what this costs. NotFound, Forbidden."""
    accounts.may(actor)
    price = db.session.get(Price, price_id, with_for_update=LOCK, populate_existing=True)
    if price is None:
        raise NotFound
    key = {"channel": price.channel, "provider": price.provider, "region": price.region}
    db.session.delete(price)
    events.record(Kind.PRICE_SET, None, actor.id if actor else None, **key, micros=None)


def _carrier(channel: str, provider: str) -> str:
    known = connections.providers(channel)
    if not known:
        raise BadInput(accounts.UNKNOWN_CHANNEL, "channel", channel=channel)
    if provider not in known:
        raise BadInput(accounts.UNKNOWN_PROVIDER, "provider", channel=channel, provider=provider)
    return provider


def _region(text: str) -> str:
    region = text.strip().upper() or ANYWHERE
    if region != ANYWHERE and region not in phonenumbers.SUPPORTED_REGIONS:
        raise BadInput(UNKNOWN_REGION, "region")
    return region
