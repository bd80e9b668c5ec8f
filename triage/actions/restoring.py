"""A desk that came back from a copy: what it would do by itself is stopped until a person has looked.

The copy is older than the world. What was on its way out then may have left since; who was signed in, invited
or had a token then may not be any more; and nobody's silence in between means anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from triage import clock, events
from triage.actions import deliveries, matters, sessions, tokens
from triage.actions.deliveries import Settlement
from triage.db import LOCK, db
from triage.events import Kind
from triage.models import ApiToken, Delivery, DeliveryAttempt, Desk, Invitation, StaffSession
from triage.models.deliveries import WAITING

WHY = "restored from a copy"


@dataclass(frozen=True)
class Stopped:
    """How many there were of each."""

    uncertain: int
    sessions: int
    invitations: int
    tokens: int


def make_safe(made_at: str) -> Stopped:
    """Answers on their way become uncertain, leases freeze, sessions, invitations and tokens end; recorded.

    `made_at` is when the copy was made.
    """
    events.record(Kind.DESK_RESTORED, None, None, made_at=made_at)
    stopped = Stopped(_doubt(), _end_sessions(), _end_invitations(), _end_tokens())
    _freeze()
    return stopped


def _doubt() -> int:
    """Nobody knows what became of what was on its way: a person decides each (safety.md, F14)."""
    running = select(DeliveryAttempt.id).where(DeliveryAttempt.finished_at.is_(None)).order_by(DeliveryAttempt.id)
    begun = db.session.scalars(running).all()
    for attempt_id in begun:
        deliveries.settle(attempt_id, Settlement("unknown", error=WHY))
    waiting = select(Delivery).where(Delivery.state.in_(WAITING)).order_by(Delivery.report_id, Delivery.id)
    waited = db.session.scalars(waiting).all()
    for delivery in waited:
        report = matters.lock(delivery.report_id)
        delivery.state, delivery.last_error = "uncertain", WHY
        delivery.next_attempt_at, delivery.settled_at = None, clock.now()
        events.record(Kind.DELIVERY_UNCERTAIN, delivery.report_id, delivery=delivery.id)
        matters.reckon(report)
    return len(begun) + len(waited)


def _end_sessions() -> int:
    owners = db.session.scalars(select(StaffSession.operator_id).distinct().order_by(StaffSession.operator_id)).all()
    return sum(sessions.end_all(owner) for owner in owners)


def _end_invitations() -> int:
    """A link that was used since would work again."""
    unused = db.session.scalars(select(Invitation).where(Invitation.used_at.is_(None)).order_by(Invitation.id)).all()
    for one in unused:
        one.used_at = clock.now()
        events.record(Kind.OPERATOR_CHANGED, None, None, operator=one.operator_id, changed=["invitation_ended"])
    return len(unused)


def _end_tokens() -> int:
    """A token that was ended since, because somebody lost it, would work again."""
    owners = select(ApiToken.operator_id).where(ApiToken.ended_at.is_(None)).distinct().order_by(ApiToken.operator_id)
    return sum(tokens.end_all(owner, "ended") for owner in db.session.scalars(owners).all())


def _freeze() -> None:
    desk = db.session.get_one(Desk, 1, with_for_update=LOCK)
    if desk.leases_frozen_at is None:
        desk.leases_frozen_at, desk.freeze_reason = clock.now(), "restored"
        events.record(Kind.LEASES_FROZEN, None, None, reason="restored")

