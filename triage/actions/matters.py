"""The ground the verbs stand on: locking a report, its open assignment, and what still waits for an answer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from triage import clock, events
from triage.db import db
from triage.errors import Forbidden, NotFound, NotTheHolder
from triage.events import Kind
from triage.models import Assignment, Delivery, Message, Operator, Report
from triage.queries import scope

DEAD = ("cancelled", "failed")


def lock(report_id: int, actor: Operator | None = None) -> Report:
    """The report, locked until the transaction ends and read afresh. NotFound where `actor` may not see it."""
    query = select(Report).where(Report.id == report_id)
    if actor is not None:
        query = query.where(scope.visible(actor))
    found = db.session.scalar(query.with_for_update(key_share=True).execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    return found


def holding(report_id: int) -> Assignment | None:
    """The open assignment of a report."""
    return db.session.scalar(
        select(Assignment).where(Assignment.report_id == report_id, Assignment.ended_at.is_(None))
        .execution_options(populate_existing=True)
    )


def require_holder(report: Report, actor: Operator, fence: int | None = None) -> Assignment:
    """The open assignment, if `actor` has it and `fence` (when given) is its number; else NotTheHolder."""
    held = holding(report.id)
    if held is None or held.operator_id != actor.id or fence not in (None, held.id):
        raise NotTheHolder(holder_name(held))
    return held


def holder_name(held: Assignment | None) -> str:
    """The public name of who holds, empty where nobody does."""
    operator = db.session.get(Operator, held.operator_id) if held else None
    return operator.public_name if operator else ""


def require_coordinator(actor: Operator) -> None:
    """Forbidden unless `actor` is a coordinator."""
    if not actor.has_role("coordinator"):
        raise Forbidden


def start(report: Report, operator_id: int, assigned_by: int | None = None) -> Assignment:
    """Open an assignment; the partial unique index refuses a second one."""
    now = clock.now()
    held = Assignment(report_id=report.id, operator_id=operator_id, assigned_by=assigned_by,
                      started_at=now, last_active_at=now)
    db.session.add(held)
    db.session.flush()
    return held


def end(held: Assignment, reason: str) -> None:
    """End an assignment, once."""
    held.ended_at = clock.now()
    held.end_reason = reason


def family(report_id: int) -> ColumnElement[bool]:
    """The report and its copies."""
    return or_(Report.id == report_id, Report.duplicate_of == report_id)


def reckon(report: Report) -> None:
    """Set `unanswered_since` and `awaiting_citizen_since` from the messages themselves.

    Unanswered is every inbound message after the last answer of a person that was not cancelled and
    did not fail, and after what was settled by closing. Acknowledgements answer nothing. Where a
    report begins to wait again, its holder's lease begins anew.
    """
    db.session.flush()
    waited = report.unanswered_since is not None
    answer = last_answer(report.id)
    through = max(answer[0] if answer else 0, report.handled_through or 0)
    report.unanswered_since = db.session.scalar(
        select(func.min(Message.recorded_at)).join(Report, Report.id == Message.report_id)
        .where(family(report.id), Message.direction == "in", Message.id > through)
    )
    waits = answer is not None and report.unanswered_since is None and answer[0] == through
    report.awaiting_citizen_since = answer[1] if waits and answer else None
    if not waited and report.unanswered_since is not None:
        _renew(report.id)


def _renew(report_id: int) -> None:
    """A report begins to wait for its holder: their lease begins now, however long it had slept before."""
    held = holding(report_id)
    if held is not None:
        held.last_active_at = clock.now()


def last_answer(report_id: int) -> tuple[int, datetime] | None:
    """Number and moment of the last answer of a person that was not cancelled and did not fail."""
    alive = select(Delivery.id).where(Delivery.message_id == Message.id, Delivery.state.not_in(DEAD)).exists()
    row = db.session.execute(
        select(Message.id, Message.recorded_at)
        .where(Message.report_id == report_id, Message.operator_id.is_not(None), alive)
        .order_by(Message.id.desc()).limit(1)
    ).first()
    return (row[0], row[1]) if row else None


def wake(report: Report) -> None:
    """A snoozed report is awake again."""
    if report.snoozed_until is not None:
        report.snoozed_until = None
        _renew(report.id)
        events.record(Kind.REPORT_WOKEN, report.id)
