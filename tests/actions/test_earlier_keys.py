"""Back from a new key: to the old one that was kept, and to the desk's own."""

from __future__ import annotations

import dataclasses

import pytest
from flask import Flask
from sqlalchemy import update

import config
from tests.scene import Scene
from tests.web.door import Browser, words
from tests.web.phones import at_gateway
from triage import connections
from triage.actions import accounts, earlier_keys
from triage.db import db
from triage.errors import BadInput, Forbidden
from triage.models import Account, Event, Operator
from triage.sealing import SealBroken

NUMBER = "+254700000801"


@pytest.fixture
def boss(scene: Scene) -> Operator:
    """Who may change accounts."""
    return scene.operator("Zawadi", "coordinator")


@pytest.fixture
def desks_key(app: Flask, settings: config.Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk has a key at Twilio."""
    monkeypatch.setitem(app.config, "SETTINGS", dataclasses.replace(settings, twilio_auth_token="the desk's,older"))


def twilio(scene: Scene, secret: str = "old") -> int:  # noqa: S107 - no real one
    """An account at Twilio with this key of its own."""
    return scene.do(lambda: accounts.add_account("sms", NUMBER, provider="twilio", secret=secret)).id


def fresh(number: int) -> Account:
    """The account as it stands now."""
    return db.session.get_one(Account, number, populate_existing=True)


def said(number: int) -> list[object]:
    """What the history says was done with an account, the newest last."""
    found = db.session.query(Event).filter(Event.kind == "account.changed").order_by(Event.seq)
    return [one.data["what"] for one in found if one.data["account"] == number]


def test_a_mistyped_key_is_taken_back_once(scene: Scene, boss: Operator) -> None:
    number = twilio(scene)
    scene.do(lambda: accounts.replace_secret(number, "mistyped", boss, keep_old=True))
    for _ in range(2):
        scene.do(lambda: earlier_keys.restore_old_secret(number, boss))
    assert connections.settings_of(fresh(number)).secret == "old"
    assert said(number) == ["secret", "old_secret_restored"]


def test_what_stands_beside_a_gateways_keys_stays(scene: Scene, boss: Operator) -> None:
    number = at_gateway(scene, key="old;word").id
    scene.do(lambda: accounts.replace_secret(number, "mistyped", boss, keep_old=True))
    scene.do(lambda: earlier_keys.restore_old_secret(number, boss))
    assert connections.settings_of(fresh(number)).secret == "old;word"


def test_an_account_that_the_new_key_broke_may_try_again(scene: Scene, boss: Operator) -> None:
    number = twilio(scene)
    scene.do(lambda: accounts.replace_secret(number, "mistyped", boss, keep_old=True))
    broken = update(Account).where(Account.id == number).values(trouble="broken", needs_attention="Not accepted.")
    scene.do(lambda: db.session.execute(broken))
    scene.do(lambda: earlier_keys.restore_old_secret(number, boss))
    assert (fresh(number).trouble, fresh(number).needs_attention) == (None, None)


@pytest.mark.usefixtures("desks_key")
def test_back_to_the_desks_key_is_to_have_none_of_ones_own(scene: Scene, boss: Operator) -> None:
    number = twilio(scene, secret="")
    scene.do(lambda: accounts.replace_secret(number, "mistyped", boss, keep_old=True))
    scene.do(lambda: earlier_keys.restore_old_secret(number, boss))
    assert fresh(number).secret_sealed is None


@pytest.mark.usefixtures("desks_key")
@pytest.mark.parametrize("lost", [False, True])
def test_an_own_key_is_given_up_for_the_desks(scene: Scene, boss: Operator, *, lost: bool) -> None:
    number = twilio(scene)
    if lost:
        scene.do(lambda: setattr(fresh(number), "secret_sealed", b"gone\0" + bytes(40)))
        with pytest.raises(SealBroken):
            connections.settings_of(fresh(number))
    for _ in range(2):
        scene.do(lambda: earlier_keys.give_up_secret(number, boss))
    assert connections.settings_of(fresh(number)).secret == "the desk's,older"
    assert connections.key_count(fresh(number)) == 0
    assert said(number) == ["secret_given_up"]


def test_where_the_desk_has_no_key_an_own_one_stays(scene: Scene, boss: Operator) -> None:
    number = twilio(scene)
    with pytest.raises(BadInput, match="The desk has no key of its own"):
        scene.do(lambda: earlier_keys.give_up_secret(number, boss))
    assert connections.settings_of(fresh(number)).secret == "old"


def test_neither_is_for_operators(scene: Scene) -> None:
    number, amina = twilio(scene), scene.operator("Amina")
    for act in (earlier_keys.restore_old_secret, earlier_keys.give_up_secret):
        with pytest.raises(Forbidden):
            scene.do(lambda act=act: act(number, amina))


@pytest.mark.usefixtures("desks_key")
def test_the_page_offers_both(app: Flask, scene: Scene, boss: Operator) -> None:
    browser, number = Browser(app), twilio(scene)
    browser.sign_in(boss)
    page = f"/accounts/{number}"
    assert "Go back to the old key" not in words(browser.get(page))
    browser.post(f"{page}/secret", {"secret": "mistyped", "keep_old": "1"})
    assert "Go back to the old key" in words(browser.get(page))
    assert browser.post(f"{page}/restore").status_code == 303
    shown = words(browser.get(page))
    assert "The old key sends again. The new one is forgotten." in shown
    assert "Use the desk’s key" in shown
    assert browser.post(f"{page}/give-up").status_code == 303
    shown = words(browser.get(page))
    assert "none of its own: the desk’s" in shown
    assert "It forgets its own" not in shown


def test_nothing_is_offered_that_the_desk_has_not(app: Flask, scene: Scene, boss: Operator) -> None:
    browser, number = Browser(app), twilio(scene)
    browser.sign_in(boss)
    assert "Use the desk’s key" not in words(browser.get(f"/accounts/{number}"))
