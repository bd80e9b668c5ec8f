"""Calls that no webhook brought: the desk's adapter finds them in the fake's lists, as the webhooks would have brought
them.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests

from channels.base import InboundMessage
from channels.twilio_voice import TwilioVoice
from tests.fakes.conftest import Bench
from tests.fakes.desk import account, came
from tests.fakes.test_twilio_voice_adapter import SOUND, line

pytestmark = pytest.mark.usefixtures("as_described")


def listed(bench: Bench) -> list[InboundMessage]:
    """What a poll from before everything finds."""
    adapter = TwilioVoice(account(bench, "voice"))
    first = adapter.poll(None)
    assert first.items == ()
    assert first.cursor is not None
    return [one for one in adapter.poll(first.cursor).items if isinstance(one, InboundMessage)]


def brought(bench: Bench, adapter: TwilioVoice, name: str) -> list[InboundMessage]:
    """What the requests said under this name, without the patience of a call that only rings."""
    found = [one for call in bench.listener.calls for one in adapter.parse(came(bench, call))]
    return [one for one in found if isinstance(one, InboundMessage) and one.external_id == name]


def test_a_listed_recording_is_the_one_its_webhook_brings(bench: Bench) -> None:
    adapter = line(bench)
    call = bench.twilio.ring(bench.theirs, bench.ours)["sid"]
    own = f"{call}:{bench.twilio.speak(call, SOUND, seconds=34)['recording']}"
    (found,) = listed(bench)  # the caller is still on the line
    assert found == replace(brought(bench, adapter, own)[0], language=None)
    assert requests.get(found.remote_files[0].url, auth=bench.auth, timeout=10).content == SOUND
    bench.twilio.hang_up(call)
    assert listed(bench) == [found]  # no missed call besides


@pytest.mark.parametrize("status", ["completed", "no-answer", "busy", "failed", "canceled"])
def test_a_listed_call_without_words_is_the_one_its_webhook_brings(bench: Bench, status: str) -> None:
    adapter = line(bench)
    call = bench.twilio.ring(bench.theirs, bench.ours)["sid"]
    assert listed(bench) == []  # it is not over
    bench.twilio.hang_up(call, status=status)
    (found,) = listed(bench)
    assert found == brought(bench, adapter, call)[-1]
    assert found.stand_in is not None


def test_a_caller_who_hides_their_number_is_listed_too(bench: Bench) -> None:
    adapter = line(bench)
    call = bench.twilio.ring("anonymous", bench.ours)["sid"]
    bench.twilio.hang_up(call)
    (found,) = listed(bench)
    assert found == brought(bench, adapter, call)[-1]
    assert found.sender is None


def test_two_calls_keep_their_recordings_apart(bench: Bench) -> None:
    line(bench)
    names = []
    for _ in range(2):
        call = bench.twilio.ring(bench.theirs, bench.ours)["sid"]
        names.append(f"{call}:{bench.twilio.speak(call, SOUND)['recording']}")
    assert [one.external_id for one in listed(bench)] == names
