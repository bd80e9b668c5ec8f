"""What changed since an event number, filtered by the rights of who asks."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from triage import events
from triage.db import db
from triage.events import Kind
from triage.models import Event, Operator, Report
from triage.queries import scope
from triage.rights import Right

# What concerns one person's access, an account or a raw item: for who looks after them, and for oneself.
KEPT = frozenset({
    Kind.OPERATOR_ADDED, Kind.OPERATOR_CHANGED, Kind.PASSWORD_SET, Kind.SESSION_ENDED, Kind.TOKEN_MADE,
    Kind.TOKEN_ENDED, Kind.ACCOUNT_ADDED, Kind.ACCOUNT_CHANGED, Kind.ACCOUNT_TROUBLED, Kind.INBOUND_QUARANTINED,
    Kind.INBOUND_RETRIED, Kind.REPORT_WRITTEN, Kind.CONTACT_STOPPED, Kind.CONTACT_STARTED,
})


def head() -> int:
    """The highest event number."""
    return events.head()


def after(seq: int, actor: Operator, limit: int = 500) -> tuple[list[dict[str, object]], int]:
    """Up to `limit` events above `seq` which `actor` may know, and the number up to which that is the truth."""
    found = events.after(seq, limit)
    mine = _visible({event.report_id for event in found if event.report_id is not None}, actor)
    shown = [_shape(event, mine.get(event.report_id or 0)) if _told(event, mine, actor) else _parting(event)
             for event in found if event.kind == Kind.REPORT_ROUTED or _told(event, mine, actor)]
    return shown, found[-1].seq if found else seq


def _told(event: Event, mine: Mapping[int, int | None], actor: Operator) -> bool:
    if event.report_id is not None:
        return event.report_id in mine
    return event.kind not in KEPT or actor.may(Right.SEE_ALL_CHANGES) or actor.id in (
        event.operator_id, event.data.get("operator"))


def _parting(event: Event) -> dict[str, object]:
    """A report went to a team of others: its number and nothing else, so that it leaves the screens it stood on."""
    return {"seq": event.seq, "kind": event.kind, "report": event.report_id, "operator": None,
            "at": event.occurred_at.isoformat(), "data": {}}


def _visible(ids: set[int], actor: Operator) -> dict[int, int | None]:
    """Of these reports those that `actor` may see, each with the one it is a copy of."""
    query = select(Report.id, Report.duplicate_of).where(Report.id.in_(ids), scope.visible(actor))
    return dict(db.session.execute(query).all())


def _shape(event: Event, primary: int | None) -> dict[str, object]:
    """What happens to a copy concerns the page of its primary too."""
    data = event.data if primary is None else {"primary": primary, **event.data}
    return {"seq": event.seq, "kind": event.kind, "report": event.report_id, "operator": event.operator_id,
            "at": event.occurred_at.isoformat(), "data": data}
