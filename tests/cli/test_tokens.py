"""`flask triage token` and `tokens`."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.api.programs import Program
from tests.scene import Scene


def run(app: Flask, *words: str) -> tuple[int, str]:
    """Status and output of a command."""
    result = app.test_cli_runner().invoke(args=["triage", *words])
    return result.exit_code, result.stdout + (result.stderr if result.exit_code else "")


def test_a_token_is_printed_once_listed_without_its_secret_and_ended(app: Flask, scene: Scene) -> None:
    scene.operator("Maya")
    status, secret = run(app, "token", "maya@desk.example", "--name", "Gateway", "--scope", "read")
    assert (status, secret.count("\n")) == (0, 1)
    mine = Program(app, secret.strip())
    assert (mine.get("/reports").status_code, mine.post("/claim-next").status_code) == (200, 403)
    listed = run(app, "tokens")[1]
    assert "1\tmaya@desk.example\tGateway\tread\tuntil" in listed
    assert secret.strip() not in listed
    assert run(app, "tokens", "--revoke", "1") == (0, "Token 1 has ended.\n")
    assert (mine.get("/reports").status_code, run(app, "tokens")) == (401, (0, ""))
    assert "no living token" in run(app, "tokens", "--revoke", "1")[1]


@pytest.mark.parametrize("words, why", [
    (("nobody@desk.example",), "Nobody here"), (("maya@desk.example", "--days", "0"), "How many days"),
    (("maya@desk.example", "--days", "99999999999"), "How many days"), (("maya@desk.example", "--name", " "), "name"),
    (("maya@desk.example", "--scope", "all"), "Invalid value"),
])
def test_what_cannot_be_made_is_refused_with_a_sentence(app: Flask, scene: Scene, words: tuple[str, ...],
                                                        why: str) -> None:
    scene.operator("Maya")
    status, said = run(app, "token", *words)
    assert status != 0
    assert why in said
    assert "Traceback" not in said
