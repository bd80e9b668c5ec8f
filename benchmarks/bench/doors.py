"""Signed-in people without the sign-in: a session row, its cookie and the token of its forms."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf

from benchmarks.bench import load
from benchmarks.bench.sites import Desk
from triage import passwords
from triage.actions import sessions
from triage.db import run_in_transaction
from triage.web.access import SID


@dataclass(frozen=True)
class Visitor:
    """A browser of one operator."""

    cookie: str
    token: str
    origin: str

    def post(self, path: str, fields: dict[str, str]) -> bytes:
        """The bytes of one form as their page would send it, by script."""
        body = urlencode({"csrf_token": self.token, **fields}).encode()
        return load.post(path, body, "application/x-www-form-urlencoded", Cookie=self.cookie, Origin=self.origin,
                         X_Requested_With="fetch")


def visitor(desk: Desk, operator_id: int) -> Visitor:
    """Somebody who signed in a moment ago. To be called inside the desk's context."""
    secret = passwords.token()
    run_in_transaction(lambda: sessions.open(operator_id, passwords.fingerprint(secret), "benchmark"))
    origin = f"http://127.0.0.1:{desk.port}"
    with desk.app.test_request_context(base_url=origin):
        session[SID] = secret
        token = generate_csrf()
        signer = SecureCookieSessionInterface().get_signing_serializer(desk.app)
        assert signer is not None  # noqa: S101 - the desk has a key
        return Visitor(f"{desk.app.config['SESSION_COOKIE_NAME']}={signer.dumps(dict(session))}", token, origin)
