"""Copies: a report that repeats another goes with it, its primary, and can be taken out again.

Only primaries stand in the queue and are held. `duplicate_of` always names a primary, never a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from triage import clock, context, events
from triage.actions import assignments, closing, filing, grouping, matters, outbox, pairs, repeats, undoing
from triage.errors import N_, AlreadyClosed, BadInput, Forbidden
from triage.events import Kind
from triage.models import Assignment, Operator, Report
from triage.rights import Right


def link(report_id: int, primary_id: int, actor: Operator) -> Report:
    """Mark a report as a copy of another; the copy. For the primary's holder and coordinators.

    Who holds the copy loses it: their waiting answers become drafts. Where the copy waits for an answer
    the primary does too, and is woken. Copies of the copy go along, because whoever says "this is the
    same" means all of it. Linking again to the same primary changes nothing. Raises BadInput for a
    report and itself, AlreadyClosed, IsACopy where either is a copy, NotTheHolder, AlreadyAssigned where
    a colleague holds the report and the actor does not coordinate, and Forbidden
    for a newcomer whose work needs a second pair of eyes.
    """
    if actor.needs_approval:
        raise Forbidden
    if report_id == primary_id:
        raise BadInput(N_("A report cannot be a copy of itself."), "of")
    report, primary = _lock_both(report_id, primary_id, actor)
    if report.status == "duplicate" and report.duplicate_of == primary.id:
        return report
    _check(report, primary, actor)
    before = undoing.before(report, primary)
    ended = _take_away(report)
    if report.unanswered_since is not None:
        _rouse(primary, actor)
    _attach(report, primary, actor, ended, before)
    matters.reckon(report)
    pairs.say(report.id, primary.id, "linked", actor.id)
    return report


def join(report_id: int, primary_id: int) -> Report | None:
    """The desk itself sees that a report which nobody holds repeats another; the primary it goes with from now on.

    Where that was closed within the hours in which it may be reopened, the copy is closed with it. None where the
    report cannot go with it: it is held, was answered or closed by now, or the other was closed before.
    """
    report, primary = (matters.lock_at_once(number) for number in (report_id, primary_id))
    if primary.duplicate_of is not None:
        return join(report_id, primary.duplicate_of)
    if report.status != "open" or matters.copies(report.id) or matters.last_answer(report.id) is not None:
        return None
    if primary.live:
        before = undoing.before(report, primary)
        if report.unanswered_since is not None:
            filing.rouse(primary)
        _attach(report, primary, None, None, before)
        matters.reckon_all(primary, ())  # what nobody has answered waits as it did
        return primary
    return primary if _close_with(report, primary) else None


def _close_with(report: Report, primary: Report) -> bool:
    if primary.closed_at is None or primary.closed_at < clock.now() - timedelta(hours=context.settings().reopen_hours):
        return False
    closing.close_with(report, primary)
    report.duplicate_of, report.linked_after = primary.id, 0
    events.record(Kind.REPORT_LINKED, report.id, None, copy=report.id, primary=primary.id, assignment=None, was=None)
    grouping.carry(report, primary, None)
    repeats.notice(primary)
    return True


def _lock_both(report_id: int, primary_id: int, actor: Operator) -> tuple[Report, Report]:
    """Primaries are locked by number: linked both ways at once, the second sees what the first did.

    Copies after all that copies go with: whoever holds a primary may want its copies next.
    """
    locked = matters.lock_all((report_id, primary_id), actor)
    return locked[report_id], locked[primary_id]


def _check(report: Report, primary: Report, actor: Operator) -> None:
    if not (report.live and primary.live):
        raise AlreadyClosed
    for one in (primary, report):
        matters.require_primary(one)
    if not actor.may(Right.STEP_IN):
        matters.require_holder(primary, actor)
        assignments.held_by(report.id, actor)  # a colleague's work is not taken away in passing


def _take_away(report: Report) -> Assignment | None:
    """Nobody holds the report any more; what waited to be sent is a draft again."""
    held = matters.holding(report.id)
    if held is not None:
        matters.end(held, "linked")
    outbox.hand_over(report)
    return held


def _rouse(primary: Report, actor: Operator) -> None:
    """The primary waits again: as if the copy's words had been written to it."""
    held = matters.holding(primary.id)
    if held is not None and held.operator_id == actor.id:
        matters.wake(primary)  # they are at it, on shift or not
    else:
        filing.rouse(primary)


def _attach(report: Report, primary: Report, actor: Operator | None, ended: Assignment | None,
            before: Mapping[str, object]) -> None:
    also, answer = matters.copies(report.id), matters.last_answer(primary.id)
    waiting = sorted(matters.waiting(report)) if also else [report.id] if report.unanswered_since else []
    report.status, report.snoozed_until = "duplicate", None
    primary.priority = min(primary.priority, report.priority)
    was = {one.id: one.linked_after for one in also}
    for one in (report, *also):
        one.duplicate_of, one.linked_after = primary.id, answer[0] if answer else 0
    by = actor.id if actor else None
    events.record(Kind.REPORT_LINKED, report.id, by, copy=report.id, primary=primary.id,
                  assignment=ended.id if ended else None, was=ended.operator_id if ended else None,
                  waiting=waiting, **before)
    for one in also:
        events.record(Kind.REPORT_LINKED, one.id, by, copy=one.id, primary=primary.id, went_with=report.id,
                      linked_after=was[one.id])
    grouping.carry(report, primary, by)


def unlink(report_id: int, actor: Operator) -> Report:
    """Say that a report is no copy: it stands where it stood before it was linked; the report. For who may link.

    Who held it has it again where they are on shift, else it is in the queue; the copies that it brought along are
    its own again; the primary is as urgent and as asleep as if the link had never been, whichever links were made or
    taken back since. A copy that was closed with its primary is open again. What waits to be sent to its sender is a
    draft on it. The desk does not link the two again by itself. Raises BadInput where it is no copy, NotTheHolder,
    Forbidden, and LiveReportExists where the same thread has a newer open report.
    """
    if actor.needs_approval:
        raise Forbidden
    undoing.lock_who_held(report_id)
    report, primary = matters.lock_matter(report_id, actor)
    if report.duplicate_of is None:
        raise BadInput(N_("This report is not a copy."), "report")
    matters.require_charge(primary, actor)
    _detach(report)
    own, held = undoing.restore(report, primary, actor)
    grouping.part(report, primary, actor.id)
    outbox.hand_over(report)  # an answer to its sender was the holder's of the primary
    pairs.part([report.id, *(one.id for one in own)], primary.id, actor.id)
    for one in (report, primary):
        matters.reckon(one)
    events.record(Kind.REPORT_UNLINKED, report.id, actor.id, copy=report.id, primary=primary.id)
    if held is not None:
        events.record(Kind.REPORT_ASSIGNED, report.id, actor.id, assignment=held.id, to=held.operator_id, was=None)
    return report


def _detach(report: Report) -> None:
    report.duplicate_of, report.linked_after, was_live = None, None, report.live
    if was_live:
        report.status = "open"
    else:
        closing.raise_alone(report, "open")
        report.handled_through = None
