"""One account's page, the price list, tests and keys, as a coordinator meets them at two in the morning."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select, update

import config
from tests.scene import INTAKE, Scene
from tests.web.door import Browser, words
from triage import clock, connections
from triage.actions import accounts as change
from triage.actions import prices, replies, trials
from triage.actions.accounts import Terms
from triage.db import db
from triage.models import Account, Contact, DeliveryAttempt, Operator, Price
from triage.queries import accounts

OURS = "+254 799 000 001"


def page(scene: Scene, account: int | None = None) -> str:
    """The address of an account's page: the intake number's."""
    return f"/accounts/{account or scene.intake.id}"


def alter(scene: Scene, **values: object) -> None:
    """Make the intake number be in some state."""
    scene.do(lambda: db.session.execute(update(Account).where(Account.address == INTAKE).values(**values)))


@pytest.mark.parametrize("state, said", [
    ({"label": ""}, "Ready"), ({"paused_at": 0}, "Paused by a person since"),
    ({"paused_until": 180, "paused_why": "asked"}, "The carrier asks us to wait until"),
    ({"paused_until": 180, "paused_why": "failing"}, "It was failing. Tried again at"),
    ({"ceiling_micros": 0, "next_slot_at": 600}, "Its stop level is reached: nothing that costs leaves before"),
    ({"next_slot_at": 600}, "Ready"),
    ({"trouble": "broken", "needs_attention": "The key expired."}, "The key expired."),
    ({"trouble": "suspended", "needs_attention": "Shut.", "troubled_at": 0}, "The provider has shut this account"),
    ({"last_error": "busy", "last_error_at": 0}, "busy"),
])
def test_how_it_fares_is_said_in_words(
    scene: Scene, browser: Browser, boss: Operator, state: dict[str, object], said: str
) -> None:
    now = clock.now()
    moments = {name: now + timedelta(seconds=value) for name, value in state.items()
               if name.endswith(("_at", "_until")) and isinstance(value, int)}
    alter(scene, **{**state, **moments})
    assert said in words(browser.get(page(scene)))
    assert browser.get("/accounts").status_code == 200


def test_a_full_window_says_when_the_next_leaves(scene: Scene, browser: Browser, boss: Operator) -> None:
    alter(scene, limits=[[1, 3600], [500, 86400]])
    scene.sms("No ink")
    assert scene.carry() == 1
    line = accounts.one(scene.intake.id, boss)
    assert (line.state, line.standing.why) == ("limited", "no_slot")
    assert line.standing.until is not None
    assert timedelta(minutes=59) < line.standing.until - clock.now() <= timedelta(hours=1)
    said = words(browser.get(page(scene)))
    assert "Its limit is reached" in said
    assert "1 of 500" in said


def test_what_it_costs_and_who_said_stop_is_shown(scene: Scene, browser: Browser, boss: Operator) -> None:
    number = scene.intake.id
    for text in ("No ink", "STOP"):
        scene.sms(text)
    scene.carry()
    scene.do(lambda: db.session.execute(update(DeliveryAttempt).values(cost_micros=1_500_000)))
    scene.do(lambda: change.change(number, boss, Terms(budget_micros=1_000_000, ceiling_micros=9_000_000)))
    line = accounts.one(number, boss)
    tries = len(db.session.scalars(select(DeliveryAttempt.id)).all())
    assert (line.spent, line.over_budget, line.stopped) == (tries * 1_500_000, True, 1)
    assert db.session.scalars(select(Contact.opted_out_account_id)).all() == [number]
    assert "past its budget" in words(browser.get(page(scene)))
    assert "stops at $9.00" in words(browser.get("/accounts"))


def test_past_its_stop_level_nothing_that_costs_leaves_and_the_page_says_so(
    scene: Scene, browser: Browser, boss: Operator
) -> None:
    number = scene.intake.id
    scene.do(lambda: prices.set_price("sms", "simulator", "*", 600_000))
    scene.do(lambda: change.change(number, boss, Terms(limits=[[100, 60]], ceiling_micros=1_000_000)))
    for sender in ("+254711000523", "+254711000524"):
        scene.sms("No ink", sender)
    assert scene.carry() == 1
    line = accounts.one(number, boss)
    assert (line.state, line.standing.why, line.spent, line.waiting) == ("limited", "stop_level", 600_000, 1)
    assert line.standing.until is not None
    assert line.standing.until > clock.now() + timedelta(hours=23)
    assert "Its stop level is reached" in words(browser.get("/accounts"))


def test_limits_and_money_are_edited_in_clear_fields(scene: Scene, browser: Browser, boss: Operator) -> None:
    form = {"label": "The Harbour", "limit_second": "2", "limit_hour": "300", "budget": "2,50", "ceiling": "4"}
    assert browser.post(page(scene), form).status_code == 303
    one = db.session.get_one(Account, scene.intake.id, populate_existing=True)
    assert one.limits == [[2, 1], [300, 3600]]
    assert (one.budget_micros, one.ceiling_micros) == (2_500_000, 4_000_000)
    shown = browser.get(page(scene)).text
    for value in ('value="300"', 'value="2.5"', 'value="4"', 'value="The Harbour"'):
        assert value in shown


def test_a_refused_form_keeps_what_was_typed(scene: Scene, browser: Browser, boss: Operator) -> None:
    answer = browser.post(page(scene), {"label": "Mine", "limit_day": "7", "budget": "5", "ceiling": "much"})
    assert answer.status_code == 422
    assert "Write an amount in figures" in words(answer)
    for value in ('value="Mine"', 'value="7"', 'value="much"'):
        assert value in answer.text


def test_what_citizens_read_is_shown_and_never_a_real_name(scene: Scene, browser: Browser, boss: Operator) -> None:
    amina = scene.operator("Amina")
    scene.do(lambda: setattr(db.session.get_one(Operator, amina.id), "name", "Amina Otieno"))
    line = next(one for one in accounts.lines(boss) if one.operator_id == amina.id)
    assert line.identity == "Amina, volunteer at Harbour Election Desk"
    said = words(browser.get(page(scene, line.id)))
    assert f"Citizens read: {line.identity}" in said
    assert "Otieno" not in said.partition("Citizens read:")[2].partition("At most")[0]


def form_key(answer: object) -> str:
    """The key of the test form on a page."""
    found = re.search(r'name="key" value="(\w+)"', answer.text)  # type: ignore[attr-defined]  # a response of the test client
    assert found is not None
    return found.group(1)


def test_a_test_is_on_its_way_once_and_shows_what_became_of_it(scene: Scene, browser: Browser, boss: Operator) -> None:
    key = form_key(browser.get(page(scene)))
    for _ in range(2):
        assert browser.post(f"{page(scene)}/test", {"to": OURS, "key": key}).status_code == 303
    assert "…01 waits" in words(browser.get(page(scene)))
    assert scene.carry() == 1
    said = browser.get(page(scene))
    assert "taken by the carrier" in words(said)
    assert "799000001" not in said.text.replace(" ", "")


def test_looking_again_asks_the_desk_again(scene: Scene, browser: Browser, boss: Operator) -> None:
    browser.post(f"{page(scene)}/test", {"to": OURS, "key": form_key(browser.get(page(scene)))})
    found = re.search(r'href="([^"]+)">Look again', browser.get(page(scene)).text)
    assert found is not None
    address = unescape(found.group(1)).partition("#")[0]
    assert address != page(scene), "to the address it shows a browser only jumps, and shows nothing new"
    assert browser.get(address).status_code == 200


@pytest.mark.parametrize("provider, secret, said", [
    ("twilio", "", "the key in the desk’s own settings, which this account speaks with"),
    ("twilio", "own", "replace the key below"),
    ("gateway", "own", "put right the key or the settings below, or the gateway itself"),
])
def test_what_is_broken_says_where_it_is_mended(
    scene: Scene, browser: Browser, boss: Operator, provider: str, secret: str, said: str
) -> None:
    made = scene.do(lambda: change.add_account("sms", "+254700000801", provider=provider, secret=secret))
    scene.do(lambda: db.session.execute(update(Account).where(Account.id == made.id).values(
        trouble="broken", needs_attention="No.")))
    assert said in words(browser.get(page(scene, made.id)))


def test_a_gateway_says_what_is_still_to_be_set(scene: Scene, browser: Browser, boss: Operator) -> None:
    made = scene.do(lambda: change.add_account("sms", "+254700000801", provider="gateway", can_send=True))
    said = words(browser.get(page(scene, made.id)))
    assert "none yet: nothing that it brings is believed" in said
    assert "It is not set yet how answers leave" in said
    browser.post(f"{page(scene, made.id)}/secret", {"secret": "a key"})
    browser.post(f"{page(scene, made.id)}/options", {"options": "mode=collect"})
    said = words(browser.get(page(scene, made.id)))
    assert "one, stored encrypted" in said
    assert "It is not set yet how answers leave" not in said


@pytest.mark.parametrize("settings", [{"demo": True}, {"demo": False}], indirect=True, ids=["practice", "real"])
def test_a_made_up_carrier_is_offered_on_a_practice_desk_only(
    scene: Scene, browser: Browser, boss: Operator, settings: config.Settings
) -> None:
    for path in ("/accounts", "/accounts/new", "/accounts/prices"):
        shown = browser.get(path).text
        assert ("Mastodon" in shown) == settings.demo, path
        offers = re.findall(r'<option value="([^"]*simulator)"', shown)
        assert bool(offers) == (settings.demo and path != "/accounts"), path


@pytest.mark.parametrize("to, said", [("nobody", "not a telephone number"), ("+254711000523", "said STOP")])
def test_a_test_that_cannot_be_says_why(
    scene: Scene, browser: Browser, boss: Operator, to: str, said: str
) -> None:
    for text in ("No ink", "STOP"):
        scene.sms(text)
    answer = browser.post(f"{page(scene)}/test", {"to": to, "key": form_key(browser.get(page(scene)))})
    assert answer.status_code == 422
    assert said in words(answer)


def test_two_keys_while_one_is_replaced(scene: Scene, browser: Browser, boss: Operator) -> None:
    number = scene.do(lambda: change.add_account("sms", "+254700000801", provider="twilio", secret="old")).id
    browser.post(f"{page(scene, number)}/secret", {"secret": "new", "keep_old": "1"})
    shown = browser.get(page(scene, number))
    assert "two: the new one sends, both are believed" in words(shown)
    assert "new,old" not in shown.text
    browser.post(f"{page(scene, number)}/forget")
    one = db.session.get_one(Account, number, populate_existing=True)
    assert connections.settings_of(one).secret == "new"


def test_a_key_nobody_can_open_is_said_and_breaks_no_page(scene: Scene, browser: Browser, boss: Operator) -> None:
    number = scene.do(lambda: change.add_account("sms", "+254700000801", provider="twilio", secret="old")).id
    scene.do(lambda: db.session.execute(update(Account).where(Account.id == number).values(secret_sealed=b"x\0y")))
    assert "cannot be opened with this desk’s keys" in words(browser.get(page(scene, number)))


def test_prices_are_added_corrected_and_removed(scene: Scene, browser: Browser, boss: Operator) -> None:
    for price in ("0.03", "0,032"):
        form = {"carrier": "sms/simulator", "region": "ke", "price": price}
        assert browser.post("/accounts/prices", form).status_code == 303
    said = words(browser.get("/accounts/prices"))
    assert "Kenya KE" in said
    assert "$0.032" in said
    wrong = browser.post("/accounts/prices", {"carrier": "sms/simulator", "region": "QQ", "price": "1"})
    assert wrong.status_code == 422
    assert "two letters" in words(wrong)
    browser.post(f"/accounts/prices/{db.session.scalars(select(Price.id)).one()}/remove")
    assert "No price yet" in words(browser.get("/accounts/prices"))


def test_a_plan_says_for_each_conversation_what_becomes_of_it(scene: Scene, browser: Browser, boss: Operator) -> None:
    amina, ben, report = scene.operator("Amina"), scene.operator("Ben"), scene.sms("No ink")
    held, seen = scene.claim(report, amina).id, scene.seen(report, amina)
    scene.do(lambda: replies.reply(report.id, amina, held, seen, "On our way", "key-000001"))
    scene.carry()
    number = next(line.id for line in accounts.lines(boss) if line.operator_id == amina.id)
    for rule, to, said in (
        ("holder", ben.id, "cannot leave: its holder has no account for it"),
        ("pool", ben.id, f"leaves from a shared account, such as {INTAKE}"), ("pool", "", "as before"),
        ("arrival", ben.id, f"leaves from the account the person wrote to: {INTAKE}"),
    ):
        scene.do(lambda chosen=rule: change.set_rule("sms", chosen))
        assert said in words(browser.get(f"{page(scene, number)}/transfer?to={to}")), rule
    scene.account("sms", "+254700000909", can_send=True, operator=amina)
    scene.do(lambda: change.set_rule("sms", "holder"))
    assert "leaves from the holder’s own +254700000909" in words(
        browser.get(f"{page(scene, number)}/transfer?to={ben.id}"))
    assert "What becomes of it" not in words(browser.get(f"{page(scene, number)}/transfer?to={amina.id}"))


def test_a_sender_name_says_that_nobody_can_answer_it(scene: Scene, browser: Browser, boss: Operator) -> None:
    form = {"channel": "sms", "address": "HARBOUR", "can_receive": "1", "can_send": "1"}
    answer = browser.post("/accounts", form)
    assert answer.status_code == 303
    assert "people see it, and cannot answer it" in words(browser.get(answer.location))
    assert "one way: nobody can answer it" in words(browser.get("/accounts"))


def test_prices_are_not_for_operators(scene: Scene, browser: Browser) -> None:
    scene.do(lambda: prices.set_price("sms", "simulator", "*", 1))
    browser.sign_in(scene.operator("Amina"))
    assert browser.get("/accounts/prices").status_code == 403


WITHOUT = "no price yet: nothing is counted"


@pytest.mark.parametrize("level", ["budget_micros", "ceiling_micros"])
def test_a_level_of_money_without_a_price_says_that_nothing_is_counted(
    scene: Scene, browser: Browser, boss: Operator, level: str
) -> None:
    assert WITHOUT not in words(browser.get(page(scene)))
    alter(scene, **{level: 1_000_000})
    shown = browser.get(page(scene))
    assert WITHOUT in words(shown)
    assert '<a href="/accounts/prices">Set prices</a>' in shown.text
    scene.do(lambda: prices.set_price("sms", "simulator", "KE", 30_000))
    assert WITHOUT not in words(browser.get(page(scene)))


def test_what_waits_is_counted_alike_wherever_the_page_says_it(
    scene: Scene, browser: Browser, boss: Operator
) -> None:
    number = scene.intake.id
    scene.do(lambda: trials.send_test(number, OURS, "trial-0001", boss))
    shown = words(browser.get(page(scene)))
    assert "Waits to leave 1" in shown
    assert "1 message waits to leave. A pause keeps it waiting." in shown
    assert "a transfer makes it a draft" not in shown
