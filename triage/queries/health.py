"""Is the desk well? The database answers, and nothing waits for too long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from triage import clock, context
from triage.db import db
from triage.models import InboundItem
from triage.queries import outbox


def backlog() -> Mapping[str, int]:
    """Counts for machines: raw items not yet understood, and sends overdue with the oldest's age in seconds."""
    now = clock.now()
    pending = select(func.count()).where(InboundItem.state == "received")
    count, oldest = outbox.overdue()
    seconds = int((now - oldest).total_seconds()) if oldest else 0
    return {"pending": db.session.scalar(pending) or 0, "overdue_sends": count, "oldest_overdue_seconds": seconds}


@dataclass(frozen=True)
class Spooled:
    """What waits on this machine for the database: how many records, the oldest's age in seconds, how many damaged."""

    records: int
    age: float
    damaged: int


def spooled() -> Spooled:
    """The spool of this machine, asked without the database. Raises OSError where its folder cannot be read."""
    spool = context.spool()
    waiting = spool.waiting()
    age = (clock.now() - waiting.oldest).total_seconds() if waiting.oldest else 0.0
    return Spooled(waiting.records, max(0.0, age), spool.damaged())
