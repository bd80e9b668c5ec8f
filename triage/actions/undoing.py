"""A link taken back: what it changed beside itself is as if it had never been made, whatever was linked since.

What that was stands in the history, with the link. What a person said since then stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, literal_column, select

from triage import events
from triage.actions import closing, lineage, matters, returning
from triage.actions.lineage import Node
from triage.db import LOCK, db
from triage.events import Kind
from triage.models import Assignment, Event, Operator, Report
from triage.models.reports import NORMAL
from triage.statements import execute

PAST = cast(Table, Event.__table__).c
SLEPT = select(PAST.seq).where(PAST.report_id == bindparam("number"), PAST.kind == Kind.REPORT_SNOOZED).limit(
    literal_column("1"))


def before(report: Report, primary: Report) -> dict[str, object]:
    """What linking changes beside the link, for the history. Called before anything is changed.

    Of the primary: how urgent and how long asleep it would be without the copies that it has already.
    """
    urgency, asleep = primary.priority, primary.snoozed_until
    if urgency < NORMAL or (asleep is None and _ever_slept(primary.id)):
        urgency, asleep = _by_itself(primary)
    return {"urgency": urgency, "asleep": _written(report.snoozed_until), "primary_asleep": _written(asleep)}


def _ever_slept(report_id: int) -> bool:
    return execute(SLEPT, {"number": report_id}).first() is not None


def _by_itself(primary: Report) -> tuple[int, datetime | None]:
    copies = db.session.scalars(select(Report).where(Report.duplicate_of == primary.id)).all()
    node = lineage.read(primary, copies)[primary.id]
    moved, asleep = lineage.last_move(node), primary.snoozed_until
    links = [one.link for one in node.copies if one.link is not None and one.linked > moved]
    if asleep is None and links:
        asleep = lineage.to_come(max(links, key=lambda one: one.seq).data.get("primary_asleep"))
    return lineage.alone(node), asleep


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def lock_who_held(report_id: int) -> None:
    """Whoever held a report when it was linked may get it back: people are locked before reports (decision 012)."""
    links = select(Event).where(Event.report_id == report_id, Event.kind == Kind.REPORT_LINKED)
    for link in db.session.scalars(links.order_by(Event.seq.desc())).all():
        if "went_with" not in link.data:
            was = link.data.get("was")
            db.session.get(Operator, was, with_for_update=LOCK) if isinstance(was, int) else None
            return


def restore(report: Report, primary: Report, actor: Operator) -> tuple[list[Report], Assignment | None]:
    """Of a report that was taken out, and of its primary: the copies that are its own again, and who has it again.

    Both are locked, and reckoned after.
    """
    nodes = lineage.read(primary, [report, *matters.copies(primary.id)])
    node = nodes[report.id]
    link, parent, since = node.link, node.parent, node.here_since
    node.leave()
    own = _come_along(node, actor)
    report.priority = lineage.urgency(node)
    if link is not None and parent is not None:
        _calm(parent, link)
        primary.snoozed_until = lineage.asleep(nodes[primary.id], link, since)
    return own, _give_back(node, link, actor) if link is not None else None


def _calm(parent: Node, link: Event) -> None:
    """What it was linked to is as urgent as it was, and so is what that went along with."""
    node: Node | None = parent
    while node is not None:
        undone = link if node is parent else None
        node.report.priority = max(node.report.priority, lineage.urgency(node, undone))
        node = node.parent


def _come_along(node: Node, actor: Operator) -> list[Report]:
    """What it brought along is its own again."""
    report = node.report
    for one in [member for member in node.all() if member is not node]:
        one.report.duplicate_of = report.id
        one.report.linked_after = cast(int | None, lineage.was_linked_after(one, node))
        events.record(Kind.REPORT_LINKED, one.report.id, actor.id, copy=one.report.id, primary=report.id,
                      went_with=report.id)
    own = [member.report for member in node.all() if member is not node]
    for copy in closing.raise_copies(report, actor):
        copy.handled_through = None
        matters.reckon(copy)
    return own


def _give_back(node: Node, link: Event, actor: Operator) -> Assignment | None:
    """To who held it when it was linked, where they are there to go on."""
    report, data = node.report, cast(dict[str, Any], link.data)
    report.snoozed_until = None if _written_to(node, link.seq) else lineage.to_come(data.get("asleep"))
    was = data.get("was")
    if was is None or not returning.takes_back(was, report.id):
        return None
    report.status = "assigned"
    return matters.start(report.id, was, assigned_by=actor.id)


def _written_to(node: Node, since: int) -> bool:
    """Whether a message came since: that would have woken it."""
    joined: Sequence[Event] = [one for member in node.all() for one in member.past if one.kind == Kind.REPORT_JOINED]
    return any(one.seq > since for one in joined)
