"""A closed matter that new people tell: a coordinator is asked whether it stays closed, and the answer is remembered.

A rumour at nine may be true at eleven. Copies join what was closed without a word; here they are counted.
"""

from __future__ import annotations

from triage import clock, context, events
from triage.actions import matters
from triage.db import db
from triage.events import Kind
from triage.models import Operator, Report
from triage.queries import repeats, scope
from triage.rights import Right


def notice(primary: Report) -> None:
    """A copy has joined a closed primary, which is locked: so of several that come at once the last sees them all.

    Asks once, when enough people who had not told it before did so within an hour.
    """
    db.session.flush()
    how = repeats.standing(primary)
    if how.asked:
        return
    people = repeats.new_people(primary, how.since, clock.now() - repeats.WITHIN)
    if people >= context.settings().repeats_to_decide:
        events.record(Kind.REPORT_REPEATED, primary.id, None, people=people, since=how.since.isoformat())


def leave_closed(report_id: int, actor: Operator) -> None:
    """It stays as it is; asked again only when as many more new people tell it. Twice is as once. Forbidden."""
    scope.require(actor, Right.STEP_IN)
    report = matters.lock(report_id, actor)
    if report.status == "closed" and repeats.standing(report).asked:
        events.record(Kind.REPORT_LEFT_CLOSED, report.id, actor.id)
