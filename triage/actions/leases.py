"""Leases: a silent holder loses an unanswered report to the queue; an outage must not scatter it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, select, update

from triage import clock, context, events
from triage.actions import assignments, matters
from triage.db import LOCK, db
from triage.events import Kind
from triage.models import Assignment, Delivery, Desk, Operator, Report
from triage.models.deliveries import UNFINISHED
from triage.queries import scope
from triage.rights import Right

OUTAGE = timedelta(minutes=3)  # sweeps come every few seconds: a longer gap means that we were down
SILENT = timedelta(minutes=5)
TOGETHER = timedelta(minutes=1)
FIFTH = 5


def sweep() -> int:
    """Return reports whose lease ran out, unless the clocks are frozen or must freeze now; how many."""
    desk = db.session.get_one(Desk, 1, with_for_update=LOCK)
    now = clock.now()
    gap = now - desk.last_sweep_at if desk.last_sweep_at else timedelta()
    desk.last_sweep_at = now
    if desk.leases_frozen_at is None and _any_leased():
        silent = silent_together(now, desk.leases_resumed_at)
        reason = "outage" if gap > OUTAGE else "silence" if silent else None
        if reason is not None:
            _freeze(desk, reason)
    return 0 if desk.leases_frozen_at is not None else _expire(now)


def _freeze(desk: Desk, reason: str) -> None:
    desk.leases_frozen_at, desk.freeze_reason = clock.now(), reason
    events.record(Kind.LEASES_FROZEN, None, None, reason=reason)


def resume(actor: Operator) -> None:
    """A coordinator lets the clocks run again; every lease begins anew."""
    scope.require(actor, Right.RESUME_LEASES)
    desk = db.session.get_one(Desk, 1, with_for_update=LOCK)
    if desk.leases_frozen_at is None:
        return
    desk.leases_frozen_at, desk.freeze_reason = None, None
    desk.leases_resumed_at = now = clock.now()
    db.session.execute(update(Assignment).where(Assignment.ended_at.is_(None)).values(last_active_at=now))
    events.record(Kind.LEASES_RESUMED, None, actor.id)


def silent_together(now: datetime, resumed_at: datetime | None = None) -> bool:
    """Whether over a fifth of the people on shift, and at least two, fell silent within a minute of each other.

    Whoever was silent before `resumed_at` is known to the coordinator who let the clocks run.
    """
    query = select(Operator.last_seen_at).where(Operator.shift != "off", Operator.active,
                                                Operator.last_seen_at.is_not(None))
    seen = sorted(at for at in db.session.scalars(query) if at is not None)
    silent = [at for at in seen if at < now - SILENT and (resumed_at is None or at > resumed_at)]
    return max((_within(silent, first) for first in silent), default=0) > max(1, len(seen) // FIFTH)


def _within(moments: Sequence[datetime], first: datetime) -> int:
    return sum(first <= at <= first + TOGETHER for at in moments)


def _any_leased() -> bool:
    return db.session.scalar(_leased().limit(1)) is not None


def _leased() -> Select[Assignment]:
    unfinished = select(Delivery.id).where(Delivery.report_id == Report.id, Delivery.purpose == "reply",
                                           Delivery.state.in_(UNFINISHED)).exists()
    query = select(Assignment).join(Report, Report.id == Assignment.report_id)
    return query.where(Assignment.ended_at.is_(None), Report.unanswered_since.is_not(None),
                       Report.snoozed_until.is_(None), ~unfinished)


def _expire(now: datetime) -> int:
    since = now - timedelta(minutes=context.settings().lease_minutes)
    late = _leased().where(Assignment.last_active_at < since)
    found = matters.lock_primaries(db.session.scalars(late.with_only_columns(Assignment.report_id)))
    return sum(_take_back(report, late) for _, report in sorted(found.items()))


def _take_back(report: Report, late: Select[Assignment]) -> bool:
    held = db.session.scalar(late.where(Report.id == report.id).execution_options(populate_existing=True))
    if held is None:
        return False  # they did something, or gave it away, while we waited for the lock
    assignments.put_back(report, held, "lease")
    events.record(Kind.REPORT_LEASE_ENDED, report.id, None, assignment=held.id, was=held.operator_id)
    return True


def wake_snoozed() -> int:
    """End snoozes whose time has come; how many."""
    now = clock.now()
    due = select(Report.id).where(Report.snoozed_until <= now, Report.status != "closed")
    return sum(_wake(report, now) for _, report in sorted(matters.lock_primaries(db.session.scalars(due)).items()))


def _wake(report: Report, now: datetime) -> bool:
    if report.snoozed_until is None or report.snoozed_until > now:
        return False
    matters.wake(report)
    return True
