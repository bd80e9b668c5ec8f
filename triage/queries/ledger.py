"""The ledger: every raw item accounted for."""

from __future__ import annotations

from sqlalchemy import func, select

from triage.db import db
from triage.models import InboundItem
from triage.queries.shapes import Ledger


def ledger() -> Ledger:
    """received = opened + joined + copies + control + quarantined + pending, counted in one statement."""
    query = select(InboundItem.state, InboundItem.result, func.count()).group_by(InboundItem.state, InboundItem.result)
    counts = {(state, result): number for state, result, number in db.session.execute(query)}
    return Ledger(
        received=sum(counts.values()),
        opened=counts.get(("ingested", "opened"), 0), joined=counts.get(("ingested", "joined"), 0),
        copies=counts.get(("ingested", "copy"), 0), control=counts.get(("ingested", "control"), 0),
        quarantined=counts.get(("quarantined", None), 0), pending=counts.get(("received", None), 0),
    )
