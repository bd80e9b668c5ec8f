"""What people say of two reports that the desk found alike: a copy, the same incident, or not the same.

Who holds one of the two may say so, and coordinators. What was said is kept and never asked again, neither of the two
reports nor of what goes with them. To take a copy out again is `copies.unlink`, out of an incident `incidents.leave`.
"""

from __future__ import annotations

from triage import events
from triage.actions import copies, incidents, matters, pairs
from triage.db import db
from triage.errors import N_, BadInput, Forbidden, NotFound, NotTheHolder
from triage.events import Kind
from triage.models import Match, Operator, Report
from triage.rights import Right

Two = tuple[Report, Report]


def confirm(match_id: int, actor: Operator) -> Report:
    """Say yes to what was asked: one is a copy of the other, or both tell of one incident. The copy, or the later one.

    The other becomes a copy of the one that the actor holds. Of two that they do not hold, the one that nobody holds
    becomes the copy, else the later. Raises NotFound, Forbidden for a newcomer, NotTheHolder, BadInput where that was
    decided, and what `copies.link` raises. Saying it twice changes nothing.
    """
    asked = db.session.get(Match, match_id)
    if asked is not None and asked.kind == "same_incident":
        return incidents.confirm(asked, actor)
    match, two = _asked(match_id, actor)
    if two[0].id == two[1].id:
        return two[0]
    _require_open(match)
    copy, primary = sorted(two, key=lambda one: _standing(one, actor))
    linked = copies.link(copy.id, primary.id, actor)
    pairs.decide(match, "linked", actor.id)
    return linked


def reject(match_id: int, actor: Operator) -> None:
    """Say that two are not the same. Raises NotFound, Forbidden, NotTheHolder, BadInput where they are one matter."""
    match, (later, earlier) = _asked(match_id, actor)
    if match.state == "rejected":
        return
    if later.id == earlier.id:
        raise BadInput(N_("These two go together: say of the copy that it is none."), "match")
    if match.kind == "same_incident" and later.incident_id is not None and later.incident_id == earlier.incident_id:
        raise BadInput(N_("These two belong to one incident: take the one out that does not."), "match")
    _require_open(match)
    pairs.decide(match, "rejected", actor.id)
    events.record(Kind.MATCH_DECIDED, later.id, actor.id, match=match.id, other=earlier.id, what=match.kind,
                  verdict="rejected")


def _require_open(match: Match) -> None:
    implied = match.kind == "same_message" and pairs.refused(match.report_id, match.other_id)
    if match.state != "suggested" or implied:
        raise BadInput(N_("Somebody has decided that already."), "match")


def _asked(match_id: int, actor: Operator) -> tuple[Match, Two]:
    """The line, and the two matters it is about, locked; the actor is in charge of one."""
    if actor.needs_approval:
        raise Forbidden
    match = db.session.get(Match, match_id)
    if match is None:
        raise NotFound
    two = _lock_both(match, actor)
    db.session.refresh(match)  # whoever decided before held the same locks
    (incidents.require_charge if match.kind == "same_incident" else _require_charge)(two, actor)
    return match, two


def _lock_both(match: Match, actor: Operator) -> Two:
    """What stands for each of the two, locked by number; the later report's first."""
    locked = matters.lock_primaries((match.report_id, match.other_id), actor)
    return locked[match.report_id], locked[match.other_id]


def _require_charge(two: Two, actor: Operator) -> None:
    """NotTheHolder unless `actor` holds one of the two, or may step in where others hold."""
    held = [matters.holding(one.id) for one in two]
    if not actor.may(Right.STEP_IN) and actor.id not in [one.operator_id for one in held if one]:
        raise NotTheHolder(matters.holder_name(held[0] or held[1]))


def _standing(report: Report, actor: Operator) -> tuple[bool, bool, int]:
    """The greater one stands for both: held by the actor, held at all, the earlier."""
    held = matters.holding(report.id)
    return held is not None and held.operator_id == actor.id, held is not None, -report.id
