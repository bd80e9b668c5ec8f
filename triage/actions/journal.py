"""The journal: every raw item as it came, sealed, under a name it has once and for ever; and what became of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypedDict

from sqlalchemy import Table, bindparam, update

from triage import clock, context
from triage.db import db
from triage.models import InboundItem
from triage.statements import execute, insert_new

# Built once: what arrives runs these, and to build a statement costs more than to run it.
TABLE: Table = InboundItem.__table__  # type: ignore[assignment]  # typed as FromClause
FATE = update(TABLE).where(TABLE.c.id == bindparam("number"))


@dataclass(frozen=True)
class Arrival:
    """A raw item at the door: who carried it, its name there, its bytes, and how to read it later."""

    provider: str
    channel: str
    external_key: str | None
    body: bytes
    content_type: str = "application/json"
    receipt_key: str | None = None
    due_at: datetime | None = None
    received_at: datetime | None = None  # None: now
    url: str = ""  # the address it was brought to
    own: bool = False  # nobody brought it: it was found in a list, and its bytes are what `items.packed` wrote


@dataclass
class Entry:
    """An item of the journal while it is understood: a plain value, which no session watches over.

    `keep` notes what became of it, `write_fates` writes that down.
    """

    id: int
    provider: str
    receipt_key: str | None
    received_at: datetime
    due_at: datetime | None
    state: str = "received"
    result: str | None = None
    error: str | None = None
    account_id: int | None = None


class Door(NamedTuple):
    """What of the account that an item came to matters to what becomes of it."""

    id: int
    channel: str
    operator_id: int | None
    can_send: bool


class Row(TypedDict):
    """A new row of the journal."""

    provider: str
    external_key: str
    receipt_key: str | None
    raw_sealed: bytes
    received_at: datetime
    due_at: datetime | None
    state: str


def write(arrivals: Sequence[Arrival]) -> list[Entry | None]:
    """Store raw items sealed; the item of each, or None where it is there already.

    In the order of their names: two processes that are brought the same never wait for each other crosswise.
    """
    rows = [_row(arrival) for arrival in arrivals]
    each = {row["external_key"]: row for row in reversed(rows)}
    numbers = insert_new(InboundItem, ("external_key",), [each[key] for key in sorted(each)])
    return [_entry(numbers.pop(row["external_key"]), row) if row["external_key"] in numbers else None for row in rows]


def _entry(number: int, row: Row) -> Entry:
    return Entry(number, row["provider"], row["receipt_key"], row["received_at"], row["due_at"])


def _row(arrival: Arrival) -> Row:
    ring = context.keyring()
    key = own_key(arrival)
    raw: dict[str, object] = {"channel": arrival.channel, "type": arrival.content_type, "url": arrival.url,
                              "body": base64.b64encode(arrival.body).decode()}
    if arrival.own:
        raw["own"] = True
    return {
        "provider": arrival.provider, "external_key": key, "receipt_key": arrival.receipt_key,
        "raw_sealed": ring.seal(json.dumps(raw), f"inbound.raw|{key}"),
        "received_at": arrival.received_at or clock.now(), "due_at": arrival.due_at, "state": "received",
    }


def own_key(arrival: Arrival) -> str:
    """What a raw item is called in the journal, once and for ever."""
    ring = context.keyring()
    own_name = arrival.external_key or ring.blind("raw item", base64.b64encode(arrival.body).decode())
    key = f"{arrival.provider}:{arrival.channel}:{own_name}"
    if len(key) > 200 or not key.isprintable():
        return f"{arrival.provider}:{ring.blind('long key', key)}"
    return key


def keep(item: Entry) -> None:
    """To be written down with what became of the others that were taken in together."""
    fate = {"account_id": item.account_id, "state": item.state, "result": item.result, "error": item.error,
            "due_at": item.due_at}
    db.session.info.setdefault("fates", []).append({"number": item.id, **fate})


def write_fates() -> None:
    """Write down what became of all that was kept in this transaction."""
    fates = db.session.info.pop("fates", [])
    if fates:
        execute(FATE, fates)
