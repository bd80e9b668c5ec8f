"""Who asks Twilio dies, or who sends by it: nothing is lost, doubled or sent twice, and asking settles the doubt.

What must come of each death was written down before it was run, as in the kill matrix of the simulator.
"""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from flask.testing import FlaskClient

import config
from tests.fakes.twilio.process import Twilio
from tests.fakes.twilio.scripts import Behaviour
from tests.faults.asking import SILENT, Poller, alone, asked_to_send, take_a_report
from tests.faults.stage import running
from tests.flows.asked_desk import AskedDesk
from tests.flows.conftest import own_twilio
from tests.flows.twilio_desk import TwilioDesk, furnish
from tests.patience import until
from tests.reliability import Cell, Matrix
from tests.scene import Scene
from triage import clock
from triage.actions import looks, polling
from triage.models import Message
from triage.queries import asking
from triage.workers import doubt

__all__ = ["own_twilio"]

pytestmark = [pytest.mark.either, pytest.mark.faults, pytest.mark.timeout(300)]
people = itertools.count(1)
ANSWER = "Asante. Watu wangapi wanasubiri?"


class End(NamedTuple):
    """What stood there at the death, and how it must end, by Twilio's ledger."""

    at_death: tuple[str, ...]
    requests: int
    accepted: int
    end: str


SENDING = {
    "out.begun": End(("held", "queued"), 1, 1, "sent"),  # the attempt died with its transaction
    "out.intent": End(("sending",), 0, 0, "uncertain"),  # it never left: asked, not found, a person's
    "out.answered": End(("sending",), 1, 1, "sent"),  # it left: asked and found
    "out.settling": End(("sending",), 1, 1, "sent"),  # the same
    "out.settled": End(("sent",), 1, 1, "sent"),
}


@pytest.fixture
def settings(settings: config.Settings, own_twilio: Twilio, request: pytest.FixtureRequest) -> config.Settings:
    return alone(settings, own_twilio, **getattr(request, "param", {}))


@pytest.fixture
def desk(scene: Scene, settings: config.Settings, own_twilio: Twilio) -> Iterator[TwilioDesk]:
    """A desk at Twilio that is not open yet."""
    furnish(scene)
    made = TwilioDesk(settings, own_twilio)
    yield made
    made.close()


@pytest.fixture
def asked(scene: Scene, own_twilio: Twilio, client: FlaskClient) -> AskedDesk:
    return AskedDesk(scene, own_twilio, client)


@pytest.mark.parametrize("point", SENDING)
def test_an_answer_by_twilio_survives_a_death_and_doubt_is_settled_by_asking(
    desk: TwilioDesk, point: str, matrix: Matrix
) -> None:
    expected, person = SENDING[point], f"+4477006{next(people):05}"
    desk.open(TRIAGE_CRASHPOINT=point)
    desk.twilio.script(Behaviour.WORKS, number=person, callbacks=SILENT)
    victim, (report, form) = desk.served.worker(), take_a_report(desk, person)
    desk.served.hold_master()
    desk.maya.reply(report, form, ANSWER)
    assert until(lambda: not running(victim))
    at_death = desk.one("SELECT state FROM deliveries")
    assert at_death in expected.at_death
    desk.served.kill()
    desk.open()
    assert until(lambda: looked(desk, expected))
    requests, accepted = asked_to_send(desk, person), desk.twilio.ledger.accepted(person)
    assert (requests, len(accepted)) == (expected.requests, expected.accepted)
    matrix(Cell("embedded", point, "server, twilio", at_death, requests, len(accepted), expected.end, 0, 0,
                max(len(accepted) - 1, 0)))
    if not accepted:
        send_again(desk, report, person)


def looked(desk: TwilioDesk, expected: End) -> bool:
    """Whether it has come to its end, and where that is a doubt, Twilio was asked about it."""
    if desk.ask("SELECT state FROM deliveries") != [(expected.end,)]:
        return False
    asked = desk.ask("SELECT data FROM events WHERE kind = 'delivery.asked'")
    return expected.end != "uncertain" or "absent" in str(asked)  # on a slow machine the first look may hear nothing


def send_again(desk: TwilioDesk, report: int, person: str) -> None:
    """A person sees that it was not found, and sends it again: once."""
    page = desk.page(f"/desk/reports/{report}")
    assert "not found yet" in page
    assert "Check now" in page
    number = desk.one("SELECT id FROM deliveries")
    answer = desk.maya.post(f"/desk/deliveries/{number}/decide", report=report, verdict="again")
    assert answer is not None
    assert answer.ok
    assert until(lambda: desk.one("SELECT state FROM deliveries") == "sent")
    assert len(desk.twilio.ledger.accepted(person)) == 1


def test_a_death_between_asking_and_taking_in_loses_nothing(
    asked: AskedDesk, settings: config.Settings
) -> None:
    sid, before = asked.writes("Kituo 14 kimefungwa mapema."), asked.row().cursor
    assert Poller(settings, "poller").ask("poll.asked") == -signal.SIGKILL
    assert asked.row().polling_until is not None
    assert (asked.row().cursor, asked.count(Message)) == (before, 0)
    assert Poller(settings, "next").ask() == 0  # the lease of the dead is respected …
    assert asked.count(Message) == 0
    with asked.scene.later(seconds=polling.LEASE.total_seconds() + 1):  # … for two minutes
        assert asked.poll() == 1
    assert asked.scene.item().external_key == f"twilio:sms:{sid}"
    assert asked.poll() == 0


@pytest.mark.parametrize("settings", [{"acknowledge": True}], indirect=True)
def test_a_death_between_asking_and_knowing_leaves_the_doubt_to_the_next(
    asked: AskedDesk, settings: config.Settings
) -> None:
    asked.scene.do(lambda: setattr(asked.row(), "options", {"read_seconds": "0.3"}))
    asked.twilio.script(Behaviour.CUTS_AFTER, number=asked.theirs, method="POST", count=1, callbacks=SILENT)
    with_acknowledgement(asked)
    delivery = asked.delivery()
    assert delivery.state == "uncertain"
    assert until(lambda: (asked.scene.head(), asking.doubts_due())[-1] == [delivery.id], 10)
    assert Poller(settings, "poller").ask("doubt.asked") == -signal.SIGKILL
    assert asked.delivery().next_attempt_at > clock.now()  # the lease of the dead
    with asked.scene.later(seconds=looks.LEASE.total_seconds() + 1):
        assert doubt.ask(delivery.id)
    assert (asked.delivery().state, len(asked.accepted())) == ("sent", 1)


def with_acknowledgement(asked: AskedDesk) -> None:
    """Somebody writes, and the one answer a day leaves."""
    asked.brings(f"SM{asked.number:032x}", "Kituo 14 kimefungwa mapema.")
    assert asked.sends() == 1
