"""The door of gateways: who is let in, what is kept, and what a telephone is handed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tests.fakes.phone import Phone, Script, SmsSync
from tests.scene import CITIZEN, Scene, later
from tests.web.phones import KEY, NUMBER, at_gateway, phone
from triage import context, doors, reach
from triage.actions import contacts, doubt, ingest, replies
from triage.db import db, run_in_transaction
from triage.models import Contact, Delivery, DeliveryAttempt, InboundItem, Message, Operator
from triage.queries.ledger import ledger
from triage.workers.drain_spool import Drain
from triage.workers.sweep import sweep_and_deliver

SAID = "The doors are locked"
STYLES = ("smssync", "json")


@pytest.fixture
def maya(scene: Scene) -> Operator:
    """Somebody who answers."""
    return scene.operator("Maya")


@pytest.fixture(autouse=True)
def looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """The accounts are read anew at every call."""
    monkeypatch.setattr(doors, "FRESH", 0.0)


@pytest.fixture(params=STYLES)
def drawer(request: pytest.FixtureRequest, app: Flask, scene: Scene, maya: Operator) -> Phone:
    """Maya's telephone, which fetches; the scene's own number sends no more."""
    for own in scene.accounts_of(maya):
        scene.do(lambda own=own: setattr(own, "can_send", False))
    return phone(app, at_gateway(scene, operator=maya, style=request.param, mode="collect"))


def speaking(style: str) -> pytest.MarkDecorator:
    """A test about a telephone that fetches in this style alone."""
    return pytest.mark.parametrize("drawer", [style], indirect=True)


def messages() -> list[str]:
    """The words that came and are in the database."""
    db.session.rollback()
    return list(db.session.scalars(select(Message.body).where(Message.direction == "in").order_by(Message.id)))


def rows() -> int:
    """How many raw items are kept."""
    db.session.rollback()
    return len(db.session.scalars(select(InboundItem)).all())


def answer(scene: Scene, maya: Operator, text: str = "Which door?", said: str = SAID) -> Delivery:
    """A report that Maya has taken and answered: its delivery, still waiting."""
    report = scene.sms(said, f"+2547110{scene.head():05}")
    held = scene.claim(report, maya)
    return scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), text, f"key-{report.id}"))


def state(delivery: Delivery) -> str:
    """Its state now."""
    db.session.rollback()
    return db.session.get_one(Delivery, delivery.id, populate_existing=True).state


# ---------------------------------------------------------------- a text has come


@pytest.mark.parametrize("style", STYLES)
def test_a_text_is_a_report_once_however_often_it_is_brought(app: Flask, scene: Scene, style: str) -> None:
    bringing = phone(app, at_gateway(scene, style=style))
    first, second = (bringing.brings("sms-1", CITIZEN, SAID) for _ in range(2))
    assert (first.status, second.status) == (200, 200)
    assert first.text == second.text
    if style == "smssync":
        assert first.json == {"payload": {"success": True, "error": None}}
    assert messages() == [SAID]
    report = scene.newest()
    assert report.account_id == bringing.account_id
    assert ledger().difference == 0


def test_two_telephones_that_number_alike_bring_two_texts(app: Flask, scene: Scene) -> None:
    for address, text in ((NUMBER, "One"), ("+254700000151", "Two")):
        phone(app, at_gateway(scene, address)).brings("1", CITIZEN, text)
    assert messages() == ["One", "Two"]


def test_a_gateway_cannot_say_that_it_is_another_account(app: Flask, scene: Scene) -> None:
    ours, theirs = at_gateway(scene), at_gateway(scene, "+254700000151", key="another key")
    forger = phone(app, ours)
    values = {"id": "1", "from": CITIZEN, "text": SAID, "to": theirs.address, "account": theirs.id, "sent_at": 1}
    assert forger.signed(forger.hook, values).status == 200
    assert scene.newest().account_id == ours.id
    forger.account_id = theirs.id
    assert forger.brings("2", CITIZEN, SAID).status == 403
    assert rows() == 1


def test_forgeries_make_no_row(app: Flask, scene: Scene, client: FlaskClient) -> None:
    script = phone(app, at_gateway(scene))
    sync = phone(app, at_gateway(scene, "+254700000151", style="smssync"))
    assert isinstance(script, Script)
    assert isinstance(sync, SmsSync)
    tries = [
        script.brings("1", CITIZEN, SAID, key="wrong"), script.brings("1", CITIZEN, SAID, key=""),
        script.brings("1", CITIZEN, SAID, ago=301), script.brings("1", CITIZEN, SAID, ago=-301),
        sync.brings("1", CITIZEN, SAID, secret="wrong"), sync.brings("1", CITIZEN, SAID, secret=""),
        script.ask("POST", script.hook, b"{}", {}), sync.ask("POST", sync.hook, b"", {}),
        sync.task("send", secret="wrong"), sync.task("result", secret="wrong"), sync.ask("GET", sync.hook, b"", {}),
        sync.task("result", {"message_result": "[]"}, method="POST", secret="wrong"),
        sync.task("sent", {"queued_messages": ["delivery-1.1." + "0" * 32]}, method="POST"),
        script.signed(f"{script.hook}/outbox", None, key="wrong"),
        script.signed(f"{script.hook}/results", {"results": []}, ago=400),
    ]
    assert [said.status for said in tries] == [403] * len(tries)
    assert "the key, the address or the clock is wrong" in tries[0].json["detail"]
    assert rows() == 0


def test_what_is_no_gateway_is_not_there(app: Flask, scene: Scene, client: FlaskClient) -> None:
    script = phone(app, at_gateway(scene))
    for number in (scene.intake.id, 999999):
        script.account_id = number
        assert script.brings("1", CITIZEN, SAID).status == 404
    for path in ("/hooks/gateway/x", "/hooks/gateway/-1", "/hooks/gateway/99999999999999999999"):
        assert client.post(path).status_code == 404


@pytest.mark.parametrize("style", STYLES)
def test_an_item_nobody_can_read_is_quarantined_without_the_secret_and_tried_again(
    app: Flask, scene: Scene, style: str
) -> None:
    account = at_gateway(scene, style=style)
    bringing = phone(app, account)
    assert bringing.brings("1", "\n", SAID).status == 200
    item = scene.item()
    assert (item.state, item.provider) == ("quarantined", "gateway")
    raw = context.keyring().open(item.raw_sealed, item.raw_context)
    assert KEY not in raw
    assert KEY.replace(" ", "+") not in raw
    scene.do(lambda: ingest.understand_later(item.id, again=True))
    assert scene.item().state == "quarantined"
    assert ledger().difference == 0


def test_the_app_sms_gateway_for_android_brings_texts_too(app: Flask, scene: Scene, client: FlaskClient) -> None:
    from tests.channels.gateway_bench import signed

    account = at_gateway(scene, style="smsgate")
    event = {"event": "sms:received", "id": "Ey6ECgOkVVFjz3CL48B8C",
             "payload": {"message": SAID, "phoneNumber": CITIZEN, "receivedAt": "2026-11-21T21:00:00.000+03:00"}}
    script = phone(app, account)
    made = signed(event, at=int(script.clock()), style="smsgate")
    answer = client.post(script.hook, data=made.body, headers=made.headers)
    assert (answer.status_code, messages()) == (200, [SAID])
    old = signed(event, at=int(script.clock()) - 400, style="smsgate")
    assert client.post(script.hook, data=old.body, headers=old.headers).status_code == 403


# ---------------------------------------------------------------- the database is away


class Away:
    """The database behind the doors."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away = False
        monkeypatch.setattr(reach, "run_in_transaction", self)
        monkeypatch.setattr(reach, "EVERY", 0.0)

    def __call__(self, fn: Any) -> Any:
        """Run a transaction, as long as it is there."""
        if self.away:
            raise OperationalError("BEGIN", {}, ConnectionError("refused"))
        return run_in_transaction(fn)


