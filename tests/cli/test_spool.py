"""The spool at the terminal: doctor says what waits and what no key opens; sweep takes it in."""

from __future__ import annotations

from dataclasses import replace

from click.testing import Result
from flask import Flask

from tests.conftest import KEYS
from tests.scene import CITIZEN, Scene
from tests.web.hooks import body_of
from triage import clock, context
from triage.actions.arrivals import Hook, pack
from triage.app import create_app
from triage.db import db


def run(app: Flask, *words: str) -> Result:
    """A command of this desk."""
    return app.test_cli_runner().invoke(args=["triage", *words])


def wait_in_the_spool(name: str) -> str:
    """A webhook that came while the database was away."""
    hook = Hook("simulator", "sms", name, body_of(name), "application/json", clock.now())
    return context.spool().put(pack(hook), hook.received_at)


def test_sweep_takes_in_what_waits(app: Flask, scene: Scene) -> None:
    assert "ok    spool: nothing waits outside the database" in run(app, "doctor").output
    wait_in_the_spool("SM1")
    assert "note  spool: 1 records wait to be taken into the database" in run(app, "doctor").output
    assert run(app, "sweep", "--once").exit_code == 0
    db.session.rollback()
    assert scene.newest().channel == "sms"
    assert context.spool().waiting().records == 0


def test_doctor_names_the_key_that_is_missing_and_what_is_damaged(app: Flask, scene: Scene) -> None:
    damaged = wait_in_the_spool("SM1")
    context.spool().set_aside(damaged)
    wait_in_the_spool("SM2")
    keys = {"k9": b"9" * 32, "index": KEYS["index"]}
    other = create_app(replace(app.config["SETTINGS"], triage_keys=keys))
    with other.app_context():
        said = run(other, "doctor").output
        db.session.remove()
        db.engine.dispose()
    assert "WRONG spool: 1 of 1 records" in said
    assert "add that key again" in said
    assert "WRONG spool: 1 records" in said
    assert CITIZEN not in said
