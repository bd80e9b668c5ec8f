"""What the composer says before anything is sent, without script: who signs, how many parts, when, or why not."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from channels.base import InboundMessage
from tests.flows.test_voices import answer, held, reassigned
from tests.scene import Scene
from tests.visitor import Visitor, hidden, sign_in
from tests.web.door import words
from triage import clock
from triage.db import db
from triage.models import Account, Delivery, Message, Operator, Price, Report

SHOP = "+254700000900"


@pytest.fixture
def talk(scene: Scene) -> tuple[Report, Operator]:
    """A report and who holds it."""
    return held(scene)


@pytest.fixture
def browser(app: Flask, talk: tuple[Report, Operator]) -> Visitor:
    """Whoever holds it is signed in."""
    return sign_in(app, talk[1])


def composer(browser: Visitor, report: Report, query: str = "") -> str:
    """What the composer of a report says."""
    page = browser.get(f"/desk/reports/{report.id}{query}").text
    form = page[page.index('<form class="writing reply"'):page.index('id="note"')]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", form)).split())


def say(browser: Visitor, report: Report, verb: str, text: str, **more: object) -> TestResponse:
    """Send the composer's form by one of its buttons."""
    page = browser.get(f"/desk/reports/{report.id}")
    fields = {name: hidden(page)[name] for name in ("assignment", "seen_seq", "key")}
    return browser.post(f"/desk/reports/{report.id}/{verb}", text=text, **fields, **more)


def change(scene: Scene, account: Account, **values: object) -> None:
    """Something happened to an account."""
    def turned() -> None:
        row = db.session.get_one(Account, account.id)
        for name, value in values.items():
            setattr(row, name, value)

    scene.do(turned)


@pytest.mark.parametrize("full", [False, True])
def test_an_answer_that_no_next_report_follows_is_shown_with_the_reason(
    scene: Scene, browser: Visitor, talk: tuple[Report, Operator], *, full: bool
) -> None:
    report, amina = talk
    if full:
        scene.claim(scene.sms("No ink", "+254711000777"), amina)
        scene.sms("No light", "+254711000778")
        scene.do(lambda: setattr(db.session.get_one(Operator, amina.id), "capacity", 1))
    page = say(browser, report, "reply", "Which door?", then="next")
    thread, typed = page.text[page.text.index('id="thread"'):].split('class="writing reply"')
    assert "Which door?" in thread
    assert "Which door?" not in typed
    assert ("already holds 1 reports" if full else "Nothing is waiting to be taken right now.") in words(page)


def test_it_shows_the_line_it_ends_with_and_when_it_leaves(browser: Visitor, talk: tuple[Report, Operator]) -> None:
    said = composer(browser, talk[0])
    assert "ends with: - Amina, volunteer at Harbour Election Desk" in said
    assert "1000 of 1000 messages left this minute · leaves at once" in said
    assert "characters" not in said


def test_a_full_minute_says_when_it_leaves_and_after_how_many(
    scene: Scene, browser: Visitor, talk: tuple[Report, Operator]
) -> None:
    report, amina = talk
    change(scene, scene.accounts_of(amina)[0], limits=[[1, 60]])
    answer(scene, report, amina)
    scene.carry()
    answer(scene, report, amina, "And when?", "key-0002")
    said = composer(browser, report)
    assert "0 of 1 messages left this minute · leaves about " in said
    assert "(1 before yours)" in said


def test_the_tightest_window_that_lasts_is_told_and_of_equally_tight_ones_the_longest(
    scene: Scene, browser: Visitor, talk: tuple[Report, Operator]
) -> None:
    report, amina = talk
    change(scene, scene.accounts_of(amina)[0], limits=[[1, 1], [200, 3600]])
    assert "200 of 200 messages left this hour · leaves at once" in composer(browser, report)
    change(scene, scene.accounts_of(amina)[0], limits=[[1, 1], [1, 60], [1, 3600]])
    answer(scene, report, amina)
    scene.carry()
    assert "0 of 1 messages left this hour · leaves about " in composer(browser, report)
    change(scene, scene.accounts_of(amina)[0], limits=[[5, 1]])
    assert " of 5 messages left this second" in composer(browser, report), "where there is no other"


