"""What machines ask about: counts and ages, no ids, no names, no words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute

from triage import clock, events
from triage.db import Base, db
from triage.models import Delivery, DeliveryAttempt, Desk, InboundItem, Report
from triage.models.deliveries import UNFINISHED
from triage.queries import ledger, outbox

Counts = Mapping[tuple[str, ...], int]
DOUBTFUL = ("uncertain", "failed")


@dataclass(frozen=True)
class Present:
    """What changes from second to second, each found by an index. Ages are in seconds, 0 where there is nothing."""

    unanswered_age: float
    due_age: float
    outbox: Counts  # by state: waiting, being sent, or for a person to decide
    pending: int
    pending_age: float
    quarantined: int
    head: int
    leases_frozen: bool


@dataclass(frozen=True)
class Totals:
    """What needs a look at whole tables."""

    reports: Counts  # by status
    inbound: Counts  # by state and result
    attempts: Counts  # by channel and outcome
    ledger_difference: int


def present() -> Present:
    """The figures of this moment."""
    now = clock.now()
    oldest = select(func.min(Report.unanswered_since)).where(Report.status.in_(("open", "assigned")))
    _, due = outbox.overdue()
    unread = select(func.count(), func.min(InboundItem.received_at)).where(InboundItem.state == "received")
    pending, since = db.session.execute(unread).one()
    watched = (*UNFINISHED, *DOUBTFUL)
    frozen = db.session.scalar(select(Desk.leases_frozen_at))
    return Present(
        unanswered_age=_age(db.session.scalar(oldest), now), due_age=_age(due, now),
        outbox={**{(state,): 0 for state in watched}, **_by(Delivery, Delivery.state, states=watched)},
        pending=pending, pending_age=_age(since, now), head=events.head(), leases_frozen=frozen is not None,
        quarantined=_by(InboundItem, InboundItem.state, states=("quarantined",)).get(("quarantined",), 0),
    )


def totals() -> Totals:
    """The figures of the whole evening."""
    tries = select(Delivery.channel, DeliveryAttempt.outcome, func.count()).join(
        Delivery, Delivery.id == DeliveryAttempt.delivery_id).where(DeliveryAttempt.outcome.is_not(None))
    outcomes = db.session.execute(tries.group_by(Delivery.channel, DeliveryAttempt.outcome))
    return Totals(
        reports=_by(Report, Report.status), inbound=_by(InboundItem, InboundItem.state, InboundItem.result),
        attempts={(channel, str(outcome)): number for channel, outcome, number in outcomes},
        ledger_difference=ledger.ledger().difference,
    )


def _by(model: type[Base], *columns: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
        states: tuple[str, ...] = ()) -> Counts:
    query = select(*columns, func.count()).select_from(model).group_by(*columns)
    found = db.session.execute(query.where(columns[0].in_(states)) if states else query)
    return {tuple(str(word or "none") for word in row[:-1]): int(row[-1] or 0) for row in found}


def _age(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0
