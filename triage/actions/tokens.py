"""API tokens: made once, shown once, ended for ever."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import update

from triage import clock, events, passwords
from triage.actions import sessions
from triage.db import db
from triage.errors import N_, BadInput, NotFound
from triage.events import Kind
from triage.models import ApiToken, Operator
from triage.models.tokens import SCOPES

PREFIX = "triage_"  # so that a scanner for secrets knows one when it sees one
USUAL_DAYS, MOST_DAYS, MOST_NAME = 90, 366, 80

BAD_DAYS = N_("How many days must be a whole number from 1 to %(most)s.")
BAD_SCOPE = N_("Choose at least one scope: read, write.")
BAD_NAME = N_("A token needs a name, at most %(most)s characters.")


def make(operator_id: int, name: str, *, days: int = USUAL_DAYS, scopes: Collection[str] = SCOPES,
         by: int | None = None) -> str:
    """A new token's secret, shown this once and stored as its SHA-256. `by` None is the command line.

    Raises BadInput, or NotFound where the person does not exist or is not active.
    """
    owner = db.session.get(Operator, operator_id)
    if owner is None or not owner.active:
        raise NotFound
    _check(name, days, scopes)
    now, secret = clock.now(), PREFIX + passwords.token()
    made = ApiToken(operator_id=operator_id, name=name, token_hash=passwords.fingerprint(secret),
                    scopes=frozenset(scopes), created_at=now, expires_at=now + timedelta(days=days))
    db.session.add(made)
    db.session.flush()
    events.record(Kind.TOKEN_MADE, None, by, operator=operator_id, token=made.id, scopes=sorted(scopes))
    return secret


def _check(name: str, days: int, scopes: Collection[str]) -> None:
    if not 0 < len(name.strip()) <= MOST_NAME or not name.isprintable():
        raise BadInput(BAD_NAME, "name", most=MOST_NAME)
    if not 1 <= days <= MOST_DAYS:
        raise BadInput(BAD_DAYS, "days", most=MOST_DAYS)
    if not scopes or set(scopes) - set(SCOPES):
        raise BadInput(BAD_SCOPE, "scope")


def touch(token_id: int, operator_id: int, *, active: bool) -> None:
    """The token was used just now; `active`: to change something, so its person is not silent."""
    now = clock.now()
    db.session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now))
    if active:
        sessions.seen(operator_id)


def end(token_id: int) -> bool:
    """End a token, whoever's it is: for the command line. Whether there was a living one."""
    return _end(ApiToken.id == token_id, "ended", None) > 0


def end_own(token_id: int, actor: Operator) -> None:
    """End one of the actor's own tokens; somebody else's number does nothing."""
    _end((ApiToken.id == token_id) & (ApiToken.operator_id == actor.id), "ended", actor.id)


def end_all(operator_id: int, reason: str, by: int | None = None) -> int:
    """End every token of a person, because of a new `password` or being `switched_off`; how many there were."""
    return _end(ApiToken.operator_id == operator_id, reason, by)


def _end(which: object, reason: str, by: int | None) -> int:
    alive = update(ApiToken).where(which, ApiToken.ended_at.is_(None))  # type: ignore[arg-type]  # any condition
    ended = db.session.execute(
        alive.values(ended_at=clock.now(), end_reason=reason).returning(ApiToken.id, ApiToken.operator_id)
    ).all()
    for number, owner in ended:
        events.record(Kind.TOKEN_ENDED, None, by, operator=owner, token=number, reason=reason)
    return len(ended)
