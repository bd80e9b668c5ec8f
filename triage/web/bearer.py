"""The bearer token of a program: whose it is, and the brakes on wrong tokens and on changes.

Each web process counts for itself, in memory: a brake that had to ask Redis would stand still with it.
A right token passes whatever its network did before: a whole desk may sit behind one address.
"""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from flask import request

from triage import clock, context, passwords
from triage.actions import tokens
from triage.db import run_in_transaction
from triage.errors import N_, TriageError
from triage.models import ApiToken, Operator
from triage.queries import tokens as known
from triage.web import pace

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
WRONG, WRONG_IN = 20, timedelta(minutes=15)
CHANGES_IN = timedelta(minutes=1)
TOUCH_EVERY = timedelta(minutes=1)
MOST_CHARACTERS = 200


class TokenNeeded(TriageError):
    """A change by a program without a token: a cookie is no way to change anything here."""

    code, status = "token_needed", 401
    sentence = N_("Show an API token (Authorization: Bearer …). A signed-in browser may only read here.")


class BadToken(TriageError):
    """The token is unknown, has expired or was ended, or its person is not active."""

    code, status = "bad_token", 401
    sentence = N_("This token does not work: it has expired, was ended, or never was. Ask your admin for a new one.")


class TooOften(TriageError):
    """A brake. params: seconds (to wait)."""

    code, status = "too_often", 429
    sentence = N_("That was too often. Wait %(seconds)s s, then try again.")


def shown() -> tuple[ApiToken, Operator] | None:
    """The request's token and its person; None where it shows none. Raises BadToken or TooOften."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    found = known.shown(passwords.fingerprint(secret.strip())) if len(secret) <= MOST_CHARACTERS else None
    if found is None:
        _brake("wrong tokens", WRONG_IN, pace.asker(), WRONG)
        raise BadToken
    changes = request.method in CHANGING
    if changes:
        _brake("token changes", CHANGES_IN, str(found[0].id), context.settings().api_writes_per_minute)
    _touch(*found, active=changes)
    return found


def _brake(name: str, window: timedelta, who: str, most: int) -> None:
    counted = pace.of_app(name, window)
    wait = counted.wait(who, most)
    if wait > timedelta():
        raise TooOften(seconds=max(1, ceil(wait.total_seconds())))
    counted.add(who)


def _touch(token: ApiToken, operator: Operator, *, active: bool) -> None:
    """Once a minute is enough. Changes keep their person from falling silent, reading does not."""
    now, number, operator_id = clock.now(), token.id, operator.id
    late = token.last_used_at is None or now - token.last_used_at >= TOUCH_EVERY
    silent = active and (operator.last_seen_at is None or now - operator.last_seen_at >= TOUCH_EVERY)
    if late or silent:
        run_in_transaction(lambda: tokens.touch(number, operator_id, active=active))
