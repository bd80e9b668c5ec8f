"""Quarantined and slowed items: try again."""

from __future__ import annotations

from triage import events
from triage.actions import ingest, matters
from triage.db import db
from triage.errors import NotFound
from triage.events import Kind
from triage.models import InboundItem, Operator


def retry(item_id: int, actor: Operator) -> bool:
    """A coordinator lets a quarantined item be read again; whether it left quarantine."""
    matters.require_coordinator(actor)
    item = db.session.get(InboundItem, item_id)
    if item is None or item.state != "quarantined":
        raise NotFound
    events.record(Kind.INBOUND_RETRIED, None, actor.id, item=item.id)
    ingest.understand_later(item.id)
    return item.state != "quarantined"
