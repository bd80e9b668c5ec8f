"""The three walks of the house, through the doors people and providers use."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from channels.simulator import Store
from channels.simulator.signing import HEADER, sign
from config import Settings
from tests.scene import CITIZEN, INTAKE, Scene
from tests.visitor import Visitor, hidden, sign_in
from triage import connections
from triage.db import db
from triage.models import Account, Delivery, InboundItem
from triage.queries import ledger, outbox
from triage.workers.deliver import deliver

HOOK = "/hooks/simulator/sms"
SAID = "Mill Road is closed and people wait."


def call(app: Flask, body: bytes, secret: str | None = None) -> TestResponse:
    """Call our hook as the simulator's carrier would."""
    url = app.config["SETTINGS"].public_url + HOOK
    signature = sign(secret or connections.simulator_secret(), url, body)
    return app.test_client().post(HOOK, data=body, headers={HEADER: signature}, content_type="application/json")


def message(**more: object) -> bytes:
    """A message as the simulator writes it."""
    values = {"kind": "message", "channel": "sms", "id": "SM1", "from": CITIZEN, "from_name": None, "to": INTAKE,
              "text": SAID, "sent_at": "2026-11-21T09:41:12+00:00", "in_reply_to": None, "root": None,
              "repost_of": None, "place": None}
    return json.dumps({**values, **more}).encode()


@pytest.fixture
def two(app: Flask, scene: Scene) -> tuple[Visitor, Visitor]:
    """Maya and Ben at their browsers."""
    return sign_in(app, scene.operator("Maya")), sign_in(app, scene.operator("Ben"))


def test_walk_a_a_signed_message_becomes_a_row_on_every_desk(
    app: Flask, scene: Scene, two: tuple[Visitor, Visitor]
) -> None:
    assert call(app, message()).status_code == 200
    assert call(app, message()).status_code == 200
    scene.compare()
    for visitor in two:
        assert SAID in visitor.get("/desk").text
    assert ledger.ledger().received == 1


def test_a_forged_call_is_refused_and_stores_nothing(app: Flask, scene: Scene) -> None:
    assert call(app, message(), secret="guess").status_code == 403
    assert app.test_client().post(HOOK, data=message()).status_code == 403
    assert db.session.query(InboundItem).count() == 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', message(text=7), message(to=None), message(id=None, text=["x"]),
             message(kind="parcel"), b"\x00\xff" * 100])
def test_a_signed_item_nobody_can_read_is_kept_and_answered_with_200(app: Flask, scene: Scene, body: bytes) -> None:
    assert call(app, body).status_code == 200
    assert ledger.ledger().quarantined == 1
    assert ledger.ledger().difference == 0


def test_odd_characters_survive_the_way_in(app: Flask, scene: Scene, two: tuple[Visitor, Visitor]) -> None:
    body = message(text="closed\x00 here\ud800 <b>now</b>")
    assert call(app, body).status_code == 200
    scene.compare()
    page = two[0].get("/desk").text
    assert "closed" in page
    assert "<b>now</b>" not in page


def test_a_call_too_large_is_refused_politely(app: Flask, scene: Scene) -> None:
    assert call(app, message(text="x" * 1_100_000)).status_code == 413


def test_walk_b_one_of_two_takes_it_and_the_other_hears_who(
    app: Flask, scene: Scene, two: tuple[Visitor, Visitor]
) -> None:
    report = scene.sms(SAID)
    maya, ben = two
    for visitor in two:
        visitor.get("/desk")
    assert maya.post(f"/desk/reports/{report.id}/claim").status_code == 200
    refused = ben.post(f"/desk/reports/{report.id}/claim")
    assert refused.status_code == 409
    assert "Maya took this" in refused.text


def test_walk_c_from_the_reply_form_to_delivered(
    app: Flask, scene: Scene, settings: Settings, two: tuple[Visitor, Visitor]
) -> None:
    call(app, message())
    maya = two[0]
    maya.get("/desk")
    page = maya.post("/desk/next")
    report = scene.newest()
    fields = {name: hidden(page)[name] for name in ("assignment", "seen_seq", "key")}
    answered = maya.post(f"/desk/reports/{report.id}/reply", text="Which door?", **fields)
    assert answered.status_code == 200
    assert "Which door?" in answered.text
    for delivery_id in outbox.due():
        deliver(delivery_id)
    store = Store(settings.simulator_path)
    assert "Which door?\n- Maya, volunteer at Harbour Election Desk" in [line.text for line in store.sent_to(CITIZEN)]
    reply = db.session.query(Delivery).filter_by(purpose="reply").one()
    assert reply.state == "sent"
    status = {"kind": "status", "channel": "sms", "to": scene_account(reply), "id": reply.provider_id,
              "status": "delivered", "state": "delivered"}
    assert call(app, json.dumps(status).encode()).status_code == 200
    db.session.expire_all()
    assert db.session.get_one(Delivery, reply.id).state == "delivered"


def scene_account(delivery: Delivery) -> str:
    """The address an answer left from."""
    return db.session.get_one(Account, delivery.account_id).address
