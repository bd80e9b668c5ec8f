"""What changed since an event number, filtered by the rights of who asks."""

from __future__ import annotations

from sqlalchemy import select

from triage import events
from triage.db import db
from triage.models import Event, Operator, Report
from triage.queries import scope


def head() -> int:
    """The highest event number."""
    return events.head()


def after(seq: int, actor: Operator, limit: int = 500) -> tuple[list[dict[str, object]], int]:
    """Up to `limit` events above `seq` which `actor` may know, and the number up to which that is the truth."""
    found = events.after(seq, limit)
    mine = _visible({event.report_id for event in found if event.report_id is not None}, actor)
    shown = [_shape(event) for event in found if event.report_id is None or event.report_id in mine]
    return shown, found[-1].seq if found else seq


def _visible(ids: set[int], actor: Operator) -> set[int]:
    return set(db.session.scalars(select(Report.id).where(Report.id.in_(ids), scope.visible(actor))))


def _shape(event: Event) -> dict[str, object]:
    return {"seq": event.seq, "kind": event.kind, "report": event.report_id, "operator": event.operator_id,
            "at": event.occurred_at.isoformat(), "data": event.data}
