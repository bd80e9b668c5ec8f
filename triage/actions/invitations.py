"""Invitations: links by which a person sets their own password, once."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from triage import clock, events, passwords
from triage.actions import granting, sessions, tokens
from triage.db import db
from triage.errors import N_, BadInput, NotFound
from triage.events import Kind
from triage.models import Invitation, Operator

LASTS = timedelta(days=7)
USED_UP = N_("This link was used already, was replaced by a newer one, or is older than 7 days. "
             "Ask your coordinator for a new one.")


def invite(operator_id: int, actor: Operator | None = None) -> str:
    """A new link's token, shown once and stored as its SHA-256. Earlier unused links stop working.

    `actor` None is the command line; else Forbidden unless they may change the person.
    """
    invited = db.session.get(Operator, operator_id)
    if invited is None or not invited.active:
        raise NotFound
    granting.require(actor, invited.roles)
    now, token = clock.now(), passwords.token()
    unused = update(Invitation).where(Invitation.operator_id == operator_id, Invitation.used_at.is_(None))
    db.session.execute(unused.values(used_at=now))
    db.session.add(Invitation(token_hash=passwords.fingerprint(token), operator_id=operator_id, created_at=now,
                              expires_at=now + LASTS))
    events.record(Kind.OPERATOR_CHANGED, None, actor.id if actor else None, operator=operator_id, changed=["invited"])
    return token


def accept(token: str, password_hash: str) -> Operator:
    """Use the link up and set the password; every other session and API token of the person ends.

    Raises BadInput where the link was used, replaced, is too old, or never was. Two people with the
    same link: one wins, by one guarded statement.
    """
    now = clock.now()
    owner = db.session.execute(
        update(Invitation).where(Invitation.token_hash == passwords.fingerprint(token))
        .where(Invitation.used_at.is_(None), Invitation.expires_at > now)
        .values(used_at=now).returning(Invitation.operator_id)
    ).scalar()
    invited = db.session.scalar(select(Operator).where(Operator.id == owner, Operator.active))
    if invited is None:
        raise BadInput(USED_UP, "token")
    invited.password_hash = password_hash
    events.record(Kind.PASSWORD_SET, None, invited.id, operator=invited.id)
    sessions.end_all(invited.id, by=invited.id)
    tokens.end_all(invited.id, "password", by=invited.id)
    return invited
