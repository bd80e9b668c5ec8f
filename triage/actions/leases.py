"""Leases: a silent holder loses an unanswered report to the queue; an outage must not scatter it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, select, update

from triage import clock, context, events
from triage.actions import assignments, matters
from triage.db import db
from triage.events import Kind
from triage.models import Assignment, Delivery, Desk, Operator, Report
from triage.models.deliveries import UNFINISHED

OUTAGE = timedelta(minutes=3)  # sweeps come every few seconds: a longer gap means that we were down
SILENT = timedelta(minutes=5)
TOGETHER = timedelta(minutes=1)
FIFTH = 5


def sweep() -> int:
    """Return reports whose lease ran out, unless the clocks are frozen or must freeze now; how many."""
    desk = db.session.get_one(Desk, 1, with_for_update=True)
    now = clock.now()
    gap = now - desk.last_sweep_at if desk.last_sweep_at else timedelta()
    desk.last_sweep_at = now
    if desk.leases_frozen_at is None and _any_leased():
        reason = "outage" if gap > OUTAGE else "silence" if silent_together(now) else None
        if reason is not None:
            _freeze(desk, reason)
    return 0 if desk.leases_frozen_at is not None else _expire(now)


def _freeze(desk: Desk, reason: str) -> None:
    desk.leases_frozen_at, desk.freeze_reason = clock.now(), reason
    events.record(Kind.LEASES_FROZEN, None, None, reason=reason)


def resume(actor: Operator) -> None:
    """A coordinator lets the clocks run again; every lease begins anew."""
    matters.require_coordinator(actor)
    desk = db.session.get_one(Desk, 1, with_for_update=True)
    if desk.leases_frozen_at is None:
        return
    desk.leases_frozen_at, desk.freeze_reason = None, None
    now = clock.now()
    db.session.execute(update(Assignment).where(Assignment.ended_at.is_(None)).values(last_active_at=now))
    db.session.execute(update(Operator).where(Operator.shift != "off").values(last_seen_at=now))
    events.record(Kind.LEASES_RESUMED, None, actor.id)


def silent_together(now: datetime) -> bool:
    """Whether over a fifth of the people on shift, and at least two, fell silent within a minute of each other."""
    query = select(Operator.last_seen_at).where(Operator.shift != "off", Operator.active,
                                                Operator.last_seen_at.is_not(None))
    seen = sorted(at for at in db.session.scalars(query) if at is not None)
    silent = [at for at in seen if at < now - SILENT]
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
    expired = db.session.scalars(_leased().where(Assignment.last_active_at < since).order_by(Assignment.id)).all()
    for held in expired:
        report = matters.lock(held.report_id)
        assignments.put_back(report, held, "lease")
        events.record(Kind.REPORT_LEASE_ENDED, report.id, None, assignment=held.id, was=held.operator_id)
    return len(expired)


def wake_snoozed() -> int:
    """End snoozes whose time has come; how many."""
    due = select(Report.id).where(Report.snoozed_until <= clock.now(), Report.status != "closed")
    ids = db.session.scalars(due).all()
    for report_id in ids:
        report = matters.lock(report_id)
        matters.wake(report)
        held = matters.holding(report_id)
        if held is not None:
            held.last_active_at = clock.now()
    return len(ids)
