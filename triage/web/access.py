"""Who is signed in, and which right a view asks for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import ParamSpec, TypeVar

from flask import current_app, g, request, session

from triage import clock, passwords
from triage.actions import sessions
from triage.db import run_in_transaction
from triage.errors import N_, Forbidden, TriageError
from triage.models import Operator, StaffSession
from triage.queries import sessions as living
from triage.rights import Right
from triage.web import PUBLIC_ENDPOINTS, bearer

P = ParamSpec("P")
R = TypeVar("R")

SID = "sid"  # the session cookie's only secret
TOUCH_EVERY = timedelta(minutes=1)
# What a page asks by itself, with nobody at the keys: it must not keep a session alive or a silent holder awake.
BY_ITSELF = "Triage-By-Itself"
PROGRAMS = "api"  # the blueprint of the JSON API: a token, or for reading a session
# Nobody is signed in here, so the database need not be there to say who: the citizens' doors stay open without it.
NEEDS_NOBODY = frozenset({
    "static", "health.alive", "health.ready", "health.metrics", "webhooks.receive", "files.leave",
    "webhooks.bring", "webhooks.poll", "webhooks.fetch", "webhooks.report",
    "intake.start", "intake.step", "intake.leave", "back.door", "back.come_back",
})


class SignedOut(TriageError):
    """The asker is not signed in, or not any more."""

    code, status = "signed_out", 401
    sentence = N_("You are signed out. Sign in again; nothing you typed is lost.")


def load() -> None:
    """Before each request: set `g.operator` and `g.session_hash` or `g.token`, and note that the person is there."""
    g.operator, g.session_hash, g.ui_language, g.token = None, None, None, None
    if request.endpoint in NEEDS_NOBODY or (request.blueprint == PROGRAMS and _by_token()):
        return
    found = _found()
    if found is None:
        return
    row, operator = found
    g.operator, g.session_hash, g.ui_language = operator, row.token_hash, operator.ui_language
    if not _asked_by_itself() and clock.now() - row.last_seen_at >= TOUCH_EVERY:
        token_hash, operator_id = row.token_hash, operator.id
        run_in_transaction(lambda: sessions.touch(token_hash, operator_id))


def _by_token() -> bool:
    """Whether only a token counts: one was shown, or something shall be changed, which no cookie may do here."""
    shown = bearer.shown()
    if shown is not None:
        g.token, g.operator = shown
    return shown is not None or request.method in bearer.CHANGING


def _found() -> tuple[StaffSession, Operator] | None:
    sid = session.get(SID)
    return living.signed_in(passwords.fingerprint(sid)) if isinstance(sid, str) else None


def _asked_by_itself() -> bool:
    return BY_ITSELF in request.headers or request.blueprint == PROGRAMS


def signed_in() -> Operator | None:
    """The person of the session cookie, asked afresh: for doors that `load` does not stand before."""
    found = _found()
    return found[1] if found else None


def actor() -> Operator:
    """The signed-in person. Raises SignedOut."""
    operator: Operator | None = g.get("operator")
    if operator is None:
        raise SignedOut
    return operator


def cut_sockets(operator_id: int) -> None:
    """Close a person's live connections of this process; pages whose session still lives connect again."""
    current_app.extensions["live"].end(operator_id)


def admits(right: Right) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a view be reached by people who have `right`; others get SignedOut or Forbidden."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not actor().may(right):
                raise Forbidden
            return view(*args, **kwargs)

        guarded.admits = right  # type: ignore[attr-defined]  # read by tests and deny_by_default
        return guarded

    return mark


def deny_by_default() -> None:
    """Before each request: a view that names no right and is not public is for nobody."""
    endpoint = request.endpoint
    if endpoint is None or endpoint == "static" or endpoint in PUBLIC_ENDPOINTS:
        return
    if not hasattr(current_app.view_functions[endpoint], "admits"):
        raise Forbidden
