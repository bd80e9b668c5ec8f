"""The central line: what a caller hears next, and what a call leaves behind. Pure functions of one request.

    rings            the choice of languages (only where there are several)      voice
    chosen           the greeting, the tone, the recording                       voice?step=chosen
    recorded         thanks; the message stands in this request                  voice?step=recorded&language=…
    silent           "we heard nothing"                                          voice?step=silent&language=…
    recording kept   the same message again, should the request above be lost    recording?line=…&language=…
    over             the call's end, where the number reports it                 voice (the number's status callback)

Nobody who reads one of these requests can know of the others, so a call first leaves a stand-in: "hung up without
a word". It is kept only where no recording has come after a while. Addresses of the next steps are relative: they
hold on whichever host Twilio called. Source: https://www.twilio.com/docs/voice/twiml (gather, record; the
parameters of their requests), https://www.twilio.com/docs/voice/api/call-resource#call-status-values.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlencode

from twilio.twiml.voice_response import VoiceResponse

from channels import twilio_addresses, twilio_messages
from channels.base import InboundMessage, StandIn
from channels.errors import Unreadable
from channels.fields import Fields
from channels.twilio_addresses import E164, VOICE
from channels.twilio_client import asked
from channels.voice_words import WORDS, Words

CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")
RECORDING_SID = re.compile(r"RE[0-9a-fA-F]{32}")
STATUS = re.compile(r"[a-z-]{2,20}")
LANGUAGE = re.compile(r"[a-z]{2}")

MOST_SECONDS = 180  # of one recording
SILENCE_SECONDS = 6  # after which a recording ends
CHOICE_SECONDS = 6  # in which a key must be pressed
MOST_DESK = 60
# How long a stand-in waits for better: from the ringing, for the longest call; from the end, for a late request.
CALL_PATIENCE = 480.0
END_PATIENCE = 120.0

RUNNING = ("queued", "initiated", "ringing", "in-progress")
MISSED = ("busy", "no-answer", "canceled", "failed")
HUNG_UP, NOT_ANSWERED = "Called and hung up without a word.", "A missed call."


def say_next(url: str, values: Fields, languages: Sequence[str], desk: str) -> str:
    """The TwiML for the step that `url` names. Whatever the request holds, there is something to say."""
    step = asked(url, "step")
    if step in ("recorded", "silent"):
        words = WORDS[_language(url, languages)]
        return _farewell(words, words.thanks if step == "recorded" else words.nothing)
    if step == "chosen":
        return _record(_chosen(values, languages), desk, _line(values))
    return _choice(languages) if len(languages) > 1 else _record(languages[0], desk, _line(values))


def left_behind(url: str, values: Fields) -> list[InboundMessage]:
    """What a request on the line says for the desk: a recording, a stand-in, or nothing. Raises Unreadable."""
    call = values.name("CallSid", CALL_SID)
    if values.has("RecordingSid"):
        return _recorded(url, values, call)
    status = values.name("CallStatus", STATUS)
    if status in RUNNING:
        return [_without_words(values, call, HUNG_UP, CALL_PATIENCE)]
    if status == "completed" or status in MISSED:
        words = HUNG_UP if status == "completed" else NOT_ANSWERED
        return [_without_words(values, call, words, END_PATIENCE)]
    raise Unreadable("The call's status is none that Twilio names.")


def key(values: Fields) -> str:
    """Twilio's own name of the item: the call with its status, or with its recording. Raises Unreadable."""
    call = values.name("CallSid", CALL_SID)
    if values.has("RecordingSid"):
        status = f":{values.name('RecordingStatus', STATUS)}" if values.has("RecordingStatus") else ""
        return f"{call}:{values.name('RecordingSid', RECORDING_SID)}{status}"
    return f"{call}:{values.name('CallStatus', STATUS)}"


# ---------------------------------------------------------------- what is said


