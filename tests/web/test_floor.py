"""The floor: figures that lead somewhere, a ledger that adds up, decisions, and giving reports to people."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.scene import INTAKE, Scene
from tests.web.door import Browser, words
from triage import clock
from triage.actions import assignments, closing, replies, routing
from triage.actions.deliveries import Settlement
from triage.db import db
from triage.models import Account, Desk, Operator


def test_the_ledger_is_a_sum_one_can_read_aloud(scene: Scene, browser: Browser, boss: Operator) -> None:
    scene.sms("No ink")
    scene.sms("still no ink")
    scene.sms("STOP", "+254711000999")
    said = words(browser.get("/floor"))
    assert "received 3 = opened 1 + joined 1 + copies 0 + STOP, status 1 + quarantined 0 + pending 0" in said
    assert "difference 0 every message accounted for" in said


def test_every_tile_is_a_link_to_what_it_counts(browser: Browser, boss: Operator) -> None:
    tiles = re.findall(r'<a class="tile[^"]*" href="([^"]+)"', browser.get("/floor").text)
    assert len(tiles) == 8
    for href in tiles:
        assert browser.get(href.partition("#")[0] or "/floor").status_code == 200


def test_the_tile_and_the_queue_beside_it_count_the_same(scene: Scene, browser: Browser, boss: Operator) -> None:
    report = scene.sms("No ink")
    scene.claim(report, boss)
    scene.do(lambda: routing.snooze(report.id, boss, clock.now() + timedelta(hours=1)))
    scene.do(lambda: assignments.release(report.id, boss))
    page = words(browser.get("/floor"))
    assert "New now 0" in page
    assert "Longest wait nobody waits" in page


@pytest.mark.parametrize("trouble, said", [("broken", "does not work"), ("suspended", "is suspended by its provider")])
def test_an_account_in_trouble_is_named_with_its_channel_and_reads_the_same_in_every_direction(
    scene: Scene, browser: Browser, boss: Operator, trouble: str, said: str
) -> None:
    state = {"trouble": trouble, "needs_attention": "Refused.", "troubled_at": clock.now()}
    scene.do(lambda: db.session.query(Account).filter_by(id=scene.intake.id).update(state))
    page = browser.get("/floor")
    assert f"SMS {INTAKE} {said}" in words(page)
    assert f'<bdi dir="ltr">{INTAKE}</bdi>' in page.text


def test_a_failed_answer_stops_asking_once_somebody_dealt_with_it(
    scene: Scene, browser: Browser, boss: Operator
) -> None:
    report = scene.sms("No ink")
    held = scene.claim(report, boss)

    def answer(text: str) -> None:
        seen = scene.seen(report, boss)
        scene.do(lambda: replies.reply(report.id, boss, held.id, seen, text, text))

    for text in ("one", "two"):
        answer(text)
        with scene.later(minutes=1):
            scene.carry(Settlement("rejected", error="no such number"))
        assert "Send problems 1" in words(browser.get("/floor"))
    scene.do(lambda: closing.close(report.id, boss, "no_answer"))
    with scene.later(minutes=2):
        assert "Send problems 1" in words(browser.get("/floor")), "closed before the carrier said no"
    scene.do(lambda: closing.reopen(report.id, boss))
    with scene.later(minutes=3):
        scene.do(lambda: closing.close(report.id, boss, "no_answer"))
        assert "Send problems 0" in words(browser.get("/floor"))


def test_the_floor_says_who_holds_what(scene: Scene, browser: Browser, boss: Operator) -> None:
    amina, report = scene.operator("Amina"), scene.sms("No ink")
    scene.claim(report, amina)
    page = browser.get("/floor")
    assert "Amina" in words(page)
    assert "1 of 8" in words(page)
    assert f'href="/desk/reports/{report.id}"' in page.text
    assert browser.get("/floor/body").text.count("<html") == 0


def test_the_next_report_of_the_queue_is_given(scene: Scene, browser: Browser, boss: Operator) -> None:
    amina = scene.operator("Amina")
    first, second = scene.sms("one", "+254711000001"), scene.sms("two", "+254711000002")
    browser.get("/floor")
    browser.post(f"/floor/give/{amina.id}")
    assert (scene.holder(first), scene.holder(second)) == ("Amina", None)
    assert f"#{first.id} is given to Amina." in words(browser.get("/floor"))


def test_a_report_is_given_by_its_number_whoever_held_it(scene: Scene, browser: Browser, boss: Operator) -> None:
    amina, ben, report = scene.operator("Amina"), scene.operator("Ben"), scene.sms("No ink")
    scene.claim(report, ben)
    browser.get("/floor")
    browser.post(f"/floor/give/{amina.id}", {"report": report.id})
    assert scene.holder(report) == "Amina"


@pytest.mark.parametrize("number, said", [("999", "There is nothing here for you"), ("", "Nothing is waiting")])
def test_what_cannot_be_given_is_said(scene: Scene, browser: Browser, boss: Operator, number: str, said: str) -> None:
    browser.get("/floor")
    browser.post(f"/floor/give/{boss.id}", {"report": number})
    assert said in words(browser.get("/floor"))


def test_nobody_gets_more_than_they_may_hold(scene: Scene, browser: Browser, boss: Operator) -> None:
    amina, held, report = scene.operator("Amina", capacity=1), scene.sms("a", "+254711000001"), scene.sms("b")
    scene.claim(held, amina)
    browser.get("/floor")
    browser.post(f"/floor/give/{amina.id}", {"report": report.id})
    assert scene.holder(report) is None
    assert "Amina already holds 1 reports" in words(browser.get("/floor"))


def test_handing_over_gives_what_was_ticked_and_names_what_changed(
    scene: Scene, browser: Browser, boss: Operator
) -> None:
    amina, ben, chidi = scene.operator("Amina"), scene.operator("Ben"), scene.operator("Chidi")
    reports = [scene.sms("No ink", f"+25471100000{number}") for number in range(4)]
    for report in reports[:3]:
        scene.claim(report, amina)
    page = browser.get(f"/floor/hand-over/{amina.id}")
    assert page.text.count('type="checkbox" name="report"') == 3
    # Meanwhile one goes to Chidi, one back to the queue.
    for_chidi, returned = reports[0], reports[1]
    scene.do(lambda: assignments.assign(for_chidi.id, chidi.id, boss))
    scene.do(lambda: assignments.release(returned.id, amina))
    answer = browser.post(f"/floor/hand-over/{amina.id}", {"to": ben.id, "report": [each.id for each in reports[:3]]})
    assert [scene.holder(each) for each in reports] == ["Chidi", None, "Ben", None]
    said = words(answer)
    assert f"#{for_chidi.id} : Left as it is: Chidi holds it now." in said
    assert f"#{returned.id} : Left as it is: nobody holds it any more." in said
    assert "1 report is given to Ben." in said


def test_handing_over_to_somebody_who_is_full_gives_what_fits(scene: Scene, browser: Browser, boss: Operator) -> None:
    amina, ben = scene.operator("Amina"), scene.operator("Ben", capacity=1)
    reports = [scene.sms("No ink", f"+25471100000{number}") for number in range(3)]
    for report in reports:
        scene.claim(report, amina)
    browser.get(f"/floor/hand-over/{amina.id}")
    browser.post(f"/floor/hand-over/{amina.id}", {"to": ben.id, "report": [each.id for each in reports]})
    assert [scene.holder(each) for each in reports].count("Ben") == 1
    assert [scene.holder(each) for each in reports].count("Amina") == 2


@pytest.mark.parametrize("data", [{}, {"to": "x", "report": "1"}, {"to": 999, "report": ["1", "x", "9" * 30]}])
def test_odd_hand_overs_change_nothing(
    scene: Scene, browser: Browser, boss: Operator, data: dict[str, object]
) -> None:
    amina, report = scene.operator("Amina"), scene.sms("No ink")
    scene.claim(report, amina)
    browser.get(f"/floor/hand-over/{amina.id}")
    assert browser.post(f"/floor/hand-over/{amina.id}", data).status_code in (200, 404, 422)
    assert scene.holder(report) == "Amina"


def test_frozen_clocks_are_said_and_resumed(scene: Scene, browser: Browser, boss: Operator) -> None:
    def freeze() -> None:
        desk = db.session.get_one(Desk, 1)
        desk.leases_frozen_at, desk.freeze_reason = boss.created_at, "outage"

    scene.do(freeze)
    assert "The clocks stand still" in words(browser.get("/floor"))
    browser.post("/floor/resume")
    assert "The clocks run again" in words(browser.get("/floor"))
    assert db.session.get_one(Desk, 1, populate_existing=True).leases_frozen_at is None


def test_each_decision_has_its_sentence_and_one_button(scene: Scene, browser: Browser, boss: Operator) -> None:
    amina, report = scene.operator("Amina"), scene.sms("No ink")
    scene.claim(report, amina)
    with scene.later(minutes=16):
        browser.sign_in(boss)
        said = words(browser.get("/floor"))
    assert "Amina is silent and holds 1" in said
    assert re.search(r"Last seen \d+ min ago\.", said)
    assert "Hand over 1" in said
    assert f"#{report.id} is held without an answer" in said


def test_an_uncertain_answer_needs_a_decision(scene: Scene, browser: Browser, boss: Operator) -> None:
    amina, report = scene.operator("Amina"), scene.sms("No ink")
    held, seen = scene.claim(report, amina).id, scene.seen(report, amina)
    scene.do(lambda: replies.reply(report.id, amina, held, seen, "On our way", "key-12345"))
    scene.carry(Settlement("unknown"))
    said = words(browser.get("/floor"))
    assert f"#{report.id} may have been sent" in said
    assert f"Check #{report.id}" in said


def test_who_goes_home_with_reports_in_hand_is_shown_them(scene: Scene, browser: Browser, boss: Operator) -> None:
    gone = {"shift": "off", "back": "/floor"}
    browser.get("/desk")
    assert browser.post("/desk/shift", gone).location == "/floor"
    scene.claim(scene.sms("No ink"), boss)
    answer = browser.post("/desk/shift", gone)
    assert answer.location == "/desk?view=mine"
    assert "You are off and still hold 1 report." in words(browser.get(answer.location))
