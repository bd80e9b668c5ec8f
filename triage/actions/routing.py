"""Where and when a report is worked on: team, snooze, urgency."""

from __future__ import annotations

from datetime import datetime, timedelta

from triage import clock, events
from triage.actions import assignments, matters
from triage.db import db
from triage.errors import N_, BadInput, NotFound
from triage.events import Kind
from triage.models import Operator, Team, TeamMember
from triage.models.reports import DANGER, NORMAL

LONGEST_SNOOZE = timedelta(days=7)


def route(report_id: int, actor: Operator, team_id: int | None) -> None:
    """Send a report to a team (None: to everybody). A holder outside the team loses it to the team's queue."""
    report = matters.lock_working(report_id, actor)
    if team_id is not None and db.session.get(Team, team_id) is None:
        raise NotFound
    report.team_id = team_id
    held = matters.holding(report.id)
    if held is not None and team_id is not None and not _member(team_id, held.operator_id):
        assignments.put_back(report, held, "released")
    events.record(Kind.REPORT_ROUTED, report.id, actor.id, team=team_id)


def _member(team_id: int, operator_id: int) -> bool:
    return db.session.get(TeamMember, (team_id, operator_id)) is not None


def snooze(report_id: int, actor: Operator, until: datetime) -> None:
    """Put a report to sleep until a moment within a week; its holder keeps it. An inbound message wakes it."""
    report = matters.lock_working(report_id, actor)
    now = clock.now()
    if not now < until <= now + LONGEST_SNOOZE:
        raise BadInput(N_("Choose a time in the next seven days."), "until")
    report.snoozed_until = until
    events.record(Kind.REPORT_SNOOZED, report.id, actor.id, until=until.isoformat())


def wake(report_id: int, actor: Operator) -> None:
    """End a snooze early."""
    matters.wake(matters.lock_working(report_id, actor), actor.id)


def prioritise(report_id: int, actor: Operator, priority: int) -> None:
    """Set urgency: 0 danger now, 1 urgent, 2 normal."""
    report = matters.lock_working(report_id, actor)
    if not DANGER <= priority <= NORMAL:
        raise BadInput(N_("Choose danger, urgent or normal."), "priority")
    report.priority = priority
    events.record(Kind.REPORT_PRIORITISED, report.id, actor.id, priority=priority)