def _choice(languages: Sequence[str]) -> str:
    """Each language offers itself in its own voice; who presses nothing is greeted in the first."""
    answer = VoiceResponse()
    gather = answer.gather(num_digits=1, action="voice?step=chosen", method="POST", timeout=CHOICE_SECONDS)
    for digit, language in enumerate(languages, start=1):
        _say(gather, WORDS[language], WORDS[language].choose.format(digit=digit))
    answer.redirect("voice?step=chosen", method="POST")
    return str(answer)


def _record(language: str, desk: str, line: str | None) -> str:
    """The greeting and the tone. Where nothing is said Twilio goes on behind the recording."""
    answer, words = VoiceResponse(), WORDS[language]
    _say(answer, words, words.greet.format(desk=_pronounceable(desk)))
    answer.record(
        action=_address("voice", step="recorded", language=language), method="POST", max_length=MOST_SECONDS,
        timeout=SILENCE_SECONDS, finish_on_key="#", play_beep=True, trim="trim-silence",
        recording_status_callback=_address("recording", language=language, line=line),
        recording_status_callback_method="POST", recording_status_callback_event="completed absent")
    answer.redirect(_address("voice", step="silent", language=language), method="POST")
    return str(answer)


def _farewell(words: Words, text: str) -> str:
    answer = VoiceResponse()
    _say(answer, words, text)
    answer.hangup()
    return str(answer)


def _say(verb: VoiceResponse, words: Words, text: str) -> None:
    verb.say(text, voice=words.voice, language=words.locale)


def _address(hook: str, **query: str | None) -> str:
    return f"{hook}?{urlencode({name: value for name, value in query.items() if value})}"


def _pronounceable(desk: str) -> str:
    """The desk's name without what XML cannot hold."""
    return "".join(letter for letter in desk if letter.isprintable())[:MOST_DESK]


def _chosen(values: Fields, languages: Sequence[str]) -> str:
    number = values.number("Digits") or 1
    return languages[number - 1] if number <= len(languages) else languages[0]


def _language(url: str, languages: Sequence[str]) -> str:
    return _spoken(url) or languages[0]


def _spoken(url: str) -> str | None:
    """The language an earlier step was spoken in; None where the address does not say."""
    found = asked(url, "language")
    return found if found in WORDS else None


def _line(values: Fields) -> str | None:
    """Our own number, for the one request that does not name it."""
    return values.maybe("To", E164)


# ---------------------------------------------------------------- what stays


def _recorded(url: str, values: Fields, call: str) -> list[InboundMessage]:
    """The message of a recording. Of a request that names no caller only a stand-in for the one that does."""
    recording = values.name("RecordingSid", RECORDING_SID)
    own = f"{call}:{recording}"
    if values.has("RecordingStatus") and values.name("RecordingStatus", STATUS) != "completed":
        return []
    if values.has("To"):
        return [_message(values, call, own, values.name("To", E164), _spoken(url))]
    line = asked(url, "line")
    if line is None or not E164.fullmatch(line):
        return []
    return [_message(values, call, own, line, _spoken(url), StandIn(own, END_PATIENCE))]


def _message(values: Fields, call: str, own: str, line: str, language: str | None,
             stand_in: StandIn | None = None) -> InboundMessage:
    seconds = values.number("RecordingDuration")
    length = "" if seconds is None else f", {seconds} seconds"
    file = twilio_messages.remote_file(values.name("RecordingUrl") + ".mp3", "audio/mpeg")
    sender = _caller(values)
    return InboundMessage(
        VOICE, line, own, sender, f"A voice message{length}.", language=language, remote_files=(file,),
        thread_key=_thread(call, sender), raw={} if seconds is None else {"seconds": seconds}, stand_in=stand_in)


def _without_words(values: Fields, call: str, words: str, patience: float) -> InboundMessage:
    sender = _caller(values)
    return InboundMessage(VOICE, values.name("To", E164), call, sender, words, thread_key=_thread(call, sender),
                          stand_in=StandIn(call, patience))


def _caller(values: Fields) -> str | None:
    return twilio_addresses.caller(values.name("From")) if values.has("From") else None


def _thread(call: str, sender: str | None) -> str | None:
    """What a caller says who hides their number stays together by the call."""
    return None if sender else f"{VOICE}:{call}"
