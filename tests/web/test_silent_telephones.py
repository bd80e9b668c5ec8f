"""A telephone that fetches and has stopped: who is told, and that the answers wait for it."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask

from tests.cli.test_commands import run
from tests.fakes.phone import Phone
from tests.scene import Scene
from tests.visitor import sign_in
from tests.web.door import Browser, words
from tests.web.phones import NUMBER, at_gateway, phone
from triage import clock, doors
from triage.actions import replies
from triage.db import db
from triage.models import Account, Delivery, Operator, SenderRule
from triage.queries import accounts, floor, forecast, reports, sending


@pytest.fixture
def maya(scene: Scene) -> Operator:
    """Who answers by the telephone; her other number sends no more."""
    maya = scene.operator("Maya")
    for own in scene.accounts_of(maya):
        scene.do(lambda own=own: setattr(own, "can_send", False))
    return maya


@pytest.fixture
def drawer(app: Flask, scene: Scene, maya: Operator, monkeypatch: pytest.MonkeyPatch) -> Phone:
    """Her telephone, which has just fetched and found nothing."""
    monkeypatch.setattr(doors, "FRESH", 0.0)
    found = fetching(phone(app, at_gateway(scene, operator=maya, mode="collect")))
    assert found.fetches() == []
    return found


def fetching(found: Phone) -> Phone:
    """A telephone whose clock is the desk's."""
    found.clock = lambda: clock.now().timestamp()
    return found


def answer(scene: Scene, maya: Operator) -> Delivery:
    """An answer of hers that waits for the telephone."""
    report = scene.sms("The doors are locked")
    held = scene.claim(report, maya)
    return scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), "Which door?", "key-0001"))


def composer(app: Flask, maya: Operator, report_id: int) -> str:
    """What her composer says, with the moment as a machine reads it."""
    page = sign_in(app, maya).get(f"/desk/reports/{report_id}").text
    form = page[page.index('<form class="writing reply"'):page.index('id="note"')]
    return " ".join(unescape(re.sub(r"<(?!time)[^>]+>", " ", form)).split())


def test_answers_wait_for_a_telephone_that_fetched_nothing_for_five_minutes(
    app: Flask, scene: Scene, boss: Operator, browser: Browser, maya: Operator, drawer: Phone
) -> None:
    answer(scene, maya)
    with scene.later(minutes=4):
        assert accounts.one(drawer.account_id, boss).state == "ready"
        assert "account_silent" not in {one.kind for one in floor.floor(boss).decisions}
    with scene.later(minutes=6):
        line = accounts.one(drawer.account_id, boss)
        account = db.session.get_one(Account, drawer.account_id)
        assert (line.state, line.standing.since) == ("silent", account.polled_at)
        (told,) = [one for one in floor.floor(boss).decisions if one.kind == "account_silent"]
        assert (told.name, told.count, told.since, told.channel) == (NUMBER, 1, account.polled_at, "sms")
        for page in ("/accounts", f"/accounts/{account.id}", "/floor"):
            assert "has fetched nothing since" in words(browser.get(page)), page
        assert "1 account needs a person" in words(browser.get("/accounts"))
        assert "Try again now" not in words(browser.get(f"/accounts/{account.id}"))
        for command in ("doctor", "accounts"):
            said = run(app, command).output
            assert f"fetched nothing since {account.polled_at:%H:%M} UTC" in said, said
        assert f"WRONG account {NUMBER}" in run(app, "doctor").output


def test_it_is_well_again_once_it_fetches(scene: Scene, boss: Operator, maya: Operator, drawer: Phone) -> None:
    waiting = answer(scene, maya)
    with scene.later(minutes=6):
        assert forecast.of_delivery(waiting).why == "silent"
        drawer.turn()
        db.session.rollback()
        assert accounts.one(drawer.account_id, boss).state == "ready"
        assert "account_silent" not in {one.kind for one in floor.floor(boss).decisions}


def test_nobody_is_called_while_nothing_waits_for_it(
    app: Flask, scene: Scene, boss: Operator, drawer: Phone
) -> None:
    with scene.later(hours=3):
        assert accounts.one(drawer.account_id, boss).state == "ready"
        assert [one.kind for one in floor.floor(boss).decisions if one.kind.startswith("account")] == []
        assert f"ok    account {NUMBER} (sms at gateway): ready" in run(app, "doctor").output


def test_a_telephone_that_never_fetched_is_silent_from_its_beginning(
    scene: Scene, boss: Operator, maya: Operator
) -> None:
    account = at_gateway(scene, operator=maya, mode="collect")
    answer(scene, maya)
    with scene.later(minutes=6):
        assert accounts.one(account.id, boss).standing.since == account.created_at


def test_who_calls_its_telephone_is_not_asked_whether_it_fetches(
    scene: Scene, boss: Operator, maya: Operator
) -> None:
    account = at_gateway(scene, operator=maya, mode="call", url="http://127.0.0.1:1/")
    answer(scene, maya)
    with scene.later(hours=1):
        assert accounts.one(account.id, boss).state != "silent"


def test_the_composer_says_that_the_answer_will_wait_and_does_not_refuse_it(
    app: Flask, scene: Scene, maya: Operator, drawer: Phone
) -> None:
    report = scene.sms("The doors are locked")
    held = scene.claim(report, maya)
    assert "has fetched nothing" not in composer(app, maya, report.id)
    with scene.later(minutes=6):
        said = composer(app, maya, report.id)
        since = db.session.get_one(Account, drawer.account_id).polled_at
        assert f'has fetched nothing since <time datetime="{since.isoformat(timespec="seconds")}"' in said
        assert "your answer waits until it fetches again" in said
        assert "leaves at once" not in said
        assert "Send to citizen" in said
        scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), "Which door?", "key-0002"))
        (fate,) = [one.delivery for one in reports.view(report.id, maya).entries if one.delivery and one.author]
        assert fate.waits_for == "silent"
        assert "Waiting for its telephone to fetch it" in words(sign_in(app, maya).get(f"/desk/reports/{report.id}"))
        (handed,) = drawer.fetches()
        assert handed.text.startswith("Which door?")


def test_a_pool_takes_a_telephone_that_fetches_before_a_silent_one(
    app: Flask, scene: Scene, maya: Operator, drawer: Phone
) -> None:
    silent, other = (at_gateway(scene, f"+25470000016{place}", mode="collect") for place in (1, 2))
    scene.do(lambda: db.session.add(SenderRule(channel="sms", rule="pool")))
    scene.do(lambda: setattr(db.session.get_one(Account, scene.intake.id), "can_send", False))
    report = scene.sms("The doors are locked")
    assert sending.account_for("sms", report, maya) == silent
    with scene.later(minutes=6):
        fetching(phone(app, other)).fetches()
        db.session.rollback()
        assert sending.account_for("sms", report, maya) == other
