"""Calls to the desk's line: a greeting in the caller's language, a message that becomes a report, and missed calls."""

from __future__ import annotations

import itertools

import pytest

from tests.flows.twilio_desk import LINE, MAYAS, TwilioDesk
from tests.patience import until

pytestmark = pytest.mark.either
people = itertools.count(1)
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" + b"\x00" * 413


@pytest.fixture
def caller() -> str:
    """Somebody who never called before."""
    return f"+4477002{next(people):05}"


def reports(desk: TwilioDesk) -> list[str]:
    """What the calls have become, in the words of the reports."""
    return [body for (body,) in desk.ask("SELECT body FROM messages WHERE channel = 'voice' ORDER BY id")]


def test_a_caller_is_greeted_in_their_language_and_their_message_is_a_report(
        twilio_desk: TwilioDesk, caller: str) -> None:
    desk = twilio_desk
    call = desk.twilio.ring(caller, LINE)
    assert 'language="en' in call["twiml"]
    assert 'language="es' in call["twiml"]
    chosen = desk.twilio.press(call["sid"], "2")
    assert "<Record" in chosen["twiml"]
    assert 'language="es' in chosen["twiml"]
    assert "language=\"en" not in chosen["twiml"]
    thanked = desk.twilio.speak(call["sid"], MP3, seconds=12)
    assert "<Hangup" in thanked["twiml"]
    desk.twilio.hang_up(call["sid"])
    report = desk.report()
    assert desk.ask("SELECT channel, language FROM reports WHERE id = :id", id=report) == [("voice", "es")]
    desk.maya.take(report)
    assert "A voice message, 12 seconds." in desk.page(f"/desk/reports/{report}")
    desk.ages()
    assert until(lambda: desk.one("SELECT count(*) FROM inbound WHERE state = 'received'") == 0)
    assert reports(desk) == ["A voice message, 12 seconds."]
    assert desk.one("SELECT count(*) FROM inbound WHERE state = 'quarantined'") == 0


@pytest.mark.parametrize("how", [{"hangs_up": True}, {"ready_first": True}, {"withheld": True}])
def test_a_message_is_kept_once_whatever_order_its_requests_come_in(
        twilio_desk: TwilioDesk, caller: str, how: dict[str, bool]) -> None:
    desk = twilio_desk
    call = desk.twilio.ring(caller, LINE)
    desk.twilio.press(call["sid"], "1")
    spoken = desk.twilio.speak(call["sid"], MP3, seconds=5, **how)
    desk.twilio.hang_up(call["sid"])
    if "withheld" in how:
        desk.twilio.release(spoken["recording"], times=3)
    desk.report()
    desk.ages()
    assert until(lambda: desk.one("SELECT count(*) FROM inbound WHERE state = 'received'") == 0)
    assert reports(desk) == ["A voice message, 5 seconds."]


def test_who_hangs_up_without_a_word_is_a_report_too(twilio_desk: TwilioDesk, caller: str) -> None:
    desk = twilio_desk
    call = desk.twilio.ring(caller, LINE)
    desk.twilio.hang_up(call["sid"])
    assert until(lambda: desk.one("SELECT count(*) FROM inbound") == 2)
    assert reports(desk) == []
    desk.ages()
    assert until(lambda: reports(desk) != [])
    assert until(lambda: desk.one("SELECT count(*) FROM inbound WHERE state = 'received'") == 0)
    assert reports(desk) == ["Called and hung up without a word."]


def test_whoever_hides_their_number_is_heard_too(twilio_desk: TwilioDesk) -> None:
    desk = twilio_desk
    call = desk.twilio.ring("anonymous", LINE)
    desk.twilio.press(call["sid"], "1")
    desk.twilio.speak(call["sid"], MP3, seconds=7)
    report = desk.report()
    assert desk.ask("SELECT contact_id FROM reports WHERE id = :id", id=report) == [(None,)]


def test_whoever_is_silent_hears_a_sentence_and_is_a_report(twilio_desk: TwilioDesk, caller: str) -> None:
    desk = twilio_desk
    call = desk.twilio.ring(caller, LINE)
    desk.twilio.press(call["sid"], "1")
    silent = desk.twilio.wait(call["sid"])
    assert "<Hangup" in silent["twiml"]
    desk.twilio.hang_up(call["sid"])
    assert until(lambda: desk.one("SELECT count(*) FROM inbound WHERE state = 'received'") >= 1)
    desk.ages()
    assert until(lambda: reports(desk) == ["Called and hung up without a word."])


def test_who_called_is_answered_by_text_from_the_holders_own_number(twilio_desk: TwilioDesk, caller: str) -> None:
    desk = twilio_desk
    call = desk.twilio.ring(caller, LINE)
    desk.twilio.press(call["sid"], "1")
    desk.twilio.speak(call["sid"], MP3, seconds=7)
    report = desk.report()
    desk.maya.take(report)
    desk.answers(report, "We have heard your message. How many people wait?")
    assert desk.becomes("delivered")
    assert [one["From"] for one in desk.twilio.ledger.accepted(caller)] == [MAYAS]
