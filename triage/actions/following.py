"""A desk may wish that who holds one report of an incident gets the others of it that nobody holds."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from triage import clock, context
from triage.actions import assignments, grouping
from triage.db import db
from triage.models import Assignment, Operator, Report
from triage.queries import scope
from triage.rights import Right


def lock_people(numbers: Sequence[int], actor: Operator) -> Sequence[Operator]:
    """Whoever may be given something when these come together, locked: before the reports are (decision 012).

    Nobody where the desk does not wish it, or where `actor` may decide nothing.
    """
    if not (context.settings().prefer_same_operator and actor.may(Right.HANDLE_REPORTS)):
        return ()
    _, belong = grouping.around(numbers)
    holders = select(Assignment.operator_id).where(Assignment.report_id.in_(belong), Assignment.ended_at.is_(None))
    query = select(Operator).where(Operator.id.in_(holders)).order_by(Operator.id)
    return db.session.scalars(
        query.with_for_update(key_share=True).execution_options(populate_existing=True)).all()


def follow(came: Sequence[Report], people: Sequence[Operator], actor: Operator) -> None:
    """What came to an incident and is free goes to the one person, of those locked, who holds others of it.

    Nobody gets it who is not taking reports, has no room or is not in its team; nor where it could be one of several.
    """
    for report in came if people else ():
        takers = [one for one in people if _takes(one, report)] if _is_free(report) else []
        if len(takers) == 1:
            assignments.give(report, None, takers[0], actor, incident=report.incident_id or 0)


def _is_free(report: Report) -> bool:
    asleep = report.snoozed_until is not None and report.snoozed_until > clock.now()
    return report.status == "open" and not asleep and report.compare_by is None


def _takes(one: Operator, report: Report) -> bool:
    db.session.flush()
    there = one.active and one.shift == "taking" and one.may(Right.HANDLE_REPORTS)
    return there and _holds_another(one, report) and assignments.busy(one.id) < one.capacity


def _holds_another(one: Operator, report: Report) -> bool:
    """And may have this one."""
    held = select(Assignment.report_id).join(Report, Report.id == Assignment.report_id).where(
        Assignment.operator_id == one.id, Assignment.ended_at.is_(None), Report.incident_id == report.incident_id)
    allowed = select(Report.id).where(Report.id == report.id, scope.teams_of(one.id))
    return None not in (db.session.scalar(held.limit(1)), db.session.scalar(allowed))