def test_a_draft_is_counted_and_mended_without_script(browser: Visitor, talk: tuple[Report, Operator]) -> None:
    report, _ = talk
    say(browser, report, "draft", "Is the “gate” closed?")
    said = composer(browser, report)
    assert "“ ” switches to 70-character parts. Replace with plain signs? Fix" in said
    say(browser, report, "draft", "Is the “gate” closed?", fix="yes")
    page = browser.get(f"/desk/reports/{report.id}").text
    assert "Is the &#34;gate&#34; closed?</textarea>" in page
    assert "65 characters · 1 part of 3 allowed · plain alphabet" in composer(browser, report)


@pytest.mark.parametrize("text, said", [
    ("😀", "😀 switches to 70-character parts."),
    ("أين أنتم؟ هل ما زال مركز الاقتراع مغلقا", "2 parts of 3 allowed · 70-character parts"),
])
def test_what_cannot_be_mended_is_only_said(
    browser: Visitor, talk: tuple[Report, Operator], text: str, said: str
) -> None:
    say(browser, talk[0], "draft", text)
    shown = composer(browser, talk[0])
    assert said in shown
    assert "plain signs" not in shown


def test_the_cost_is_said_where_the_desk_has_prices(
    scene: Scene, browser: Visitor, talk: tuple[Report, Operator]
) -> None:
    scene.do(lambda: db.session.add(Price(channel="sms", provider="simulator", region="KE", micros=25_000)))
    say(browser, talk[0], "draft", "x" * 200)
    assert "2 parts of 3 allowed · plain alphabet about $0.05" in composer(browser, talk[0])


def test_too_long_an_answer_is_refused_with_its_text(browser: Visitor, talk: tuple[Report, Operator]) -> None:
    refused = say(browser, talk[0], "reply", "x" * 450)
    assert refused.status_code == 422
    assert "This takes 4 parts as a text message; at most 3 are sent. Shorten it." in words(refused)
    assert "x" * 450 in refused.text


def test_a_new_holder_finds_a_sentence_in_the_field(scene: Scene, app: Flask) -> None:
    report, _, amina = reassigned(scene)
    page = sign_in(app, amina).get(f"/desk/reports/{report.id}").text
    assert "\nThis is Amina, taking over from Ben.\n</textarea>" in page


def test_what_was_sent_by_hand_stands_in_the_conversation(browser: Visitor, talk: tuple[Report, Operator]) -> None:
    report, _ = talk
    assert "I have sent it myself" in composer(browser, report)
    said = words(say(browser, report, "by-hand", "I rang you: stay away from the gate."))
    assert "I rang you: stay away from the gate. Sent by hand by Amina" in said
    refused = say(browser, report, "by-hand", " ")
    assert refused.status_code == 422


# ---------------------------------------------------------------- why nothing can be sent


@pytest.mark.parametrize("values, why", [
    ({"paused_at": clock.now()}, "This account is paused."),
    ({"trouble": "broken", "needs_attention": "token expired"}, "This account does not work just now."),
    ({"trouble": "suspended", "needs_attention": "suspended"}, "The provider has suspended this account."),
    ({"can_send": False}, "You have no account that can send by SMS."),
])
def test_a_reason_stands_where_the_button_stood(
    scene: Scene, browser: Visitor, talk: tuple[Report, Operator], values: dict[str, object], why: str
) -> None:
    report, amina = talk
    change(scene, scene.accounts_of(amina)[0], **values)
    said = composer(browser, report)
    assert why in said
    assert "Send to citizen" not in said
    assert "I have sent it myself" in said


def test_after_stop_there_is_no_way_to_write(scene: Scene, browser: Visitor, talk: tuple[Report, Operator]) -> None:
    scene.sms("STOP")
    said = composer(browser, talk[0])
    assert "This person said STOP." in said
    assert "Send to citizen" not in said
    assert "sent it myself" not in said


# ---------------------------------------------------------------- WhatsApp's day


def whatsapp(scene: Scene, text: str, name: str = "WA1") -> Report:
    """A WhatsApp message arrives at the desk's number."""
    return scene.arrives(InboundMessage("whatsapp", SHOP, name, "+254711000444", text), provider="twilio")