@pytest.mark.parametrize("style", STYLES)
def test_with_the_database_away_a_text_is_verified_spooled_and_taken_in_later(
    app: Flask, scene: Scene, monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    bringing = phone(app, at_gateway(scene, style=style))
    bringing.brings("sms-0", CITIZEN, "Before")
    database = Away(monkeypatch)
    database.away = True
    assert bringing.brings("sms-1", CITIZEN, SAID).status == 200
    bringing.key = "wrong"
    assert bringing.brings("sms-2", CITIZEN, "forged").status == 403
    assert bringing.fetches() == []
    assert context.spool().waiting().records == 1
    assert messages() == ["Before"]
    database.away = False
    assert Drain().run() == 1
    assert messages() == ["Before", SAID]
    assert ledger().difference == 0


def test_a_process_that_has_never_seen_the_database_says_come_again(
    app: Flask, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    bringing = phone(app, at_gateway(scene))
    database = Away(monkeypatch)
    database.away = True
    assert bringing.brings("sms-1", CITIZEN, SAID).status == 503
    database.away = False
    assert bringing.brings("sms-1", CITIZEN, SAID).status == 200
    assert messages() == [SAID]


# ---------------------------------------------------------------- a telephone fetches


def test_a_telephone_radios_an_answer_once_and_says_so(scene: Scene, maya: Operator, drawer: Phone) -> None:
    waiting = answer(scene, maya)
    sweep_and_deliver()
    assert state(waiting) == "queued", "nobody brings it anything"
    assert [drawer.turn() for _ in range(3)] == [1, 0, 0]
    assert state(waiting) == "sent"
    assert drawer.radioed[0].text.startswith("Which door?")
    assert drawer.reports().status == 200
    assert state(waiting) == "delivered"
    assert len(drawer.radioed) == 1


def test_a_telephone_that_dies_before_it_says_so_leaves_a_doubt_and_no_second_text(
    scene: Scene, maya: Operator, drawer: Phone
) -> None:
    waiting = answer(scene, maya)
    lost = drawer.fetches()
    assert state(waiting) == "sending"
    assert drawer.turn() == 0
    with later(timedelta(seconds=61)):
        sweep_and_deliver()
        assert state(waiting) == "uncertain"
        assert drawer.turn() == 0, "no machine resends it"
    assert drawer.confirms(lost) == [lost[0].name], "it was late, and has it after all"
    assert state(waiting) == "sent"


def test_once_a_person_sent_it_again_the_first_telephone_is_told_not_to(
    scene: Scene, maya: Operator, drawer: Phone
) -> None:
    waiting = answer(scene, maya)
    lost = drawer.fetches()
    with later(timedelta(seconds=61)):
        sweep_and_deliver()
        scene.do(lambda: doubt.decide(waiting.id, maya, "again"))
        assert drawer.turn() == 1
        assert drawer.confirms(lost) == []
        assert state(waiting) == "sent"
    assert len(drawer.radioed) == 1
    assert drawer.radioed[0].name != lost[0].name


def test_who_says_it_twice_hears_the_same_until_it_has_arrived(scene: Scene, maya: Operator, drawer: Phone) -> None:
    waiting = answer(scene, maya)
    fetched = drawer.fetches()
    assert drawer.confirms(fetched) == drawer.confirms(fetched) == [fetched[0].name]
    drawer.radio(fetched)
    drawer.reports()
    assert state(waiting) == "delivered"
    assert drawer.confirms(fetched) == []
    assert db.session.query(DeliveryAttempt).count() == 1


@speaking("smssync")
def test_what_the_telephone_could_not_send_is_shown(scene: Scene, maya: Operator, drawer: Phone) -> None:
    assert isinstance(drawer, SmsSync)
    waiting = answer(scene, maya)
    drawer.turn()
    drawer.reports(sent=4, delivered=-1)
    assert state(waiting) == "failed"
    assert db.session.get_one(Delivery, waiting.id).last_error == "The telephone has no network."


@speaking("json")
def test_a_script_that_says_sent_at_once_needs_no_second_word(scene: Scene, maya: Operator, drawer: Phone) -> None:
    assert isinstance(drawer, Script)
    waiting = answer(scene, maya)
    fetched = drawer.fetches()
    drawer.radio(fetched)
    assert drawer.confirms(fetched, "delivered") == [fetched[0].name]
    assert state(waiting) == "delivered"


@speaking("json")
def test_limits_and_stop_hold_for_what_is_fetched(scene: Scene, maya: Operator, drawer: Phone) -> None:
    account = next(own for own in scene.accounts_of(maya) if own.provider == "gateway")
    scene.do(lambda: setattr(account, "limits", [[2, 3600]]))
    waiting = [answer(scene, maya, said=f"Something else happens at place {number}") for number in range(4)]
    stopped = db.session.get_one(Contact, waiting[0].contact_id)
    scene.do(lambda: contacts.told_stop(stopped.id, account.id))
    assert drawer.turn() == 2
    assert drawer.turn() == 0
    assert sorted(map(state, waiting)) == ["cancelled", "queued", "sent", "sent"]


@speaking("smssync")
def test_nobody_else_reads_what_waits(
    app: Flask, scene: Scene, maya: Operator, drawer: Phone, client: FlaskClient
) -> None:
    waiting = answer(scene, maya)
    other = phone(app, at_gateway(scene, "+254700000151", key="another", style="smssync", mode="collect"), "another")
    assert other.fetches() == []
    other.account_id = drawer.account_id
    assert other.fetches() == []
    good = f"{drawer.hook}?task=send&secret={KEY}".replace(" ", "+")
    assert client.head(good).status_code == 405
    assert client.get(good.replace("send", "unheard-of")).status_code == 200, "asks for a task, and has one"
    assert state(waiting) == "sending"


@speaking("json")
def test_a_name_of_another_telephone_confirms_nothing(app: Flask, scene: Scene, maya: Operator, drawer: Phone) -> None:
    waiting = answer(scene, maya)
    fetched = drawer.fetches()
    other = phone(app, at_gateway(scene, "+254700000151", mode="collect"))
    assert other.confirms(fetched) == []
    assert state(waiting) == "sending"


def test_who_does_not_fetch_is_handed_nothing(app: Flask, scene: Scene) -> None:
    calling = phone(app, at_gateway(scene, style="smssync", mode="call", url="http://127.0.0.1:1/"))
    assert calling.fetches() == []
    script = phone(app, at_gateway(scene, "+254700000151"))
    assert script.signed(f"{script.hook}/outbox", None).json == {"messages": []}
    assert script.ask("GET", script.hook, b"", {}).status == 405


@speaking("json")
def test_the_desk_knows_when_a_telephone_was_heard_of_last(scene: Scene, maya: Operator, drawer: Phone) -> None:
    drawer.turn()
    account = next(own for own in scene.accounts_of(maya) if own.provider == "gateway")
    db.session.refresh(account)
    assert account.polled_at is not None


def test_two_keys_open_the_door_while_one_is_replaced(app: Flask, scene: Scene) -> None:
    bringing = phone(app, at_gateway(scene, key=f"new,{KEY}"))
    assert bringing.brings("1", CITIZEN, SAID).status == 200
    bringing.key = "new"
    assert bringing.brings("2", CITIZEN, "More").status == 200
    assert messages() == [SAID, "More"]
