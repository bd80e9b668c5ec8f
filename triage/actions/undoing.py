"""A link taken back: what it changed beside itself is as it was, where nothing newer speaks against it.

What that was stands in the history, with the link.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from triage import clock, events
from triage.actions import closing, filing, matters
from triage.db import db
from triage.events import Kind
from triage.models import Assignment, Event, Operator, Report

# After one of these the primary stands as it does for another reason.
NEWER = (Kind.REPORT_JOINED, Kind.REPORT_PRIORITISED, Kind.REPORT_SNOOZED, Kind.REPORT_CLOSED)


def before(report: Report, primary: Report) -> dict[str, object]:
    """What linking changes beside the link, for the history. Called before anything is changed."""
    return {"urgency": primary.priority, "asleep": _written(report.snoozed_until),
            "primary_asleep": _written(primary.snoozed_until)}


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def restore(report: Report, primary: Report, actor: Operator) -> Assignment | None:
    """Of a report that was taken out, and of its primary; who has it again. Both are locked, and reckoned after."""
    linked = _last_links([report.id]).get(report.id)
    if linked is None or linked.data.get("primary") != primary.id:
        return None
    own = _came_along(report, primary, actor)
    left = matters.copies(primary.id)
    if not _newer(linked.seq, [one.id for one in (primary, *left, report, *own)]):
        _calm(primary, linked, left)
    return _give_back(report, linked.data, actor)


def _calm(primary: Report, linked: Event, left: Sequence[Report]) -> None:
    """The primary is as urgent as it was, but for the copies that are left, and sleeps again if none came later."""
    was: Mapping[str, Any] = linked.data
    urgency = was.get("urgency", primary.priority)
    primary.priority = max(primary.priority, min([urgency, *(one.priority for one in left)]))
    if all(one.seq < linked.seq for one in _last_links([one.id for one in left]).values()):
        primary.snoozed_until = primary.snoozed_until or _to_come(was.get("primary_asleep"))


def _last_links(ids: Sequence[int]) -> dict[int, Event]:
    """The last link of each report."""
    links = select(Event).where(Event.report_id.in_(ids), Event.kind == Kind.REPORT_LINKED).order_by(Event.seq)
    return {one.report_id: one for one in db.session.scalars(links) if one.report_id is not None}


def _came_along(report: Report, primary: Report, actor: Operator) -> list[Report]:
    """The copies that it brought along are its own again."""
    all_of_them = matters.copies(primary.id)
    links = _last_links([one.id for one in all_of_them])
    own = [one for one in all_of_them if one.id in links and links[one.id].data.get("went_with") == report.id]
    for one in own:
        was: Mapping[str, Any] = links[one.id].data
        one.duplicate_of, one.linked_after = report.id, was.get("linked_after")
        events.record(Kind.REPORT_LINKED, one.id, actor.id, copy=one.id, primary=report.id, went_with=report.id)
    for one in closing.raise_copies(report, actor):
        one.handled_through = None
        matters.reckon(one)
    return own


def _newer(seq: int, ids: Sequence[int]) -> bool:
    since = select(Event.seq).where(Event.report_id.in_(ids), Event.seq > seq, Event.kind.in_(NEWER)).limit(1)
    return db.session.scalar(since) is not None


def _to_come(written: str | None) -> datetime | None:
    moment = datetime.fromisoformat(written) if written else None
    return moment if moment is not None and moment > clock.now() else None


def _give_back(report: Report, data: Mapping[str, Any], actor: Operator) -> Assignment | None:
    """To who held it when it was linked, where they are there to go on."""
    report.snoozed_until = _to_come(data.get("asleep"))
    was = data.get("was")
    if was is None or not filing.takes_back(was):
        return None
    report.status = "assigned"
    return matters.start(report.id, was, assigned_by=actor.id)
