"""Somebody calls the central line: the desk's own adapter answers, and the fake does what its TwiML says."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from channels.base import InboundMessage
from channels.twilio_voice import TwilioVoice
from channels.voice_words import WORDS
from tests.fakes.conftest import Bench
from tests.fakes.desk import account, came
from tests.fakes.listener import Call, Said

SOUND = b"ID3 a voice"

pytestmark = pytest.mark.usefixtures("as_described")


@pytest.fixture(autouse=True)
def _all_signed(bench: Bench) -> Iterator[None]:
    """Whatever the line is asked is signed."""
    yield
    assert all(bench.signed(call) for call in bench.listener.calls)


def line(bench: Bench, languages: str = "en") -> TwilioVoice:
    """The central line, at work behind the listener."""
    adapter = TwilioVoice(account(bench, "voice", languages=languages, desk="Uchaguzi & Ukweli"))

    def said(call: Call) -> Said:
        adapter.verify(came(bench, call))
        answer = adapter.answer(came(bench, call))
        return 200, answer.body, answer.content_type

    bench.listener.says["/voice"] = said
    bench.twilio.add_number(bench.ours, status_callback=f"{bench.listener.url}/voice")
    return adapter


def left(bench: Bench, adapter: TwilioVoice) -> list[InboundMessage]:
    """Everything the line's requests said for the desk, in their order."""
    found = [one for call in bench.listener.calls for one in adapter.parse(came(bench, call))]
    return [one for one in found if isinstance(one, InboundMessage)]


def steps(bench: Bench) -> list[str]:
    """The addresses that were asked, in their order."""
    return [urlsplit(call.path).path.strip("/") + "?" + urlsplit(call.path).query.partition("&")[0]
            for call in bench.listener.calls]


def kept(found: list[InboundMessage]) -> set[str | None]:
    """What stays when every stand-in has given way to what came for it, or for another of its own name."""
    ids = [one.external_id or "" for one in found]
    whole = {one.external_id for one in found if one.stand_in is None}
    return whole | {one.external_id for one in found if one.stand_in is not None and not any(
        each.startswith(one.stand_in.of) and each != one.external_id for each in ids)}


def test_a_caller_speaks_and_the_message_is_kept_once(bench: Bench) -> None:
    adapter = line(bench)
    rung = bench.twilio.ring(bench.theirs, bench.ours)
    assert "Uchaguzi &amp; Ukweli" in rung["twiml"]
    spoken = bench.twilio.speak(rung["sid"], SOUND, seconds=34)
    assert WORDS["en"].thanks in spoken["twiml"]
    bench.twilio.hang_up(rung["sid"])
    assert steps(bench) == ["voice?", "voice?step=recorded", "recording?language=en", "voice?"]
    found = left(bench, adapter)
    own = f"{rung['sid']}:{spoken['recording']}"
    assert kept(found) == {own}
    (message,) = [one for one in found if one.external_id == own and one.stand_in is None]
    assert (message.text, message.sender, message.account_address, message.language) == (
        "A voice message, 34 seconds.", bench.theirs, bench.ours, "en")
    (file,) = message.remote_files
    fetched = requests.get(file.url, auth=bench.auth, timeout=10)
    assert (fetched.content, fetched.headers["Content-Type"]) == (SOUND, file.content_type)


def test_the_recordings_own_callback_is_enough_where_the_step_was_lost(bench: Bench) -> None:
    adapter = line(bench)
    sid = bench.twilio.ring(bench.theirs, bench.ours)["sid"]
    spoken = bench.twilio.speak(sid, SOUND, ready_first=True)
    ready = next(call for call in bench.listener.calls if call.path.startswith("/recording"))
    (found,) = adapter.parse(came(bench, ready))
    assert isinstance(found, InboundMessage)
    assert found.external_id == f"{sid}:{spoken['recording']}"
    assert (found.account_address, found.sender) == (bench.ours, None)
    assert found.stand_in is not None
    assert kept(left(bench, adapter)) == {found.external_id}


def test_the_caller_chooses_a_language_and_is_recorded_in_it(bench: Bench) -> None:
    adapter = line(bench, "en,es,fr")
    rung = bench.twilio.ring(bench.theirs, bench.ours)
    assert "<Gather" in rung["twiml"]
    assert WORDS["es"].greet.partition("{")[0] in bench.twilio.press(rung["sid"], "2")["twiml"]
    assert WORDS["es"].thanks in bench.twilio.speak(rung["sid"], SOUND)["twiml"]
    assert [one.language for one in left(bench, adapter) if one.external_id != rung["sid"]] == ["es", "es"]


def test_who_presses_nothing_is_greeted_in_the_first_language_and_who_says_nothing_is_noted(bench: Bench) -> None:
    adapter = line(bench, "pt,en")
    sid = bench.twilio.ring(bench.theirs, bench.ours)["sid"]
    assert "<Record" in bench.twilio.wait(sid)["twiml"]
    assert WORDS["pt"].nothing in bench.twilio.wait(sid)["twiml"]
    bench.twilio.hang_up(sid)
    found = left(bench, adapter)
    assert {one.external_id for one in found} == kept(found) == {sid}
    assert found[-1].text == "Called and hung up without a word."


@pytest.mark.parametrize("status, words", [
    ("completed", "Called and hung up without a word."), ("busy", "A missed call."), ("no-answer", "A missed call."),
    ("canceled", "A missed call."), ("failed", "A missed call."),
])
def test_however_a_call_without_words_ends_it_is_noted(bench: Bench, status: str, words: str) -> None:
    adapter = line(bench)
    sid = bench.twilio.ring(bench.theirs, bench.ours)["sid"]
    bench.twilio.hang_up(sid, status=status, times=2)
    found = left(bench, adapter)
    assert [one.text for one in found[1:]] == [words, words]
    keys = {adapter.external_key(came(bench, call)) for call in bench.listener.calls}
    assert keys == {f"{sid}:ringing", f"{sid}:{status}"}


@pytest.mark.parametrize("hidden", ["anonymous", "+266696687", "sip:someone@example.org"])
def test_who_hides_their_number_stays_nobody(bench: Bench, hidden: str) -> None:
    adapter = line(bench)
    sid = bench.twilio.ring(hidden, bench.ours)["sid"]
    bench.twilio.speak(sid, SOUND)
    found = left(bench, adapter)
    assert {one.sender for one in found} == {None}
    assert {one.thread_key for one in found} == {f"voice:{sid}"}


def test_who_hangs_up_while_speaking_has_spoken_all_the_same(bench: Bench) -> None:
    adapter = line(bench)
    sid = bench.twilio.ring(bench.theirs, bench.ours)["sid"]
    spoken = bench.twilio.speak(sid, SOUND, hangs_up=True)
    assert kept(left(bench, adapter)) == {f"{sid}:{spoken['recording']}"}
