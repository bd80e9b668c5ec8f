"""Raw items no parser could read: visible and countable until somebody lets them be read again."""

from __future__ import annotations

import base64
import json

from sqlalchemy import select

from triage import context
from triage.db import db
from triage.models import InboundItem, Operator
from triage.queries import scope
from triage.queries.shapes import QuarantinedItem
from triage.rights import Right
from triage.sealing import SealBroken

MOST_SHOWN = 20_000  # characters of one raw item


def items(actor: Operator, limit: int) -> list[QuarantinedItem]:
    """Up to `limit` quarantined items, newest first, opened. Forbidden."""
    scope.require(actor, Right.READ_QUARANTINE)
    query = select(InboundItem).where(InboundItem.state == "quarantined")
    return [_item(row) for row in db.session.scalars(query.order_by(InboundItem.id.desc()).limit(limit))]


def _item(row: InboundItem) -> QuarantinedItem:
    return QuarantinedItem(id=row.id, provider=row.provider, received_at=row.received_at, error=row.error or "",
                           raw=_opened(row))


def _opened(row: InboundItem) -> str:
    """The bytes that came, as text; what is not text is shown as escapes, so that it can be told apart."""
    try:
        kept = json.loads(context.keyring().open(row.raw_sealed, row.raw_context))
        raw = base64.b64decode(kept["body"])
    except (SealBroken, ValueError, KeyError, TypeError):
        return ""
    shown = raw.decode("utf-8", "backslashreplace")[:MOST_SHOWN]
    return "".join(letter if letter.isprintable() or letter in "\n\t" else _escaped(letter) for letter in shown)


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
