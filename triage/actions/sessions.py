"""Signed-in browsers: rows, so that each can be ended from here at once."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, or_, update

from triage import clock, context, events
from triage.db import db
from triage.events import Kind
from triage.models import Operator, StaffSession
from triage.queries.sessions import IDLE

MOST_AGENT = 120


def open(operator_id: int, token_hash: str, user_agent: str) -> StaffSession:  # noqa: A001 - sessions.open
    """A new session that lasts the desk's `session_hours` at most."""
    now = clock.now()
    opened = StaffSession(
        token_hash=token_hash, operator_id=operator_id, user_agent=user_agent[:MOST_AGENT], created_at=now,
        last_seen_at=now, expires_at=now + timedelta(hours=context.settings().session_hours),
    )
    db.session.add(opened)
    seen(operator_id)
    db.session.flush()
    return opened


def open_by_password(operator_id: int, proven: str, token_hash: str, user_agent: str) -> bool:
    """A new session for who has shown the password with the hash `proven`.

    False, and none, where that is their password no more or they were switched off: showing it takes long,
    and what ends every session must end this one, too.
    """
    still = update(Operator).where(Operator.id == operator_id, Operator.active, Operator.password_hash == proven)
    if db.session.execute(still.values(last_seen_at=clock.now()).returning(Operator.id)).scalar() is None:
        return False
    open(operator_id, token_hash, user_agent)
    return True


def touch(token_hash: str, operator_id: int) -> None:
    """The person did something just now. A session that was ended meanwhile stays ended."""
    alive = update(StaffSession).where(StaffSession.token_hash == token_hash)
    db.session.execute(alive.values(last_seen_at=clock.now()))
    seen(operator_id)


def seen(operator_id: int) -> None:
    """The person is there: they are not silent."""
    db.session.execute(update(Operator).where(Operator.id == operator_id).values(last_seen_at=clock.now()))


def end(token_hash: str) -> None:
    """Signed out: the cookie opens nothing any more. Nothing happens where it was ended before."""
    owner = db.session.execute(
        delete(StaffSession).where(StaffSession.token_hash == token_hash).returning(StaffSession.operator_id)
    ).scalar()
    if owner is not None:
        events.record(Kind.SESSION_ENDED, None, owner, operator=owner, count=1)


def end_own(session_id: int, actor: Operator) -> None:
    """End one of the actor's own sessions; somebody else's number does nothing."""
    mine = StaffSession.id == session_id, StaffSession.operator_id == actor.id
    if db.session.execute(delete(StaffSession).where(*mine).returning(StaffSession.id)).scalar() is not None:
        events.record(Kind.SESSION_ENDED, None, actor.id, operator=actor.id, count=1)


def end_others(actor: Operator, but: str) -> int:
    """End every session of the actor except the one with the token hash `but`; how many there were."""
    return end_all(actor.id, but=but, by=actor.id)


def end_all(operator_id: int, but: str | None = None, by: int | None = None) -> int:
    """End every session of a person, except the one with the token hash `but`; how many there were."""
    which = StaffSession.operator_id == operator_id, StaffSession.token_hash != (but or "")
    ended = db.session.scalars(delete(StaffSession).where(*which).returning(StaffSession.id)).all()
    if ended:
        events.record(Kind.SESSION_ENDED, None, by, operator=operator_id, count=len(ended))
    return len(ended)


def purge() -> int:
    """Forget sessions that are over anyway, and say so, because a socket outlives its session; how many there were."""
    now = clock.now()
    over = or_(StaffSession.expires_at <= now, StaffSession.last_seen_at <= now - IDLE)
    owners = db.session.scalars(delete(StaffSession).where(over).returning(StaffSession.operator_id)).all()
    for owner in sorted(set(owners)):
        events.record(Kind.SESSION_ENDED, None, None, operator=owner, count=owners.count(owner))
    return len(owners)
