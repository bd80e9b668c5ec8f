"""A program at the API: shows its token, speaks JSON."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from triage.actions import tokens
from triage.db import run_in_transaction
from triage.models import Operator

BASE = "/api/v1"


def token_of(operator: Operator, scopes: Collection[str] = ("read", "write"), days: int = 1) -> str:
    """A new token of a person."""
    number = operator.id
    return run_in_transaction(lambda: tokens.make(number, "a test", days=days, scopes=scopes))


class Program:
    """What asks in somebody's name."""

    def __init__(self, app: Flask, secret: str) -> None:
        self._client = app.test_client()
        self._headers = {"Authorization": f"Bearer {secret}"}

    def get(self, path: str, **more: Any) -> TestResponse:
        """Read."""
        return self.ask("GET", path, **more)

    def post(self, path: str, body: object = None, key: str | None = None, **more: Any) -> TestResponse:
        """Change, with a JSON object where one is given."""
        headers = {"Idempotency-Key": key} if key else {}
        asked = {"json": body} if body is not None else {}
        return self.ask("POST", path, headers=headers, **asked, **more)

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> TestResponse:
        """Anything."""
        return self._client.open(BASE + path, method=method, headers={**self._headers, **(headers or {})}, **more)


def program(app: Flask, operator: Operator, scopes: Collection[str] = ("read", "write")) -> Program:
    """A program of a person, with a token of its own."""
    return Program(app, token_of(operator, scopes))
