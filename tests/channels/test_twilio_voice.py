"""The central line: what a caller hears, and what each way a call may end leaves behind."""

from __future__ import annotations

import json
from urllib.parse import urljoin
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import Answerer, InboundMessage, RemoteFile, StandIn, WebhookReceiver, WebhookRequest
from channels.errors import Unreadable
from channels.twilio_voice import TwilioVoice
from channels.voice_words import WORDS, spoken
from tests.channels.twilio_bench import (
    CALL,
    DESK,
    FORM,
    PERSON,
    RECORDING,
    SID,
    VOICE_URL,
    account,
    call,
    unsigned,
)

SOUND = f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Recordings/{RECORDING}"
RECORDING_URL = VOICE_URL.replace("voice", "recording")
KEPT = {"AccountSid": SID, "CallSid": CALL, "RecordingSid": RECORDING, "RecordingUrl": SOUND,
        "RecordingStatus": "completed", "RecordingDuration": "34", "RecordingSource": "RecordVerb"}


def line(languages: str = "en,es") -> TwilioVoice:
    return TwilioVoice(account("voice", languages=languages, desk="Uchaguzi & <Desk>"))


def recorded(**changes: str) -> dict[str, str]:
    """What Twilio brings at the end of a recording."""
    return call("in-progress", RecordingSid=RECORDING, RecordingUrl=SOUND, RecordingDuration="34", Digits="hangup",
                **changes)


def heard(step: str = "", languages: str = "en,es", **changes: str) -> ElementTree.Element:
    said = line(languages).answer(unsigned(VOICE_URL + step, call(**changes)))
    assert said.content_type == "text/xml; charset=utf-8"
    return ElementTree.fromstring(said.body)  # noqa: S314 - our own words


def left(values: dict[str, str], url: str = VOICE_URL) -> list[InboundMessage]:
    return [one for one in line().parse(unsigned(url, values)) if isinstance(one, InboundMessage)]


def test_it_is_a_receiver_that_answers() -> None:
    assert isinstance(line(), WebhookReceiver)
    assert isinstance(line(), Answerer)
    assert not TwilioVoice.capabilities.can_reply


# ---------------------------------------------------------------- what is heard


def test_each_language_offers_itself_in_its_own_voice() -> None:
    answer = heard()
    gather, redirect = answer
    assert [(say.get("language"), say.get("voice")) for say in gather] == [
        ("en-US", "Polly.Joanna"), ("es-MX", "Polly.Mia")]
    assert "1" in (gather[0].text or "")
    assert "2" in (gather[1].text or "")
    assert (gather.get("numDigits"), gather.get("action")) == ("1", "voice?step=chosen")
    assert (redirect.tag, redirect.text) == ("Redirect", "voice?step=chosen")


@pytest.mark.parametrize("digits, locale", [("1", "en-US"), ("2", "es-MX"), ("3", "en-US"), ("0", "en-US"),
                                            ("*", "en-US"), ("", "en-US")])
def test_the_greeting_is_in_the_chosen_language(digits: str, locale: str) -> None:
    say, record, redirect = heard("?step=chosen", Digits=digits)
    assert say.get("language") == locale
    assert "Uchaguzi & <Desk>" in (say.text or "")
    assert record.get("action", "").endswith(f"language={locale[:2]}")
    assert redirect.text == f"voice?step=silent&language={locale[:2]}"


def test_where_there_is_one_language_nothing_is_asked() -> None:
    say, record, _redirect = heard(languages="es")
    assert say.get("language") == "es-MX"
    assert record.tag == "Record"


def test_a_recording_has_an_end_and_is_told_of_twice() -> None:
    _say, record, _redirect = heard("?step=chosen")
    assert record.get("maxLength") == "180"
    assert record.get("finishOnKey") == "#"
    assert urljoin(VOICE_URL, record.get("action", "")) == VOICE_URL + "?step=recorded&language=en"
    below = "https://desk.example/below/hooks/twilio/"
    aim = urljoin(below + "voice?step=chosen", record.get("recordingStatusCallback", ""))
    assert aim == below + "recording?language=en&line=%2B254700000100"
    assert PERSON[1:] not in ElementTree.tostring(record).decode()


@pytest.mark.parametrize("step, language, words", [
    ("recorded", "es", WORDS["es"].thanks), ("silent", "es", WORDS["es"].nothing),
    ("silent", "xx", WORDS["en"].nothing),
])
def test_the_farewell_is_in_the_same_language(step: str, language: str, words: str) -> None:
    say, hangup = heard(f"?step={step}&language={language}")
    assert (say.text, hangup.tag) == (words, "Hangup")


@pytest.mark.parametrize("languages, expected", [
    ("es,en", ("es", "en")), ("sw", ("en",)), ("", ("en",)), ("en-GB,EN, fr ", ("en", "fr")), ("sw,ar", ("ar",))])
def test_the_line_speaks_those_of_the_desks_languages_it_has_words_for(languages: str,
                                                                       expected: tuple[str, ...]) -> None:
    assert spoken(languages.split(",")) == expected


@pytest.mark.parametrize("language", sorted(WORDS))
def test_every_language_has_all_its_words(language: str) -> None:
    words = WORDS[language]
    assert "{digit}" in words.choose
    assert "{desk}" in words.greet
    assert words.nothing
    assert words.thanks


