"""Somebody calls the desk by way of the fake Twilio, which does what the desk's TwiML says."""

from __future__ import annotations

import pytest
import requests

from tests.fakes.conftest import Bench

SOUND = b"ID3 a voice"
CHOICE = """<Response><Gather numDigits="1" action="voice?step=chosen"><Say>1</Say></Gather>
<Redirect method="POST">voice?step=silent</Redirect></Response>"""
RECORD = """<Response><Say>Speak</Say><Record action="/recorded" recordingStatusCallback="/ready?language=sw"/>
<Redirect method="POST">/silent</Redirect></Response>"""
FAREWELL = "<Response><Hangup/></Response>"


def ring(bench: Bench, document: str = RECORD, **how: object) -> str:
    """Somebody calls, and stands at this document; the call's sid."""
    bench.listener.says["/voice"] = (200, document, "text/xml")
    bench.listener.says["/recorded"] = (200, FAREWELL, "text/xml")
    return str(bench.twilio.ring(bench.theirs, bench.ours, **how)["sid"])


def test_a_call_is_brought_and_listed(bench: Bench) -> None:
    sid = ring(bench)
    (call,) = bench.listener.at("/voice")
    assert bench.signed(call)
    assert (call.form["CallSid"], call.form["CallStatus"], call.form["Direction"]) == (sid, "ringing", "inbound")
    assert (call.form["From"], call.form["To"]) == (bench.theirs, bench.ours)
    assert bench.library.calls(sid).fetch()._from == bench.theirs
    assert [one.sid for one in bench.library.calls.list(to=bench.ours)] == [sid]


def test_keys_are_brought_to_where_the_document_gathers(bench: Bench) -> None:
    sid = ring(bench, CHOICE)
    bench.listener.says["/voice"] = (200, RECORD, "text/xml")
    assert bench.twilio.press(sid, "2")["twiml"] == RECORD
    call = bench.listener.at("/voice")[-1]
    assert call.path == "/voice?step=chosen"
    assert call.form["Digits"] == "2"
    assert bench.signed(call)


def test_silence_goes_on_to_the_redirect(bench: Bench) -> None:
    bench.twilio.wait(ring(bench, CHOICE))
    assert bench.listener.at("/voice")[-1].path == "/voice?step=silent"


def test_a_recording_is_told_at_the_action_and_when_it_is_ready_and_can_be_fetched_and_deleted(bench: Bench) -> None:
    sid = ring(bench)
    spoken = bench.twilio.speak(sid, SOUND, seconds=4)
    (action,), (ready,) = bench.listener.at("/recorded"), bench.listener.at("/ready")
    assert bench.signed(action)
    assert bench.signed(ready)
    assert action.form["RecordingUrl"] == ready.form["RecordingUrl"]
    assert (ready.form["RecordingStatus"], ready.form["RecordingDuration"]) == ("completed", "4")
    assert "From" not in ready.form
    assert ready.path == "/ready?language=sw"
    fetched = requests.get(f"{action.form['RecordingUrl']}.mp3", auth=bench.auth, timeout=10)
    assert (fetched.content, fetched.headers["Content-Type"]) == (SOUND, "audio/mpeg")
    (recording,) = bench.library.calls(sid).recordings.list()
    assert (recording.sid, recording.duration) == (spoken["recording"], "4")
    assert bench.library.recordings(recording.sid).delete()
    assert bench.library.recordings.list(call_sid=sid) == []


@pytest.mark.parametrize("ready_first, order", [(False, ["/recorded", "/ready"]), (True, ["/ready", "/recorded"])])
def test_action_and_readiness_come_in_either_order(bench: Bench, ready_first: bool, order: list[str]) -> None:
    bench.twilio.speak(ring(bench), SOUND, ready_first=ready_first)
    assert [call.path.partition("?")[0] for call in bench.listener.calls[1:]] == order


def test_a_recordings_readiness_is_withheld_or_doubled(bench: Bench) -> None:
    spoken = bench.twilio.speak(ring(bench), SOUND, withheld=True)
    assert bench.listener.at("/ready") == []
    assert bench.twilio.release(spoken["recording"], times=3) == [200] * 3
    assert len(bench.listener.at("/ready")) == 3


@pytest.mark.parametrize("status", ["completed", "busy", "no-answer"])
def test_the_end_of_a_call_is_told(bench: Bench, status: str) -> None:
    sid = ring(bench)
    assert bench.twilio.hang_up(sid, status=status, times=2)["heard"] == [200, 200]
    last = bench.listener.at("/ended")[-1]
    assert (last.form["CallStatus"], last.form["CallSid"]) == (status, sid)
    assert bench.signed(last)
    assert bench.library.calls(sid).fetch().status == status


def test_who_hangs_up_while_speaking_has_spoken_all_the_same(bench: Bench) -> None:
    sid = ring(bench)
    bench.twilio.speak(sid, SOUND, hangs_up=True)
    (action,) = bench.listener.at("/recorded")
    assert (action.form["Digits"], action.form["CallStatus"]) == ("hangup", "completed")
    assert len(bench.library.calls(sid).recordings.list()) == 1


def test_a_caller_speaks_only_where_the_desk_records(bench: Bench) -> None:
    with pytest.raises(AssertionError, match="no <Record>"):
        bench.twilio.speak(ring(bench, FAREWELL), SOUND)
