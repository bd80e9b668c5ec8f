"""The accounts page: states in words, secrets that never come out, pausing, transferring, sender rules."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.scene import INTAKE, Scene
from tests.web.door import Browser, words
from triage import clock, connections
from triage.actions import replies
from triage.db import db
from triage.models import Account, Delivery, Draft, Operator
from triage.queries import accounts

NEW = {"channel": "sms", "address": "0700 000 555", "can_receive": "1", "can_send": "1"}


def account(address: str = "+254700000555") -> Account:
    """The account with this address, as in the database now."""
    query = select(Account).where(Account.address == address).execution_options(populate_existing=True)
    return db.session.scalars(query).one()


def test_an_account_is_added_in_one_spelling_and_its_key_stays_inside(
    scene: Scene, browser: Browser, boss: Operator
) -> None:
    amina = scene.operator("Amina")
    data = {**NEW, "operator": amina.id, "label": "Amina, volunteer",
            "secret": "very-secret-key", "limit_minute": "7", "limit_hour": "150", "limits": "90/1800"}
    assert browser.post("/accounts", data).status_code == 303
    made = account()
    assert (made.operator_id, made.limits) == (amina.id, [[7, 60], [150, 3600], [90, 1800]])
    assert b"very-secret-key" not in (made.secret_sealed or b"")
    assert connections.settings_of(made).secret == "very-secret-key"
    for page in (browser.get("/accounts"), browser.get(f"/accounts/{made.id}")):
        assert "very-secret-key" not in page.text
        assert "Amina, volunteer" in words(page)
    assert 'name="limit_minute" inputmode="numeric" dir="ltr" autocomplete="off" maxlength="20" value="7"' in page.text
    assert 'value="90/1800"' in page.text


@pytest.mark.parametrize("change, said", [
    ({"address": "+25470O0555"}, "This is not a telephone number"), ({"address": ""}, "Something is missing here"),
    ({"channel": "pigeon"}, "There is no channel called pigeon"),
    ({"channel": "web"}, "There is no channel called web"),
    ({"provider": "acme"}, "cannot be carried by acme"), ({"address": INTAKE}, "is on this desk already"),
    ({"can_receive": "", "can_send": ""}, "must receive, send, or both"), ({"limits": "ten"}, "Write other limits as"),
    ({"limits": "0/60"}, "both above 0"), ({"limits": "1/1 2/2 3/3 4/4 5/5 6/6 7/7"}, "both above 0"),
    ({"operator": "999"}, "An account can belong only to"), ({"operator": "x"}, "A whole number was expected"),
    ({"budget": "much"}, "Write an amount in figures"), ({"budget": "5", "ceiling": "4.99"}, "below the budget"),
    ({"label": "x" * 121}, "at most 120 characters"), ({"secret": "x" * 4001}, "4001 characters"),
])
def test_a_mistake_is_a_sentence_and_nothing_is_added(
    browser: Browser, boss: Operator, change: dict[str, object], said: str
) -> None:
    before = len(accounts.lines(boss))
    answer = browser.post("/accounts", {**NEW, **change})
    assert answer.status_code == 422
    assert said in words(answer)
    assert len(accounts.lines(boss)) == before


def test_the_state_is_a_word(scene: Scene, browser: Browser, boss: Operator) -> None:
    def state() -> str:
        return next(line.state for line in accounts.lines(boss) if line.address == INTAKE)

    def change(**values: object) -> None:
        def all_at_once() -> None:
            one = account(INTAKE)
            for name, value in values.items():
                setattr(one, name, value)

        scene.do(all_at_once)

    assert state() == "ready"
    change(paused_until=clock.now() + timedelta(minutes=3))
    assert state() == "limited"
    change(trouble="broken", needs_attention="The key expired.")
    assert state() == "broken"
    assert "Broken" in words(browser.get("/accounts"))
    browser.post(f"/accounts/{account(INTAKE).id}/pause")
    assert state() == "paused"
    browser.post(f"/accounts/{account(INTAKE).id}/resume")
    assert state() == "ready"


def test_a_used_up_window_is_limited(scene: Scene, boss: Operator) -> None:
    amina, report = scene.operator("Amina"), scene.sms("No ink")
    scene.do(lambda: setattr(account("+254700000202"), "limits", [[1, 60]]))
    answer(scene, amina, report.id)
    scene.carry()
    line = next(line for line in accounts.lines(boss) if line.operator_id == amina.id)
    assert (line.state, line.used_hour, line.used_today) == ("limited", 1, 1)


def answer(scene: Scene, operator: Operator, report_id: int) -> None:
    """The operator takes a report and answers it."""
    report = scene.report(report_id)
    held, seen = scene.claim(report, operator).id, scene.seen(report, operator)
    scene.do(lambda: replies.reply(report_id, operator, held, seen, "On our way", f"key-{report_id:06d}"))


def test_a_transfer_shows_its_plan_and_takes_waiting_answers_back(
    scene: Scene, browser: Browser, boss: Operator
) -> None:
    amina, ben, report = scene.operator("Amina"), scene.operator("Ben"), scene.sms("No ink")
    answer(scene, amina, report.id)
    number = next(line.id for line in accounts.lines(boss) if line.operator_id == amina.id)
    said = words(browser.get(f"/accounts/{number}/transfer?to={ben.id}"))
    assert "1 open conversation was answered from it" in said
    assert "1 answer waits to leave" in said
    assert "cannot leave: its holder has no account for it" in said
    browser.post(f"/accounts/{number}/transfer", {"operator": ben.id})
    assert db.session.get_one(Account, number, populate_existing=True).operator_id == ben.id
    assert db.session.scalars(select(Delivery.state).where(Delivery.purpose == "reply")).all() == ["cancelled"]
    assert db.session.scalars(select(Draft.body)).all() == ["On our way"]
    scene.carry()
    assert "On our way" not in [text for _, _, text in scene.sent]


@pytest.mark.parametrize("what", ["/pause", "/resume", "", "/transfer"])
def test_an_account_that_is_not_there_is_not_found(browser: Browser, boss: Operator, what: str) -> None:
    assert browser.post(f"/accounts/999{what}", {"label": "x"}).status_code == 404


def test_a_new_key_mends_a_broken_account(scene: Scene, browser: Browser, boss: Operator) -> None:
    def expire() -> None:
        one = account(INTAKE)
        one.trouble, one.needs_attention = "broken", "The key expired."

    scene.do(expire)
    number = account(INTAKE).id
    assert browser.post(f"/accounts/{number}/secret", {"secret": ""}).status_code == 422
    browser.post(f"/accounts/{number}/secret", {"secret": "new-key"})
    assert connections.settings_of(account(INTAKE)).secret == "new-key"
    assert account(INTAKE).needs_attention is None


def test_the_sender_rule_is_chosen_per_channel(browser: Browser, boss: Operator) -> None:
    browser.post("/accounts/rules", {"channel": "sms", "rule": "pool"})
    assert accounts.rules() == {"sms": "pool"}
    assert browser.post("/accounts/rules", {"channel": "sms", "rule": "anyhow"}).status_code == 422
    assert browser.post("/accounts/rules", {"channel": "web", "rule": "pool"}).status_code == 422
    assert accounts.rules() == {"sms": "pool"}


def test_an_operator_changes_no_account(scene: Scene, browser: Browser) -> None:
    browser.sign_in(scene.operator("Amina"))
    browser.get("/desk")
    assert browser.post(f"/accounts/{account(INTAKE).id}/pause").status_code == 403
    assert account(INTAKE).paused_at is None


def test_who_an_account_belongs_to_is_named_as_on_the_page_of_people(
    scene: Scene, browser: Browser, boss: Operator
) -> None:
    amina, _ben = scene.operator("Amina"), scene.operator("Ben")
    scene.do(lambda: setattr(db.session.get_one(Operator, amina.id), "public_name", "Bahari"))
    said = words(browser.get("/accounts"))
    assert "Bahari ( Amina )" in said
    assert "Ben ( Ben )" not in said
