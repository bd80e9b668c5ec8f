"""Signed tokens of the citizens' forms: CSRF check, dedupe key and stopwatch in one, without a cookie.

A citizen whose browser refuses cookies must be able to report, and a form posted twice must be one
report. So each form carries a token which this desk minted and signed when it showed the form. It
is checked by every view marked `@checked`, which is these forms' answer to house rule 8: they act
for nobody's session, so a token bound to the form and its purpose protects as much as one bound to
a cookie (docs/decisions/007). `security` refuses a POST from another site besides, as for every form.
"""

from __future__ import annotations

import functools
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ParamSpec, TypeVar

from flask import current_app, request
from itsdangerous import BadData, URLSafeSerializer

from triage import clock

P = ParamSpec("P")
R = TypeVar("R")

FIELD = "form"
FOUND = "triage.form_token"  # where a request keeps what was found in that field
NONCE_BYTES = 16


@dataclass(frozen=True)
class FormToken:
    """A token that was minted here, for this purpose, and is not too old. `value` names the form for ever."""

    value: str
    minted_at: datetime

    @property
    def age(self) -> timedelta:
        """How long ago the form was first shown."""
        return clock.now() - self.minted_at

    def naming(self, words: str) -> str:
        """A name for `words` sent with this form: twice the same is one message, changed words are another."""
        return f"{self.value}.{hashlib.sha256(words.encode('utf-8', 'replace')).hexdigest()[:8]}"


def mint(purpose: str, value: str | None = None) -> str:
    """A fresh signed token for one form, or around a `value` that must come back unchanged."""
    return _signer(purpose).dumps([value or secrets.token_urlsafe(NONCE_BYTES), int(clock.now().timestamp())])


def read(purpose: str, text: str, lasts: timedelta) -> FormToken | None:
    """The token in `text`, None where it is missing, forged, for another purpose or older than `lasts`."""
    try:
        value, seconds = _signer(purpose).loads(text)
        token = FormToken(str(value), datetime.fromtimestamp(seconds, UTC))
    except (BadData, ValueError, TypeError, OverflowError, OSError):
        return None
    return token if token.age <= lasts else None


def checked(purpose: str, lasts: timedelta) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a public POST view and let it ask `given()`: None where the form cannot be trusted.

    The view then shows the same form again, with all answers and a fresh token, and stores nothing.
    """

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(view)
        def checking(*args: P.args, **kwargs: P.kwargs) -> R:
            request.environ[FOUND] = read(purpose, request.form.get(FIELD, ""), lasts)
            return view(*args, **kwargs)

        checking.checks_form_token = True  # type: ignore[attr-defined]  # read by security.Csrf
        return checking

    return mark


def given() -> FormToken | None:
    """The token of the form this request posts, as `checked` found it; None outside such a view."""
    token: FormToken | None = request.environ.get(FOUND)
    return token


def _signer(purpose: str) -> URLSafeSerializer:
    return _made(str(current_app.secret_key), f"triage form {purpose}")


@functools.lru_cache(maxsize=64)
def _made(key: str, salt: str) -> URLSafeSerializer:
    """Made once for a key and a purpose, not with every form."""
    return URLSafeSerializer(key, salt=salt)
