"""Who is signed in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from triage import clock
from triage.db import db
from triage.models import Operator, StaffSession

IDLE = timedelta(minutes=60)  # an operator on shift may read for a while


def signed_in(token_hash: str) -> tuple[StaffSession, Operator] | None:
    """The session with this hash and its person; None where it is over or the person is not active."""
    now = clock.now()
    row = db.session.execute(
        select(StaffSession, Operator).join(Operator, Operator.id == StaffSession.operator_id)
        .where(StaffSession.token_hash == token_hash, Operator.active)
        .where(StaffSession.expires_at > now, StaffSession.last_seen_at > now - IDLE)
    ).first()
    return (row[0], row[1]) if row else None


def of_operator(operator_id: int) -> Sequence[StaffSession]:
    """A person's living sessions, the one used last first."""
    now = clock.now()
    return db.session.scalars(
        select(StaffSession).where(StaffSession.operator_id == operator_id, StaffSession.expires_at > now)
        .where(StaffSession.last_seen_at > now - IDLE).order_by(StaffSession.last_seen_at.desc())
    ).all()
