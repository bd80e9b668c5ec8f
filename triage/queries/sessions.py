"""Who is signed in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import bindparam, or_, select

from triage import clock
from triage.db import db
from triage.events import Kind
from triage.models import Event, Operator, StaffSession
from triage.statements import execute

IDLE = timedelta(minutes=60)  # an operator on shift may read for a while
HISTORY = Event.__table__.c
# Built once: every web process asks this many times a second.
PARTED = select(HISTORY.data).where(
    HISTORY.seq > bindparam("after"), HISTORY.seq <= bindparam("upto"),
    or_(HISTORY.kind == Kind.SESSION_ENDED, HISTORY.kind == Kind.OPERATOR_CHANGED))


def signed_in(token_hash: str) -> tuple[StaffSession, Operator] | None:
    """The session with this hash and its person; None where it is over or the person is not active."""
    now = clock.now()
    row = db.session.execute(
        select(StaffSession, Operator).join(Operator, Operator.id == StaffSession.operator_id)
        .where(StaffSession.token_hash == token_hash, Operator.active)
        .where(StaffSession.expires_at > now, StaffSession.last_seen_at > now - IDLE)
    ).first()
    return (row[0], row[1]) if row else None


def own(actor: Operator) -> Sequence[StaffSession]:
    """The actor's living sessions, the one used last first."""
    now = clock.now()
    return db.session.scalars(
        select(StaffSession).where(StaffSession.operator_id == actor.id, StaffSession.expires_at > now)
        .where(StaffSession.last_seen_at > now - IDLE).order_by(StaffSession.last_seen_at.desc())
    ).all()


def parted(after: int, upto: int) -> set[int]:
    """Whose sessions ended or whose rights changed in the events above `after`, up to `upto`."""
    found = execute(PARTED, {"after": after, "upto": upto}).scalars()
    return {number for data in found if isinstance(number := data.get("operator"), int)}
