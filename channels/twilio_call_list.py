"""Twilio's own lists of calls and recordings, asked: what no webhook brought of the central line.

What a listed call leaves behind is read by the same function as the webhook's request, so it has the same names
and the same words. Source: https://www.twilio.com/docs/voice/api/call-resource#read-multiple-call-resources,
https://www.twilio.com/docs/voice/api/recording#read-multiple-recording-resources
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from channels import twilio_calls, twilio_client
from channels.base import AccountSettings, InboundMessage, Poll
from channels.errors import Unreadable
from channels.fields import Fields
from channels.twilio_list import PAGE, Window, asking, window

ENDED = ("completed", *twilio_calls.MISSED)


def poll(account: AccountSettings, cursor: str | None) -> Poll:
    """The recordings and missed calls of one number since `cursor`; as `twilio_list.poll`, with its errors."""
    wire = twilio_client.wire(account)
    client = twilio_client.client(account, wire)
    with asking():
        client.calls.list(to=account.address, limit=1, page_size=1)
        span = window(cursor, wire.answered_at)
        return Poll(() if span.since is None else _left(account, client, span), span.cursor)


def _left(account: AccountSettings, client: Any, span: Window) -> list[InboundMessage]:
    """What the calls of a window left behind, oldest first. A call still on the line may have a recording already."""
    calls = list(client.calls.stream(
        to=account.address, start_time_after=span.since, start_time_before=span.until, page_size=PAGE))
    recorded = _recordings(client, span) if calls else {}
    return [one for call in reversed(calls) if call.direction == "inbound"
            for one in _of_call(call, recorded.get(call.sid, []), account)]


def _recordings(client: Any, span: Window) -> dict[str, list[Any]]:
    """The finished recordings of a window by their call. Twilio lists an account's, not a number's."""
    found = client.recordings.stream(
        date_created_after=span.since, date_created_before=span.until, page_size=PAGE)
    ready = sorted((one for one in found if one.status == "completed"), key=lambda one: str(one.call_sid))
    return {call: list(of) for call, of in groupby(ready, key=lambda one: str(one.call_sid))}


def _of_call(call: Any, recordings: list[Any], account: AccountSettings) -> Iterator[InboundMessage]:
    said = {"CallSid": call.sid, "From": call._from, "To": call.to, "CallStatus": call.status}
    for recording in recordings:
        yield from _read({**said, "RecordingSid": recording.sid, "RecordingUrl": _url(recording, account),
                          "RecordingDuration": recording.duration})
    if not recordings and call.status in ENDED:
        yield from _read(said)


def _url(recording: Any, account: AccountSettings) -> str:
    """Where it lies, spelt as the webhook spells it."""
    base = (account.options.get("api_base") or twilio_client.API_BASE).rstrip("/")
    return base + str(recording.uri).removesuffix(".json")


def _read(values: dict[str, object]) -> list[InboundMessage]:
    """As the webhook's request is read; what cannot be read is no call to us."""
    try:
        return twilio_calls.left_behind("", Fields({name: [value] for name, value in values.items()}))
    except Unreadable:
        return []
