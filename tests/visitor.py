"""Somebody at a browser without script: signs in, reads pages, fills in the forms that stand on them."""

from __future__ import annotations

import re
from html import unescape

from flask import Flask
from werkzeug.test import TestResponse

from triage import passwords
from triage.db import run_in_transaction
from triage.models import Operator

PASSWORD = "correct horse battery staple"
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
FIELD = re.compile(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"')


class Visitor:
    """One person's browser."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()
        self._token = ""

    def get(self, path: str) -> TestResponse:
        """Read a page, following redirects; remembers its CSRF token."""
        return self._read(self._client.get(path, follow_redirects=True))

    def post(self, path: str, **fields: object) -> TestResponse:
        """Send a form with the token of the page read last, following redirects."""
        form = {"csrf_token": self._token, **{name: str(value) for name, value in fields.items()}}
        return self._read(self._client.post(path, data=form, follow_redirects=True))

    def _read(self, response: TestResponse) -> TestResponse:
        found = TOKEN.search(response.text) if response.mimetype == "text/html" else None
        self._token = unescape(found.group(1)) if found else self._token
        return response


def sign_in(app: Flask, operator: Operator) -> Visitor:
    """A browser in which `operator` has signed in through the form."""
    email, hashed = operator.email, passwords.hashed(PASSWORD, "low")
    run_in_transaction(lambda: setattr(operator, "password_hash", hashed))
    visitor = Visitor(app)
    visitor.get("/login")
    answer = visitor.post("/login", email=email, password=PASSWORD)
    assert answer.status_code == 200, answer.text
    return visitor


def hidden(page: TestResponse) -> dict[str, str]:
    """The hidden fields of a page: name -> value (of equal names, the last)."""
    return {unescape(name): unescape(value) for name, value in FIELD.findall(page.text)}
