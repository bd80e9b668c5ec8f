"""Raw items no parser could read: visible and countable until somebody lets them be read again."""

from __future__ import annotations

from sqlalchemy import select

from triage import context
from triage.db import db
from triage.models import InboundItem
from triage.queries.shapes import QuarantinedItem
from triage.sealing import SealBroken

MOST_SHOWN = 20_000  # characters of one raw item


def items(limit: int) -> list[QuarantinedItem]:
    """Up to `limit` quarantined items, newest first, opened: for coordinators only."""
    query = select(InboundItem).where(InboundItem.state == "quarantined")
    return [_item(row) for row in db.session.scalars(query.order_by(InboundItem.id.desc()).limit(limit))]


def _item(row: InboundItem) -> QuarantinedItem:
    return QuarantinedItem(id=row.id, provider=row.provider, received_at=row.received_at, error=row.error or "",
                           raw=_opened(row))


def _opened(row: InboundItem) -> str:
    """The raw bytes as text: what is not UTF-8 is shown as escapes, so that it can be told apart."""
    try:
        raw = context.keyring().open_bytes(row.raw_sealed, row.raw_context)
    except SealBroken:
        return ""
    return raw.decode("utf-8", "backslashreplace")[:MOST_SHOWN]
