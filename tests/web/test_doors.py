"""The secrets of accounts that are called, in memory: read anew now and then, and remembered while nobody answers."""

from __future__ import annotations

import hmac
import json
import logging
import re
import time
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

import config
from channels import registry
from tests.channels import twilio_bench
from tests.channels.gateway_bench import everlasting
from tests.scene import CITIZEN, Scene
from tests.web.phones import KEY, NUMBER, at_gateway, phone
from triage import connections, context, doors, reach
from triage.db import db, run_in_transaction
from triage.models import Account, Delivery, Message
from triage.queries import outbox
from triage.workers.deliver import deliver

OWN_TOKEN = "9f" * 16


def away(fn: object) -> object:
    """A database that does not answer."""
    raise OperationalError("BEGIN", {}, ConnectionError("refused"))


def replaced(account: Account, key: str) -> None:
    """Another key for an account."""
    run_in_transaction(lambda: setattr(account, "secret_sealed",
                                       context.keyring().seal(key, account.secret_context)))


def test_a_new_key_opens_the_door_after_a_moment(app: Flask, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    account = at_gateway(scene)
    bringing = phone(app, account)
    assert bringing.brings("1", CITIZEN, "One").status == 200
    replaced(account, "another")
    assert bringing.brings("2", CITIZEN, "Two").status == 200, "remembered for a moment"
    monkeypatch.setattr(doors, "FRESH", 0.0)
    assert bringing.brings("3", CITIZEN, "Three").status == 403
    bringing.key = "another"
    assert bringing.brings("3", CITIZEN, "Three").status == 200


def test_a_crowd_at_the_door_reads_the_accounts_once(app: Flask, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    bringing = phone(app, at_gateway(scene))
    reads: list[int] = []
    real = doors._read_all
    monkeypatch.setattr(doors, "_read_all", lambda askers: (reads.append(1), real(askers))[1])
    assert [bringing.brings(str(number), CITIZEN, "x").status for number in range(10)] == [200] * 10
    assert len(reads) == 1


def test_what_is_remembered_holds_while_the_database_is_away(
    app: Flask, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    bringing = phone(app, at_gateway(scene))
    bringing.brings("1", CITIZEN, "One")
    monkeypatch.setattr(doors, "FRESH", 0.0)
    monkeypatch.setattr(reach, "run_in_transaction", away)
    assert [bringing.brings(str(number), CITIZEN, "x").status for number in (2, 3)] == [200, 200]
    assert context.spool().waiting().records == 2


def test_an_account_whose_key_nobody_opens_keeps_nobody_else_out(app: Flask, scene: Scene) -> None:
    broken, whole = at_gateway(scene), at_gateway(scene, "+254700000151")
    run_in_transaction(lambda: setattr(broken, "secret_sealed", b"k1|broken"))
    assert phone(app, whole).brings("1", CITIZEN, "One").status == 200
    assert phone(app, broken).brings("1", CITIZEN, "One").status == 404


def test_no_secret_is_logged(app: Flask, scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bringing = phone(app, at_gateway(scene, style="smssync", mode="collect"))
    bringing.brings("1", CITIZEN, "One")
    bringing.fetches()
    bringing.brings("1", CITIZEN, "One", secret="wrong word")
    assert KEY not in caplog.text
    assert KEY.replace(" ", "+") not in caplog.text
    assert "wrong" not in caplog.text


def test_the_script_in_the_papers_works(app: Flask, scene: Scene, client: FlaskClient) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (config.ROOT / "docs" / "gateway.md").read_text("utf-8"), re.DOTALL)
    account = at_gateway(scene, mode="collect")
    hook = connections.hook_address(account)

    class Requests:
        @staticmethod
        def post(url: str, *, data: bytes, headers: dict[str, str], timeout: float) -> TestResponse:
            return client.post(url.removeprefix(app.config["SETTINGS"].public_url), data=data, headers=headers)

    told = {"time": time, "json": json, "hmac": hmac, "requests": Requests, "HOOK": hook, "KEY": KEY}
    exec(code, told)  # noqa: S102 - our own paper
    post = told["post"]
    assert post("", {"id": "1", "from": CITIZEN, "text": "hello", "sent_at": "2026-11-21T18:00:00+03:00"}).json == {
        "kept": True}
    (acknowledgement,) = post("/outbox", {}).json["messages"]
    assert acknowledgement["to"] == CITIZEN
    results = [{"id": acknowledgement["id"], "state": "taken"}]
    assert post("/results", {"results": results}).json == {"kept": True, "confirmed": [acknowledgement["id"]]}
    assert list(db.session.scalars(select(Message.body).where(Message.direction == "in"))) == ["hello"]


def texted(client: FlaskClient, token: str, to: str) -> int:
    """A text by Twilio, signed with a token; the status of the answer."""
    url = client.application.config["SETTINGS"].public_url + "/hooks/twilio/sms"
    values = {"MessageSid": twilio_bench.MESSAGE, "From": "+447700900523", "To": to, "Body": "hello"}
    made = twilio_bench.form(url, values, token)
    return client.post("/hooks/twilio/sms", data=urlencode(values), headers=made.headers).status_code


def test_a_twilio_account_with_a_token_of_its_own_is_let_in(app: Flask, scene: Scene, client: FlaskClient) -> None:
    assert texted(client, OWN_TOKEN, NUMBER) == 404, "nobody has a token"
    account = scene.account("sms", NUMBER, provider="twilio")
    replaced(account, f"new,{OWN_TOKEN}")
    app.extensions["doors"] = doors.Doors()
    assert texted(client, twilio_bench.TOKEN, NUMBER) == 403
    assert texted(client, OWN_TOKEN, NUMBER) == 200
    assert list(db.session.scalars(select(Message.body))) == ["hello"]


@pytest.mark.parametrize("settings", [{"twilio_account_sid": twilio_bench.SID,
                                       "twilio_auth_token": twilio_bench.TOKEN}], indirect=True)
def test_the_desks_own_token_still_opens_the_door_without_the_database(
    app: Flask, scene: Scene, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.account("sms", NUMBER, provider="twilio")
    monkeypatch.setattr(reach, "run_in_transaction", away)
    assert texted(client, OWN_TOKEN, NUMBER) == 403
    assert texted(client, twilio_bench.TOKEN, NUMBER) == 200
    assert context.spool().waiting().records == 1


def test_a_gateway_that_is_called_sends_once_and_reports_at_its_address(app: Flask, scene: Scene) -> None:
    tiny = everlasting()
    before = tiny.taken
    account = at_gateway(scene, mode="call", url=tiny.url, id_path="id")
    bringing = phone(app, account)
    bringing.brings("1", CITIZEN, "The doors are locked")
    for number in outbox.due():
        deliver(number)
        deliver(number)
    assert tiny.taken == before + 1
    sent = db.session.scalars(select(Delivery)).one()
    assert (sent.state, sent.purpose) == ("sent", "acknowledgement")
    told = {"results": [{"id": sent.provider_id, "state": "delivered"}, {"id": "of nobody", "state": "sent"}]}
    assert bringing.signed(f"{bringing.hook}/results", told).json["confirmed"] == []
    db.session.rollback()
    assert db.session.get_one(Delivery, sent.id).state == "delivered"
    assert registry.capabilities("sms", "gateway").reports_delivery
