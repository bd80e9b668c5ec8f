"""Calls to us: the fake rings, and then does what the desk's TwiML says, as far as a caller meets it.

A call stands at one document. Speaking answers its <Record>, pressing its <Gather>, silence lets both pass; the
document that comes back is the next. The verbs that only speak to the caller are not played.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree

from tests.fakes.twilio import resources, shapes
from tests.fakes.twilio.description import Pairs
from tests.fakes.twilio.hooks import Heard, Step
from tests.fakes.twilio.ledger import enter
from tests.fakes.twilio.provider import Provider
from tests.fakes.twilio.resources import Resource


def ring(provider: Provider, told: dict[str, Any]) -> dict[str, Any]:
    """Somebody calls `from` a number, or hides it (`anonymous`), `to` one of ours. The call, and the desk's TwiML."""
    ours = resources.line(provider.file, told["to"])
    if ours is None:
        raise LookupError(f"no number of ours is {told['to']}")
    own, now = shapes.sid("CA"), provider.clock()
    shown = shapes.call(own, ours.account, now, to=told["to"], phone_number_sid=ours.sid, **{"from": told["from"]})
    resources.add(provider.file, Resource(resources.CALLS, own, ours.account, shown))
    enter(provider.file, "citizen", own, **{name: told.get(name) for name in ("from", "to")}, body=None)
    return _ask(provider, own, ours["voice_url"], [], told, fallback=ours["voice_fallback_url"])


def press(provider: Provider, call: str, told: dict[str, Any]) -> dict[str, Any]:
    """The caller presses `digits`, or says `speech`, where the document gathers."""
    found, gather = _standing(provider, call, "Gather")
    said = [("SpeechResult", told.get("speech", "")), ("Confidence", "0.9")]
    pairs = [("Digits", told["digits"])] if "digits" in told else said
    return _ask(provider, call, urljoin(found.hidden["url"], gather.get("action", "")), pairs, told)


def speak(provider: Provider, call: str, told: dict[str, Any]) -> dict[str, Any]:
    """The caller speaks where the document records: `content` for so many `seconds`, ended by a key or by `hangs_up`.

    The desk hears of it at the action, and at the address for recordings when the recording is ready: `ready_first`
    turns these two round, `withheld` keeps the latter back until it is released (about the recording's sid).
    """
    found, record = _standing(provider, call, "Record")
    own, now, seconds = shapes.sid("RE"), provider.clock(), int(told.get("seconds", 3))
    shown = shapes.recording(own, found.account, call, seconds, now, provider.base)
    resources.add(provider.file, Resource(resources.RECORDINGS, own, found.account, shown, call),
                  base64.b64decode(told.get("content", "")))
    enter(provider.file, "citizen", call, recording=own, seconds=seconds)
    ready = _ready(provider, found, record, shown, told)
    if told.get("ready_first"):
        provider.messenger.take(ready)
    if told.get("hangs_up"):
        resources.change(provider.file, call, status="completed")
    pairs = [*_about(shown), ("Digits", "hangup" if told.get("hangs_up") else "#")]
    answer = _ask(provider, call, urljoin(found.hidden["url"], record.get("action", "")), pairs, told)
    if told.get("withheld"):
        provider.messenger.plan(ready, held=True)
    elif not told.get("ready_first"):
        provider.messenger.take(ready)
    return {**answer, "recording": own}


def wait(provider: Provider, call: str, told: dict[str, Any]) -> dict[str, Any]:
    """The caller neither speaks nor presses: the document's <Redirect> is followed."""
    found, redirect = _standing(provider, call, "Redirect")
    return _ask(provider, call, urljoin(found.hidden["url"], redirect.text or ""), [], told)


def hang_up(provider: Provider, call: str, told: dict[str, Any]) -> dict[str, Any]:
    """The call is over, with `status` completed, busy, no-answer, failed or canceled; the number's callback is told."""
    found = resources.find(provider.file, resources.CALLS, call)
    if found is None:
        raise LookupError(f"no call is {call}")
    status, seconds = told.get("status", "completed"), int(told.get("seconds", 12))
    resources.change(provider.file, call, status=status, duration=str(seconds),
                     end_time=shapes.dated(provider.clock()))
    ours = resources.line(provider.file, found["to"])
    pairs = [*_pairs(found, status), ("Duration", "1"), ("CallDuration", str(seconds))]
    step = Step(call, provider.token(found.account), ours["status_callback"] if ours else "", pairs,
                times=told.get("times", 1))
    if told.get("withheld"):
        provider.messenger.plan(step, held=True)
        return {"sid": call, "heard": []}
    return {"sid": call, "heard": [one.status for one in provider.messenger.take(step)]}


def _ask(provider: Provider, call: str, url: str, pairs: Pairs, told: dict[str, Any],
         fallback: str = "") -> dict[str, Any]:
    """One step of a call: the desk is asked, and its document is where the call now stands."""
    found = resources.find(provider.file, resources.CALLS, call)
    assert found is not None
    step = Step(call, provider.token(found.account), url, [*_pairs(found, found["status"]), *pairs],
                times=told.get("times", 1), fallback=fallback)
    heard = provider.messenger.take(step)
    first = heard[0] if heard else Heard(None)
    resources.hide(provider.file, call, url=url, twiml=first.body if first.status == 200 else "")
    if found["status"] == "ringing":
        resources.change(provider.file, call, status="in-progress")
    return {"sid": call, "heard": [one.status for one in heard], "twiml": first.body}


def _standing(provider: Provider, call: str, verb: str) -> tuple[Resource, ElementTree.Element]:
    """The call and the verb at which it stands. Raises LookupError where its document has no such verb."""
    found = resources.find(provider.file, resources.CALLS, call)
    document = found.hidden.get("twiml", "") if found else ""
    verbs = ElementTree.fromstring(document).iter(verb) if document else iter(())  # noqa: S314 - the desk's own answer
    first = next(verbs, None)
    if found is None or first is None:
        raise LookupError(f"the call's document has no <{verb}>: {document or 'none'}")
    return found, first


def _ready(provider: Provider, call: Resource, record: ElementTree.Element, shown: shapes.Shape,
           told: dict[str, Any]) -> Step:
    """What the address for recordings hears: without From and To, and with the account's and the call's names."""
    address = record.get("recordingStatusCallback")
    pairs = [("AccountSid", call.account), ("CallSid", call.sid), *_about(shown), ("RecordingStatus", "completed"),
             ("RecordingChannels", "1"), ("RecordingSource", "RecordVerb"), ("ErrorCode", "0"),
             ("RecordingStartTime", shown["start_time"])]
    return Step(shown["sid"], provider.token(call.account), urljoin(call.hidden["url"], address) if address else "",
                pairs, times=told.get("ready_times", 1))


def _about(shown: shapes.Shape) -> Pairs:
    return [("RecordingSid", shown["sid"]), ("RecordingUrl", shown["media_url"]),
            ("RecordingDuration", shown["duration"])]


def _pairs(call: Resource, status: str) -> Pairs:
    """What stands in every request of a call."""
    return [("AccountSid", call.account), ("CallSid", call.sid), ("CallStatus", status), ("From", call["from"]),
            ("To", call["to"]), ("Caller", call["from"]), ("Called", call["to"]), ("Direction", "inbound"),
            ("ApiVersion", shapes.VERSION), ("FromCountry", "KE"), ("ToCountry", "KE")]