@given(st.sampled_from(["", "?step=chosen", "?step=recorded&language=%00", "?step=%FF&step=", "?step=silent", "#"]),
       st.binary(max_size=60), st.sampled_from([FORM, "application/json", ""]), st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_whatever_comes_the_caller_hears_something(step: str, body: bytes, kind: str, desk: str) -> None:
    receiver = TwilioVoice(account("voice", languages="en,ar", desk=desk))
    said = receiver.answer(WebhookRequest(VOICE_URL + step, {"Content-Type": kind}, {}, b"Digits=" + body))
    assert len(ElementTree.fromstring(said.body.encode())) > 0  # noqa: S314 - our own words


# ---------------------------------------------------------------- what stays


def test_a_recording_becomes_a_message_with_its_sound() -> None:
    (found,) = left(recorded(), VOICE_URL + "?step=recorded&language=es")
    assert found == InboundMessage(
        "voice", DESK, f"{CALL}:{RECORDING}", PERSON, "A voice message, 34 seconds.", language="es",
        remote_files=(RemoteFile(SOUND + ".mp3", "audio/mpeg"),), raw={"seconds": 34})


def test_the_second_word_of_a_recording_stands_in_for_the_first() -> None:
    (first,), (second,) = left(recorded()), left(KEPT, RECORDING_URL + "?line=%2B254700000100&language=es")
    assert second.external_id == first.external_id
    assert (second.account_address, second.sender, second.language) == (DESK, None, "es")
    assert second.remote_files == first.remote_files
    assert first.stand_in is None
    assert second.stand_in == StandIn(f"{CALL}:{RECORDING}", 120.0)


@pytest.mark.parametrize("word", ["absent", "failed", "in-progress"])
def test_a_recording_that_is_not_there_says_nothing(word: str) -> None:
    assert left({**KEPT, "RecordingStatus": word}, RECORDING_URL + "?line=%2B254700000100") == []


@pytest.mark.parametrize("url", [RECORDING_URL, RECORDING_URL + "?line=here", ""])
def test_a_recording_for_nobody_knows_which_line_says_nothing(url: str) -> None:
    assert left(KEPT, url) == []


def test_a_call_that_rings_stands_in_until_its_words_have_come() -> None:
    (ringing,), (later,) = left(call("ringing")), left(call("in-progress", Digits="1"))
    assert ringing == later
    assert (ringing.external_id, ringing.text) == (CALL, "Called and hung up without a word.")
    assert ringing.stand_in is not None
    assert ringing.stand_in.seconds > 180 + 2 * 60  # longer than a call may last


@pytest.mark.parametrize("word, text", [
    ("completed", "Called and hung up without a word."), ("no-answer", "A missed call."), ("busy", "A missed call."),
    ("canceled", "A missed call."), ("failed", "A missed call."),
])
def test_the_end_of_a_call_stands_in_for_words_that_never_came(word: str, text: str) -> None:
    (found,) = left(call(word, CallDuration="4"))
    assert (found.external_id, found.sender, found.text) == (CALL, PERSON, text)
    assert found.stand_in == StandIn(CALL, 120.0)
    (better,) = left(recorded())
    assert str(better.external_id).startswith(found.stand_in.of)


@pytest.mark.parametrize("hidden", ["+266696687", "+7378742833", "+2562533", "anonymous", "sip:a@b.example", "", "\0"])
def test_who_hides_their_number_is_nobody_and_stays_together_by_the_call(hidden: str) -> None:
    if hidden == "\0":
        with pytest.raises(Unreadable):
            left(call(From=hidden))
        return
    (rang,), (spoke,) = left(call(From=hidden)), left(recorded(From=hidden))
    assert rang.sender is spoke.sender is None
    assert rang.thread_key == spoke.thread_key == f"voice:{CALL}"


def test_each_step_has_its_own_name_and_the_same_each_time() -> None:
    def key(values: dict[str, str]) -> str | None:
        assert line().external_key(unsigned("", values)) == line().external_key(unsigned(VOICE_URL, values))
        return line().external_key(unsigned("", values))

    names = [key(call("ringing")), key(call("completed")), key(recorded()), key(KEPT)]
    assert names == [f"{CALL}:ringing", f"{CALL}:completed", f"{CALL}:{RECORDING}", f"{CALL}:{RECORDING}:completed"]
    assert key({"CallSid": "x"}) is None


NAMES = sorted({*KEPT, *recorded()})
ODD = st.sampled_from(["", "\0", "\ud83d", "9" * 3000, "completed", "+", CALL, "٣", "http://["]) | st.text(max_size=20)


@given(st.sampled_from([call(), recorded(), KEPT]), st.dictionaries(st.sampled_from(NAMES), ODD, max_size=3),
       st.sampled_from([VOICE_URL, RECORDING_URL + "?line=%2B254700000100", RECORDING_URL + "?line=%00&language=zz"]),
       st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_request_on_the_line_is_read_or_unreadable(whole: dict[str, str], changed: dict[str, str], url: str,
                                                       as_json: bool) -> None:
    request = unsigned(url, {**whole, **changed})
    if as_json:
        body = json.dumps({**whole, **changed}).encode()
        request = WebhookRequest(url, {"Content-Type": "application/json"}, {}, body)
    name = line().external_key(request)
    assert name is None or name.isprintable()
    said = ""
    try:
        line().parse(request)
    except Unreadable as problem:
        said = str(problem)
    assert PERSON not in said
