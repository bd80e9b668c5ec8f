"""A browser for tests of the web: cookies, the form token, and every answer as it comes, redirects too."""

from __future__ import annotations

import re
from html import unescape

from flask import Flask
from werkzeug.test import TestResponse

from tests.visitor import PASSWORD, TOKEN
from triage import passwords
from triage.db import run_in_transaction
from triage.models import Operator


class Browser:
    """One browser without script; keeps cookies and the CSRF token of the page read last."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.token = ""

    def get(self, path: str, **options: object) -> TestResponse:
        """Read a page, without following redirects."""
        return self._ask("GET", path, **options)

    def post(self, path: str, data: dict[str, object] | None = None, **options: object) -> TestResponse:
        """Send a form with the token, without following redirects."""
        return self._ask("POST", path, data={"csrf_token": self.token, **(data or {})}, **options)

    def _ask(self, method: str, path: str, **options: object) -> TestResponse:
        answer: TestResponse = self.client.open(path, method=method, **options)
        found = TOKEN.search(answer.text) if answer.mimetype == "text/html" else None
        self.token = unescape(found.group(1)) if found else self.token
        return answer

    def sign_in(self, operator: Operator, password: str = PASSWORD) -> TestResponse:
        """Sign in through the form; the person gets the password first, where they have none."""
        give_password(operator, password)
        self.get("/login")
        return self.post("/login", {"email": operator.email, "password": password})


def give_password(operator: Operator, password: str = PASSWORD, cost: str = "low") -> None:
    """Let a person of the scene sign in."""
    if operator.password_hash is None:
        password_hash = passwords.hashed(password, cost)
        run_in_transaction(lambda: setattr(operator, "password_hash", password_hash))


def words(answer: TestResponse) -> str:
    """What a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())
