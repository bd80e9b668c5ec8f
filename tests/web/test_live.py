"""The door of the socket: who may hold a thread, and how many at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from tests.scene import Scene
from tests.visitor import Visitor, sign_in
from triage.web import access
from triage.web.errors import RETRY_SECONDS
from triage.web.live import PER_OPERATOR

HANDSHAKE = "/socket.io/?EIO=4&transport=websocket"
OURS = {"Origin": "http://127.0.0.1:8000", "Upgrade": "websocket", "Connection": "Upgrade"}


class Engine:
    """Stands behind the gate: counts who comes through, and may do something while a socket is open."""

    def __init__(self, app: Flask) -> None:
        self.through = 0
        self.meanwhile: Any = None
        app.extensions["live"]._inner = self

    def __call__(self, _environ: Any, start_response: Any) -> Iterable[bytes]:
        self.through += 1
        if self.meanwhile is not None:
            self.meanwhile()
        start_response("200 OK", [])
        return []


def _knock(visitor: Visitor, **headers: str) -> TestResponse:
    return visitor._client.get(HANDSHAKE, headers={**OURS, **headers})


def test_nobody_without_a_session_gets_as_far_as_the_handshake(app: Flask) -> None:
    engine = Engine(app)
    assert _knock(Visitor(app)).status_code == 403
    assert engine.through == 0, "a socket that says nothing would hold its thread for ever"


def test_a_page_of_another_site_is_refused_whatever_its_cookie(app: Flask, scene: Scene) -> None:
    maya = sign_in(app, scene.operator("Maya"))
    engine = Engine(app)
    assert _knock(maya, Origin="https://elsewhere.example").status_code == 403
    assert maya._client.get(HANDSHAKE).status_code == 403
    assert engine.through == 0


def test_a_signed_in_page_of_ours_comes_through_and_its_place_is_free_again_afterwards(
    app: Flask, scene: Scene
) -> None:
    maya = sign_in(app, scene.operator("Maya"))
    engine = Engine(app)
    for _ in range(PER_OPERATOR + 3):
        assert _knock(maya).status_code == 200
    assert engine.through == PER_OPERATOR + 3


def test_sockets_that_are_open_at_once_are_counted_before_the_handshake(app: Flask, scene: Scene) -> None:
    maya = sign_in(app, scene.operator("Maya"))
    engine, answers = Engine(app), []
    engine.meanwhile = lambda: answers.append(_knock(maya).status_code)
    assert _knock(maya).status_code == 200
    assert engine.through == PER_OPERATOR
    assert answers == [503, *[200] * (PER_OPERATOR - 1)]


def test_a_page_hears_at_once_and_plainly_that_the_database_is_away(
    app: Flask, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    maya = sign_in(app, scene.operator("Maya"))
    engine = Engine(app)

    def away() -> None:
        raise OperationalError("SELECT", {}, ConnectionError("the server went away"))

    monkeypatch.setattr(access, "signed_in", away)
    answer = _knock(maya)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, str(RETRY_SECONDS))
    assert engine.through == 0
    live = app.extensions["live"]
    with app.test_request_context():
        assert live._connect() is False
    assert live.count() == 0
