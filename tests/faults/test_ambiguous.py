"""Sends whose answer is lost in every way: none leaves twice, and what Twilio took is known without a person.

`AMBIGUOUS` is how many; `make soak` takes 2,000. No callback comes: only asking can settle them.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest
from flask import Flask

import config
from channels.base import InboundMessage
from tests.fakes.twilio.process import Twilio
from tests.fakes.twilio.scripts import Behaviour
from tests.faults.asking import SILENT, alone
from tests.flows.conftest import own_twilio
from tests.processes import Figures
from tests.scene import Scene
from triage import backoff
from triage.actions import faring
from triage.db import db
from triage.models import Account, Delivery
from triage.queries import asking
from triage.workers.deliver import deliver
from triage.workers.doubt import ask

__all__ = ["own_twilio"]

pytestmark = [pytest.mark.either, pytest.mark.faults, pytest.mark.once, pytest.mark.timeout(3000)]
COUNT = int(os.environ.get("AMBIGUOUS", "80"))
AT_ONCE = 8
OURS = "+254700999001"


class Way(NamedTuple):
    """How an answer is lost."""

    how: Behaviour
    more: dict[str, object]


WAYS = (
    Way(Behaviour.HANGS_BEFORE, {"seconds": 2.0}), Way(Behaviour.HANGS_AFTER, {"seconds": 2.0}),
    Way(Behaviour.CUTS_BEFORE, {}), Way(Behaviour.CUTS_AFTER, {}), Way(Behaviour.FAILS, {"status": 500}),
    Way(Behaviour.MALFORMED, {}), Way(Behaviour.MALFORMED, {"body": ""}),
    Way(Behaviour.MALFORMED, {"body": '{"sid": null}'}),
)


@pytest.fixture
def settings(settings: config.Settings, own_twilio: Twilio) -> config.Settings:
    return alone(settings, own_twilio, acknowledge=True, attempt_seconds=60)


def together(app: Flask, act: Callable[[int], object], numbers: Sequence[int]) -> None:
    """Do this with each number, several at once."""

    def each(number: int) -> None:
        with app.app_context():
            act(number)

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        list(crowd.map(each, numbers))
    db.session.rollback()


def people_write(scene: Scene, own_twilio: Twilio) -> int:
    """Each of them gets one acknowledgement, which waits now; the number of the account."""
    own_twilio.add_number(OURS)
    account = scene.account("sms", OURS, can_send=True, provider="twilio", limits=[[1_000_000, 1]])
    patience(scene, account.id, 0.4)
    for number in range(COUNT):
        scene.arrives(InboundMessage("sms", OURS, f"SM{number:032x}", f"+4477008{number:05}", "Kituo"), "twilio")
    return account.id


def patience(scene: Scene, number: int, seconds: float) -> None:
    """How long the account waits for an answer: shortly to a send that will hang, longer for the fake's long list."""
    scene.do(lambda: setattr(db.session.get_one(Account, number), "options", {"read_seconds": str(seconds)}))


def send_all(app: Flask, own_twilio: Twilio) -> None:
    """Every way gets its share; an answer whose turn it was not is in the next round."""
    while waiting := [row.id for row in db.session.query(Delivery).filter_by(state="queued").order_by(Delivery.turn)]:
        for place, way in enumerate(WAYS):
            share = waiting[place::len(WAYS)]
            own_twilio.script(way.how, number=OURS, method="POST", callbacks=SILENT, **way.more)
            together(app, deliver, share)
            own_twilio.works_again()


def look_all(app: Flask, scene: Scene) -> None:
    """The looks at their times, all of each."""
    for after in (*(at.total_seconds() + 1 for at in backoff.LOOKS), 600):
        with scene.later(seconds=after):
            while due := asking.doubts_due(1000):
                together(app, ask, due)


def test_ambiguous_sends_never_leave_twice_and_are_known_without_a_person(
    app: Flask, scene: Scene, own_twilio: Twilio, figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faring, "MOST_FAILED", 10**9)  # else the account would pause: that is another test's matter
    account = people_write(scene, own_twilio)
    began = time.monotonic()
    send_all(app, own_twilio)
    patience(scene, account, 60.0)
    look_all(app, scene)
    sent = Counter(one["To"] for one in own_twilio.ledger.accepted() if one["From"] == OURS)
    states = Counter(delivery.state for delivery in db.session.query(Delivery))
    known = {one.provider_id for one in db.session.query(Delivery).filter_by(state="sent")}
    taken = {one.about for one in own_twilio.ledger.accepted() if one["From"] == OURS}
    assert max(sent.values()) == 1
    assert states == {"sent": len(known), "uncertain": COUNT - len(known)}
    assert known <= taken
    assert len(known) >= 0.95 * len(taken)
    figures(f"{COUNT} sends in doubt in {len(WAYS)} ways: {len(taken)} taken by Twilio, 0 twice; {len(known)} of those "
            f"known without a person; {COUNT - len(taken)} never taken, for a person; {time.monotonic() - began:.0f} s")
