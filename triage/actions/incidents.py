"""Reports that tell of the same incident: linked by what a person says, taken out again, each voice still its own.

Who holds a report of one of the incidents decides, and coordinators. Nothing is merged: each stays with its holder.
"""

from __future__ import annotations

from sqlalchemy import select

from triage import events
from triage.actions import following, grouping, matters, pairs
from triage.db import db
from triage.errors import N_, BadInput, Forbidden, NotFound, NotTheHolder
from triage.events import Kind
from triage.models import Assignment, Incident, Match, Operator, Report
from triage.queries import scope
from triage.rights import Right

MOST_TITLE = 200
NO_INCIDENT = N_("This report is not linked to others of the same incident.")


def confirm(match: Match, actor: Operator) -> Report:
    """Say that two that were found alike tell of one incident; what stands for the later one. As `link`.

    Raises BadInput, too, where somebody has decided that already.
    """
    later, _ = _link(match.report_id, match.other_id, actor, match)
    return later


def link(report_id: int, other_id: int, actor: Operator) -> Report:
    """Say that two reports tell of one incident, found alike or not; what stands for the first.

    Of a copy its primary is linked. What either belonged to with others comes along. Saying it twice changes nothing.
    Raises NotFound, NotTheHolder, Forbidden for a newcomer, and BadInput for a report and itself, copies included.
    """
    report, _ = _link(report_id, other_id, actor, None)
    return report


def _link(report_id: int, other_id: int, actor: Operator, match: Match | None) -> tuple[Report, Report]:
    if actor.needs_approval:
        raise Forbidden
    people = following.lock_people((report_id, other_id), actor)
    one, other = grouping.lock((report_id, other_id), actor)
    require_charge((one, other), actor)
    _check(one, other, match)
    came = grouping.unite(one, other, actor.id)
    if came or (match is not None and match.state == "suggested"):
        pairs.say(report_id, other_id, "linked", actor.id, "same_incident")
    following.follow(came, people, actor)
    return one, other


def _check(one: Report, other: Report, match: Match | None) -> None:
    if one.id == other.id:
        raise BadInput(N_("A report and its copies are one matter already."), "of")
    if match is not None:
        db.session.refresh(match)  # whoever decided before held the same locks
        if match.state not in ("suggested", "linked"):
            raise BadInput(N_("Somebody has decided that already."), "match")


def require_charge(two: tuple[Report, ...], actor: Operator) -> None:
    """NotTheHolder unless `actor` holds one of these, or of what belongs to their incidents, or may step in."""
    if actor.may(Right.STEP_IN):
        return
    _, belong = grouping.around([one.id for one in two])
    theirs = select(Assignment.id).where(
        Assignment.report_id.in_(belong.values()), Assignment.operator_id == actor.id, Assignment.ended_at.is_(None))
    if db.session.scalar(theirs.limit(1)) is None:
        held = [matters.holding(one.id) for one in two]
        raise NotTheHolder(matters.holder_name(next((one for one in held if one is not None), None)))


def leave(report_id: int, actor: Operator) -> Report:
    """Say that a report does not tell of its incident; what stands for it, where it stood before it was linked.

    What came along with it goes with it, and the desk asks about none of these and those that stay again. Who holds any
    report of the incident may, and coordinators. Raises NotFound, NotTheHolder, Forbidden for a newcomer, and BadInput
    where it belongs to none.
    """
    if actor.needs_approval:
        raise Forbidden
    (report,) = grouping.lock((report_id,), actor)
    incident = _open(report)
    require_charge((report,), actor)
    gone = {one.id for one in grouping.take_out(report, actor.id)}
    stay = [one.id for one in grouping.members(incident) if one.id not in gone]
    pairs.divide(report.id, gone, stay, actor.id)
    return report


def _open(report: Report) -> int:
    found = db.session.get(Incident, report.incident_id) if report.incident_id is not None else None
    if found is None or found.state != "open":
        raise BadInput(NO_INCIDENT, "report")
    return found.id


def rename(incident_id: int, actor: Operator, title: str) -> Report:
    """Give an incident another title; without one it is called by its first report. The first that the actor may see.

    Who holds a report of it may, and coordinators. Raises NotFound, NotTheHolder, Forbidden for a newcomer, and
    BadInput for a title of more than 200 characters.
    """
    if actor.needs_approval:
        raise Forbidden
    if len(title) > MOST_TITLE:
        raise BadInput(N_("A title can have at most %(most)s characters."), "title", most=MOST_TITLE)
    seen = select(Report.id).where(Report.incident_id == incident_id, Report.duplicate_of.is_(None),
                                   scope.visible(actor)).order_by(Report.id)
    first = db.session.scalar(seen.limit(1))
    if first is None:
        raise NotFound
    report = matters.lock(first, actor)
    require_charge((report,), actor)
    found = db.session.get_one(Incident, incident_id)
    if found.title != title:
        found.title = title
        events.record(Kind.INCIDENT_RENAMED, report.id, actor.id, incident=incident_id)
    return report
