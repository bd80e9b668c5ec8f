"""One answer to many, by hand and without script: a look before, one press, and what became of each."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from channels.base import InboundMessage
from tests.scene import Scene
from tests.visitor import PASSWORD
from tests.web.door import Browser, words
from triage import clock
from triage.actions import answering, citizens, closing, copies, incidents
from triage.actions.recipients import Recipient, ToMany
from triage.db import db
from triage.models import Delivery, Draft, Incident, Operator, Report
from triage.queries import citizen

pytestmark = [pytest.mark.only("sqlite"), pytest.mark.usefixtures("as_maya"), pytest.mark.parametrize(
    "settings", [{"acknowledge": False, "undo_seconds": 8}], indirect=True)]
LONG = "The polling station at the old school in Kibera has run out of ballot papers and people are leaving"
ROSA, TOM, LEILA = "+254711000001", "+254711000002", "+254711000003"
TEXT = "Thank you. We know of it and are on our way."


@pytest.fixture
def matter(scene: Scene, maya: Operator) -> list[int]:
    """Three reports, two of them copies; the numbers."""
    numbers = [scene.sms(LONG, who).id for who in (ROSA, TOM, LEILA)]
    scene.claim(scene.report(numbers[0]), maya)
    return numbers


def form(page: str, *ticks: int) -> dict[str, object]:
    """The fields of the page, with these reports ticked; none said: as the page has ticked them."""
    hidden = dict(re.findall(r'<input type="hidden" name="(seen_seq|key|picked)" value="([^"]*)"', page))
    boxes = re.findall(r'name="to" value="((\d+)-\d+)"( checked)?', page)
    chosen = [value for value, number, checked in boxes if (int(number) in ticks if ticks else checked)]
    return {**hidden, "to": chosen, "text": TEXT}


def test_all_senders_are_answered_after_a_look_and_each_result_is_told(
    scene: Scene, browser: Browser, matter: list[int]
) -> None:
    desk = browser.get(f"/desk/reports/{matter[0]}").text
    assert "Answer all 3…" in desk
    address = f"/desk/reports/{matter[0]}/answer-all"
    looked = browser.post(address, {"text": TEXT})  # from the composer, with what was typed there
    assert looked.status_code == 200
    said = words(looked)
    assert "3 people" in said
    assert said.count("1 part") == said.count("by SMS · from +2547") == 3
    assert TEXT in looked.text
    scene.sms("STOP", TOM)
    stale = browser.post(address, {**form(looked.text), "send": "yes"})
    page = browser.get(stale.location) if stale.status_code == 303 else stale
    assert "2 people are answered" in words(page)
    assert "Not sent: This person said STOP" in words(page)
    assert words(page).count("Sends in 8 s") == 2
    assert "to …03" in words(browser.get(f"/desk/reports/{matter[0]}"))
    undone = browser.post(f"{stale.location}/undo")
    assert "Taken back from 2 people" in words(browser.get(undone.location))
    assert TEXT in browser.get(f"/desk/reports/{matter[0]}").text, "it is the draft again"


def test_a_page_that_is_out_of_date_keeps_the_text_and_the_ticks_and_says_so(
    scene: Scene, browser: Browser, matter: list[int]
) -> None:
    address = f"/desk/reports/{matter[0]}/answer-all"
    filled = form(browser.get(address).text, *matter[:2])
    scene.sms("They have gone now", LEILA)
    refused = browser.post(address, {**filled, "send": "yes"})
    assert refused.status_code == 409
    assert "New since you started: 1" in words(refused)
    assert TEXT in refused.text
    assert len(re.findall(r'name="to"[^>]* checked', refused.text)) == 2
    assert db.session.query(Draft).filter_by(report_id=matter[0]).one().body == TEXT
    again = browser.post(address, {**form(refused.text), "send": "yes"})
    assert again.status_code == 303
    assert db.session.query(Delivery).filter_by(purpose="reply").count() == 2
    assert browser.post(address, {**form(refused.text), "send": "yes"}).location == again.location, "pressed twice"
    assert db.session.query(Delivery).filter_by(purpose="reply").count() == 2


def test_who_was_answered_since_they_wrote_is_not_ticked_again(browser: Browser, matter: list[int]) -> None:
    address = f"/desk/reports/{matter[0]}/answer-all"
    browser.post(address, {**form(browser.get(address).text, *matter[:2]), "send": "yes"})
    page = browser.get(address)
    assert re.findall(r'name="to" value="(\d+)-\d+" checked', page.text) == [str(matter[2])]
    assert words(page).count("Answered since they wrote") == 2


def test_what_everybody_can_read_wants_the_tick(scene: Scene, browser: Browser, maya: Operator) -> None:
    scene.account("mastodon", "@harbour@social.example")
    scene.account("mastodon", "@maya@social.example", can_send=True, operator=maya)
    first, post, zawadi = scene.sms("Locked", ROSA), scene.post("Locked"), scene.operator("Zawadi", "coordinator")
    scene.claim(first, maya)
    scene.do(lambda: copies.link(post.id, first.id, zawadi))
    address = f"/desk/reports/{first.id}/answer-all"
    page = browser.get(address)
    assert "Everybody can read this one" in words(page)
    refused = browser.post(address, {**form(page.text), "send": "yes"})
    assert refused.status_code == 422
    assert TEXT in refused.text
    assert browser.post(address, {**form(page.text), "send": "yes", "confirm": "yes"}).status_code == 303


def test_of_an_incident_each_leaves_in_the_name_of_its_holder(
    scene: Scene, browser: Browser, maya: Operator, app: Flask
) -> None:
    ben = scene.operator("Ben")
    first, second, third = (scene.sms(f"Told {place}", who) for place, who in enumerate((ROSA, TOM, LEILA)))
    made = Incident(title="No ballot papers", state="open", operator_id=maya.id, created_at=clock.now())
    scene.do(lambda: db.session.add(made))
    number = made.id
    for report in (first, second, third):
        scene.do(lambda one=report.id: setattr(db.session.get_one(Report, one), "incident_id", number))
    scene.claim(scene.report(first.id), maya)
    scene.claim(scene.report(second.id), ben)
    page = browser.get(f"/desk/incidents/{number}/answer")
    assert "in the name of Ben" in words(page)
    assert f"Nobody holds #{third.id}: take it first." in words(page)
    sent = browser.post(f"/desk/incidents/{number}/answer", {**form(page.text), "send": "yes"})
    results = browser.get(sent.location)
    assert "2 people are answered" in words(results)
    assert re.search(rf'href="/desk/incidents/{number}">.*Back to the incident', results.text)
    stranger = Browser(app)
    stranger.sign_in(scene.operator("Noor"), PASSWORD)
    assert stranger.get(f"/desk/incidents/{number}/answer").status_code == 403
    assert stranger.get(sent.location).status_code == 404


def test_who_answers_all_of_an_incident_takes_what_nobody_holds_where_it_stands(
    scene: Scene, browser: Browser, maya: Operator
) -> None:
    first, second = scene.sms("No ballot papers", ROSA), scene.sms("Nothing to vote with", TOM)
    scene.claim(first, maya)
    scene.do(lambda: incidents.link(second.id, first.id, maya))
    address = f"/desk/incidents/{scene.report(first.id).incident_id}/answer"
    page = browser.get(address)
    assert "Answer everybody who told of “\u2068No ballot papers\u2069”" in words(page), "nobody gave it a title"
    assert "1 of them cannot be answered now" in words(page)
    taken = browser.post(address, {**form(page.text), "take": second.id})
    assert scene.holder(second) == "Maya"
    assert TEXT in taken.text, "what was typed is kept"
    assert "Nobody holds" not in words(taken)
    assert len(re.findall(r'name="to"[^>]* checked', taken.text)) == 2
    again = browser.post(address, {**form(taken.text), "take": 99})
    assert again.status_code == 404
    ben = scene.operator("Ben")
    third = scene.sms("No ballots and no ink", LEILA)
    scene.do(lambda: incidents.link(third.id, first.id, maya))
    page = browser.get(address)
    scene.claim(third, ben)
    late = browser.post(address, {**form(page.text), "take": third.id})
    assert (late.status_code, "Ben" in words(late), TEXT in late.text) == (409, True, True)


def test_the_floor_asks_about_what_is_told_again_and_remembers_the_answer(
    scene: Scene, app: Flask, maya: Operator
) -> None:
    boss, zawadi = Browser(app), scene.operator("Zawadi", "coordinator")
    boss.sign_in(zawadi, PASSWORD)
    first = scene.sms(LONG, ROSA).id
    scene.do(lambda: closing.discard(first, maya, "off_topic"))
    for who in ("+254711000011", "+254711000012", "+254711000013"):
        scene.sms(LONG, who)
    said = words(boss.get("/floor"))
    assert f"#{first} was repeated by 3 new people" in said
    assert "Off topic" in said
    boss.post(f"/floor/leave-closed/{first}")
    assert "was repeated by" not in words(boss.get("/floor"))
    for who in ("+254711000014", "+254711000015", "+254711000016"):
        scene.sms(LONG, who)
    assert f"#{first} was repeated by 3 new people" in words(boss.get("/floor"))
    opened = boss.post(f"/desk/reports/{first}/reopen")
    assert f"/desk/reports/{first}" in opened.location
    assert scene.holder(scene.report(first)) == "Zawadi"
    assert "was repeated by" not in words(boss.get("/floor"))


def test_who_reads_the_answer_on_the_web_hears_the_holder_though_a_coordinator_wrote_it(
    scene: Scene, maya: Operator
) -> None:
    message = InboundMessage("web", "", "token-1.abc", None, "Closed.", thread_key="web:token-1")
    scene.do(lambda: citizens.report(message, "receipt", None))
    scene.compare()
    report, zawadi = scene.newest().id, scene.operator("Zawadi", "coordinator")
    made = Incident(title="Closed doors", state="open", operator_id=maya.id, created_at=clock.now())
    scene.do(lambda: db.session.add(made))
    incident = made.id
    scene.do(lambda: setattr(db.session.get_one(Report, report), "incident_id", incident))
    fence = scene.claim(scene.report(report), maya).id
    asked = ToMany([Recipient(report, fence)], scene.head(), TEXT, "key-0001", incident_id=incident)
    scene.do(lambda: answering.answer_all(asked, zawadi))
    with scene.later(seconds=30):
        scene.carry()
        found = citizen.thread("receipt")
    assert found is not None
    assert [(one.author, one.body) for one in found.messages if one.ours] == [("Maya", TEXT)]
