"""The end of a matter: close with an outcome, discard with a reason, reopen; its copies go the same way."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from triage import clock, events
from triage.actions import assignments, matters, outbox
from triage.db import db, savepoint
from triage.errors import N_, AlreadyClosed, BadInput, LiveReportExists, NotClaimable
from triage.events import Kind
from triage.models import Assignment, Message, Operator, Report
from triage.models.reports import OUTCOMES, REASONS
from triage.rights import Right


def close(report_id: int, actor: Operator, outcome: str, reason: str | None = None) -> None:
    """Close a report one holds (coordinators: any). AlreadyClosed, NotTheHolder, BadInput.

    The holder's answers under way go on; where somebody else closes, those that wait become their draft.
    """
    _check(outcome, reason)
    report = matters.lock(report_id, actor)
    if report.status == "closed":
        raise AlreadyClosed
    matters.require_primary(report)
    held = matters.holding(report.id)
    if not actor.may(Right.STEP_IN) or (held is not None and held.operator_id == actor.id):
        matters.require_holder(report, actor)
    _close(report, held, actor, outcome, reason)


def discard(report_id: int, actor: Operator, reason: str) -> None:
    """Close as not actionable in one step, also straight from the queue. AlreadyAssigned if someone holds it."""
    _check("not_actionable", reason)
    report = matters.lock(report_id, actor)
    if report.status == "closed":
        raise AlreadyClosed
    held = assignments.held_by(report_id, actor)
    if held is None and report.status != "open":
        raise NotClaimable
    _close(report, held, actor, "not_actionable", reason)


def _check(outcome: str, reason: str | None) -> None:
    if outcome not in OUTCOMES:
        raise BadInput(N_("Choose how it ended: actionable, not actionable, or no answer."), "outcome")
    if outcome == "not_actionable" and reason not in REASONS:
        raise BadInput(N_("Choose why it is not actionable."), "reason")


def _close(report: Report, held: Assignment | None, actor: Operator, outcome: str, reason: str | None) -> None:
    if held is not None:
        matters.end(held, "closed")
    if held is not None and held.operator_id != actor.id:
        outbox.hand_over(report)  # nothing of theirs leaves after somebody else ended it
    through = db.session.scalar(
        select(func.max(Message.id)).join(Report, Report.id == Message.report_id).where(matters.family(report.id))
    )
    _settle(report, outcome, reason, through)
    events.record(Kind.REPORT_CLOSED, report.id, actor.id, outcome=outcome, reason=report.reason)
    for copy in matters.copies(report.id):
        if copy.live:
            _settle(copy, outcome, reason, through)
            events.record(Kind.REPORT_CLOSED, copy.id, actor.id, outcome=outcome, reason=copy.reason,
                          primary=report.id)


def close_with(report: Report, primary: Report) -> None:
    """End a report as the closed one ended that it is a copy of."""
    through = db.session.scalar(select(func.max(Message.id)).where(Message.report_id == report.id))
    _settle(report, primary.outcome or "no_answer", primary.reason, through)
    events.record(Kind.REPORT_CLOSED, report.id, None, outcome=report.outcome, reason=report.reason, primary=primary.id)


def _settle(report: Report, outcome: str, reason: str | None, through: int | None) -> None:
    report.status, report.closed_at = "closed", clock.now()
    report.outcome, report.reason = outcome, reason if outcome == "not_actionable" else None
    report.snoozed_until, report.handled_through = None, through
    matters.reckon(report)


def reopen(report_id: int, actor: Operator) -> Assignment:
    """Undo closing; the actor holds it. LiveReportExists where the same thread has a newer open report."""
    assignments.lock_room(actor)
    report = matters.lock(report_id, actor)
    if report.status != "closed":
        raise BadInput(N_("This report is not closed."), "report")
    matters.require_primary(report)
    raise_alone(report, "assigned")
    held = matters.start(report.id, actor.id)
    events.record(Kind.REPORT_REOPENED, report.id, actor.id, assignment=held.id)
    for one in (report, *raise_copies(report, actor)):
        one.handled_through = None
        matters.reckon(one)
    return held


def raise_alone(report: Report, status: str) -> None:
    """Take closing back. LiveReportExists where the same thread has a newer open report."""
    live = live_report(report.thread_key)
    if live is not None:
        raise LiveReportExists(report=live.id)
    try:
        with savepoint():
            raise_again(report, status)
    except IntegrityError as problem:  # PostgreSQL: the person wrote again a moment ago, and only the index knew
        live = live_report(report.thread_key)
        raise LiveReportExists(report=live.id if live else "") from problem


def live_report(thread_key: str) -> Report | None:
    """The one live report of a thread."""
    return db.session.scalar(select(Report).where(Report.thread_key == thread_key, Report.status != "closed"))


def raise_again(report: Report, status: str) -> None:
    """Take back everything that closing set, but what it settled."""
    report.status, report.closed_at, report.outcome, report.reason = status, None, None, None
    report.reopened_at = clock.now()
    db.session.flush()


def raise_copies(primary: Report, actor: Operator | None = None) -> list[Report]:
    """The copies come back with a reopened primary, but where their thread has a newer open report."""
    return [copy for copy in matters.copies(primary.id) if not copy.live and _comes_back(copy, primary, actor)]


def _comes_back(copy: Report, primary: Report, actor: Operator | None) -> bool:
    try:
        raise_alone(copy, "duplicate")
    except LiveReportExists:
        return False
    events.record(Kind.REPORT_REOPENED, copy.id, actor.id if actor else None, assignment=None, primary=primary.id)
    return True
