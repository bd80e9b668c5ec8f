"""A desk that nobody can reach from outside: no webhook at all, and yet everything arrives within a poll."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import config
from tests.fakes.twilio.process import Twilio
from tests.flows.twilio_desk import LINE, MAYAS, TwilioDesk, at_twilio, furnish
from tests.patience import until
from tests.scene import Scene

pytestmark = pytest.mark.either
CITIZEN = "+447700600100"


@pytest.fixture
def desk(scene: Scene, settings: config.Settings, own_twilio: Twilio) -> Iterator[TwilioDesk]:
    """It asks every second, and has asked for each account already."""
    furnish(scene)
    made = TwilioDesk(at_twilio(settings, own_twilio, poll_only=True, poll_seconds=1), own_twilio)
    made.open()
    assert until(lambda: made.one("SELECT count(*) FROM accounts WHERE polled_at IS NOT NULL") == 4)
    yield made
    made.close()


@pytest.mark.flows
def test_a_text_and_what_became_of_its_answer_arrive_without_any_webhook(desk: TwilioDesk) -> None:
    before = len(desk.twilio.ledger.hooks())
    sid = desk.twilio.write(CITIZEN, LINE, "Kituo 14 kimefungwa mapema.")["sid"]
    assert until(lambda: desk.one("SELECT count(*) FROM messages WHERE external_id = :sid", sid=sid) == 1)
    report = int(desk.one("SELECT report_id FROM messages WHERE external_id = :sid", sid=sid))
    desk.maya.take(report)
    desk.answers(report, "Asante. Watu wangapi wanasubiri?")
    assert desk.becomes("delivered")
    acknowledged, answered = desk.twilio.ledger.accepted(CITIZEN)
    assert (acknowledged["From"], answered["From"]) == (LINE, MAYAS)
    assert (acknowledged["StatusCallback"], answered["StatusCallback"]) == ("", "")
    assert "Delivered" in desk.page(f"/desk/reports/{report}")
    sid = desk.twilio.write(CITIZEN, MAYAS, "Watu mia moja.")["sid"]
    assert until(lambda: desk.one("SELECT report_id FROM messages WHERE external_id = :sid", sid=sid) == report)
    assert len(desk.twilio.ledger.hooks()) == before


@pytest.mark.flows
def test_a_missed_call_is_a_report_without_any_webhook(desk: TwilioDesk) -> None:
    call = desk.twilio.ring(CITIZEN, LINE)["sid"]
    desk.twilio.hang_up(call, status="no-answer")
    waits = "SELECT count(*) FROM inbound WHERE external_key = :key AND state = 'received'"
    assert until(lambda: desk.one(waits, key=f"twilio:voice:{call}") == 1)
    desk.ages()
    assert until(lambda: desk.one("SELECT body FROM messages WHERE external_id = :sid", sid=call) == "A missed call.")
