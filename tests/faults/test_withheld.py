"""Webhooks that never come, and webhooks that come six hundred times: every text is there once, with one answer.

`WITHHELD` is how many people write, `REDELIVERED` how often one webhook comes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

import config
from tests.channels.twilio_bench import form, sms
from tests.fakes.twilio.process import Twilio
from tests.faults.asking import alone
from tests.flows.conftest import own_twilio
from tests.flows.twilio_desk import LINE, TwilioDesk, furnish
from tests.patience import until
from tests.processes import Figures
from tests.scene import Scene

__all__ = ["own_twilio"]

pytestmark = [pytest.mark.either, pytest.mark.faults, pytest.mark.once, pytest.mark.timeout(600)]
PEOPLE = int(os.environ.get("WITHHELD", "40"))
TIMES = int(os.environ.get("REDELIVERED", "600"))
EVERY = 2


@pytest.fixture
def settings(settings: config.Settings, own_twilio: Twilio) -> config.Settings:
    return alone(settings, own_twilio, acknowledge=True, poll_seconds=EVERY)


@pytest.fixture
def desk(scene: Scene, settings: config.Settings, own_twilio: Twilio) -> Iterator[TwilioDesk]:
    """A desk that is asking already."""
    furnish(scene)
    made = TwilioDesk(settings, own_twilio)
    made.open()
    assert until(lambda: made.one("SELECT count(*) FROM accounts WHERE polled_at IS NOT NULL") == 4)
    yield made
    made.close()


def arrived(desk: TwilioDesk) -> list[str]:
    """The names of all that came in, each as often as it is stored."""
    return [name for (name,) in desk.ask("SELECT external_id FROM messages WHERE direction = 'in'")]


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_what_no_webhook_brings_is_found_by_a_poll_and_answered_once(
    desk: TwilioDesk, share: float, figures: Figures
) -> None:
    block = int(share * 10) * 1000
    people = [f"+4477007{block + number:05}" for number in range(PEOPLE)]
    brought = PEOPLE - max(round(PEOPLE * share), 1)
    sids = [desk.twilio.write(person, LINE, f"Kituo {number}", withheld=number >= brought)["sid"]
            for number, person in enumerate(people)]
    began = time.monotonic()
    assert until(lambda: set(sids) <= set(arrived(desk)))
    took = time.monotonic() - began
    assert until(lambda: acknowledged(desk, people) == [1] * PEOPLE)
    for sid in sids[brought:]:
        assert set(desk.twilio.release(sid)) == {200}  # it comes after all
    time.sleep(2 * EVERY)  # and once more it is listed
    assert sorted(one for one in arrived(desk) if one in sids) == sorted(sids)
    assert acknowledged(desk, people) == [1] * PEOPLE
    figures(f"{len(sids[brought:])} of {PEOPLE} webhooks withheld, asked every {EVERY} s: all found {took:.1f} s after "
            "the last was written, each once, one acknowledgement each")


def acknowledged(desk: TwilioDesk, people: list[str]) -> list[int]:
    """How many messages each of them has been sent."""
    sent = [one["To"] for one in desk.twilio.ledger.accepted()]
    return [sent.count(person) for person in people]


def test_one_webhook_six_hundred_times_with_a_kill_in_the_middle_is_one_message(
    desk: TwilioDesk, figures: Figures
) -> None:
    person, sid = "+447700709999", "SM" + "7e" * 16
    url = f"{desk.settings.public_url}/hooks/twilio/sms"
    request = form(url, sms(MessageSid=sid, SmsSid=sid, From=person, To=LINE, Body="Kituo 14 kimefungwa"))
    heard: list[int | None] = []
    middle = threading.Event()

    def bring(number: int) -> None:
        try:
            heard.append(requests.post(url, data=request.body, headers=dict(request.headers), timeout=30).status_code)
        except requests.RequestException:
            heard.append(None)
        if len(heard) > TIMES // 2:
            middle.set()

    with ThreadPoolExecutor(32) as crowd:
        brought = crowd.map(bring, range(TIMES))
        assert middle.wait(120)
        desk.served.kill()
        desk.served.start()
        list(brought)
    assert set(heard) <= {200, None, 503}
    assert heard.count(200) > 0
    while heard[-1] != 200:
        bring(0)  # as Twilio does
    assert until(lambda: acknowledged(desk, [person]) == [1])
    time.sleep(2)
    assert arrived(desk).count(sid) == 1
    assert acknowledged(desk, [person]) == [1]
    assert desk.one("SELECT count(*) FROM deliveries") == 1
    figures(f"one webhook {TIMES} times by 32 at once, the server killed in the middle: {heard.count(200)} heard 200, "
            f"{heard.count(None)} nothing; 1 message, 1 acknowledgement")