@pytest.fixture
def chat(scene: Scene, talk: tuple[Report, Operator]) -> Report:
    """A WhatsApp conversation of the same holder."""
    scene.account("whatsapp", SHOP, can_send=True, provider="twilio")
    report = whatsapp(scene, "The queue is round the block")
    scene.claim(report, talk[1])
    return report


def grow_old(scene: Scene, report: Report, hours: int) -> None:
    """Everything on a report was said so many hours ago."""
    then = clock.now() - timedelta(hours=hours)
    scene.do(lambda: db.session.query(Message).filter_by(report_id=report.id).update({"recorded_at": then}))


def test_until_when_it_can_be_answered_is_said(scene: Scene, browser: Visitor, chat: Report) -> None:
    assert "you can answer until " in composer(browser, chat)
    assert "ends with: — Amina" in composer(browser, chat)


def test_after_a_day_the_other_way_is_offered_and_leaves_from_the_own_number(
    scene: Scene, browser: Visitor, chat: Report
) -> None:
    grow_old(scene, chat, 25)
    said = composer(browser, chat)
    assert "WhatsApp lets us answer only within 24 hours of the person’s last message. Write by SMS instead" in said
    assert "Send to citizen" not in said
    assert say(browser, chat, "reply", "Hello?").status_code == 422
    other = say(browser, chat, "draft", "Hello again", by="sms")
    assert "by=sms" in other.request.url
    assert "by SMS" in composer(browser, chat, "?by=sms")
    assert say(browser, chat, "reply", "Hello again", by="sms").status_code == 200
    sent = db.session.query(Delivery).filter_by(purpose="reply").one()
    assert (sent.channel, sent.operator_id) == ("sms", db.session.get_one(Account, sent.account_id).operator_id)


def test_before_that_nobody_chooses_another_way(scene: Scene, browser: Visitor, chat: Report) -> None:
    assert "by WhatsApp" in composer(browser, chat, "?by=sms")
    say(browser, chat, "reply", "Hello?", by="sms")
    assert db.session.query(Delivery).filter_by(purpose="reply").one().channel == "whatsapp"


def test_without_another_way_one_waits_until_they_write(scene: Scene, browser: Visitor, chat: Report) -> None:
    for account in db.session.query(Account).filter_by(channel="sms").all():
        change(scene, account, can_send=False)
    grow_old(scene, chat, 25)
    assert "Leave a note, or wait until they write again." in composer(browser, chat)
    whatsapp(scene, "Are you there?", "WA2")
    assert "you can answer until " in composer(browser, chat)


def test_who_has_come_over_to_the_other_way_is_answered_there(scene: Scene, browser: Visitor, chat: Report) -> None:
    grow_old(scene, chat, 25)
    scene.sms("I am here now", "+254711000444")
    assert "by SMS" in composer(browser, chat)


def test_who_hid_their_number_cannot_be_answered_and_that_is_no_matter_of_accounts(
    scene: Scene, browser: Visitor, talk: tuple[Report, Operator]
) -> None:
    scene.account("voice", SHOP, provider="twilio")
    call = InboundMessage("voice", SHOP, "CA1", None, "Called and hung up without a word.", thread_key="CA1")
    report = scene.arrives(call, "twilio")
    scene.claim(report, talk[1])
    assert "No number or address came with this report, so nobody can be answered." in composer(browser, report)


def test_a_message_without_words_says_so_in_the_list(
    scene: Scene, browser: Visitor, talk: tuple[Report, Operator]
) -> None:
    scene.sms("", "+254711000779")
    assert "Without words" in words(browser.get("/desk?view=new"))


def test_who_has_no_account_to_answer_a_caller_hears_which_one_is_needed(
    scene: Scene, browser: Visitor, talk: tuple[Report, Operator]
) -> None:
    scene.account("voice", SHOP, provider="twilio")
    call = InboundMessage("voice", SHOP, "CA2", "+254711000888", "Called and hung up without a word.")
    report = scene.arrives(call, "twilio")
    scene.claim(report, talk[1])
    for account in scene.accounts_of(talk[1]):
        change(scene, account, can_send=False)
    said = composer(browser, report)
    assert "You have no account that can send by SMS." in said
    assert "by Call" not in said
