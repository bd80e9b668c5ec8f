"""Quarantined and slowed items: try again."""

from __future__ import annotations

from triage import events
from triage.actions import ingest
from triage.db import db
from triage.errors import NotFound
from triage.events import Kind
from triage.models import InboundItem, Operator
from triage.queries import scope
from triage.rights import Right


def retry(item_id: int, actor: Operator) -> bool:
    """A coordinator lets a quarantined item be read again; whether it left quarantine."""
    scope.require(actor, Right.READ_QUARANTINE)
    item = db.session.get(InboundItem, item_id)
    if item is None or item.state != "quarantined":
        raise NotFound
    events.record(Kind.INBOUND_RETRIED, None, actor.id, item=item.id)
    ingest.understand_later(item.id, again=True)
    return item.state != "quarantined"
