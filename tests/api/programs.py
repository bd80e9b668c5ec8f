"""A program at the API: shows its token, speaks JSON."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.scene import Scene
from triage.actions import tokens
from triage.db import run_in_transaction
from triage.models import Operator, Report

BASE = "/api/v1"
KEY = "a-key-of-this-test"


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


class Desk:
    """Two operators and a coordinator with a program each."""

    def __init__(self, app: Flask, scene: Scene) -> None:
        self.scene = scene
        scene.account("mastodon", "@harbour@social.example")
        self.people: dict[str, Operator] = {}
        self.programs: dict[str, Program] = {}
        for name, role in (("Maya", "operator"), ("Ben", "operator"), ("Root", "coordinator"), ("Ada", "admin")):
            self.people[name] = scene.operator(name, role)
            self.programs[name] = program(app, self.people[name])
        self.maya, self.ben, self.root, self.admin = self.programs.values()

    def sms(self, number: int, text: str = "The station is closed") -> Report:
        """A report from the n-th citizen."""
        return self.scene.sms(text, f"+2547110000{number:02d}")

    def numbers(self, query: str = "", who: Program | None = None) -> list[int]:
        """The reports a list holds, in its order."""
        answer = (who or self.maya).get(f"/reports{query}")
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json["items"]]


def code(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a refusal."""
    assert answer.mimetype == "application/problem+json"
    assert answer.json["detail"].endswith(".")
    return answer.status_code, answer.json["code"]


def reply(desk: Desk, shown: dict[str, object], text: str = "Thank you", key: str | None = KEY) -> TestResponse:
    """Maya answers what she was shown."""
    body = {"text": text, "assignment": shown["assignment"], "seen_seq": shown["seq"]}
    return desk.maya.post(f"/reports/{shown['id']}/replies", body, key)
