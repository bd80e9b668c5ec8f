"""Twilio from end to end, over HTTP in both directions: texts, WhatsApp and calls of real people's habits."""

from __future__ import annotations

import itertools

import pytest

from tests.fakes.twilio.scripts import Behaviour, Callback
from tests.flows.twilio_desk import LINE, MAYAS, WHATSAPP, TwilioDesk
from tests.patience import until

pytestmark = pytest.mark.either
people = itertools.count(1)


@pytest.fixture
def citizen() -> str:
    """Somebody nobody wrote to before."""
    return f"+4477001{next(people):05}"


def test_a_text_is_answered_from_the_holders_own_number(twilio_desk: TwilioDesk, citizen: str) -> None:
    desk = twilio_desk
    assert desk.twilio.write(citizen, LINE, "Kituo 14 kimefungwa mapema.")["heard"] == [200]
    report = desk.report()
    desk.maya.take(report)
    assert "Kituo 14 kimefungwa mapema." in desk.page(f"/desk/reports/{report}")
    desk.answers(report, "Asante. Watu wangapi wanasubiri?")
    assert desk.becomes("delivered")
    acknowledged, answered = desk.twilio.ledger.accepted(citizen)
    assert acknowledged["From"] == LINE
    assert answered["From"] == MAYAS
    assert answered["Body"].startswith("Asante. Watu wangapi wanasubiri?")
    assert "Delivered" in desk.page(f"/desk/reports/{report}")


def test_who_writes_back_to_the_holders_number_is_on_the_same_report(twilio_desk: TwilioDesk, citizen: str) -> None:
    desk = twilio_desk
    report = desk.holds(citizen, "Kituo 14 kimefungwa mapema.")
    desk.answers(report, "Asante.")
    assert desk.becomes("delivered")
    desk.twilio.write(citizen, MAYAS, "Watu mia moja.")
    assert until(lambda: desk.one("SELECT count(*) FROM messages WHERE body = 'Watu mia moja.'") == 1)
    assert desk.report() == report
    assert desk.one("SELECT count(*) FROM assignments WHERE ended_at IS NULL") == 1
    assert len(desk.twilio.ledger.accepted(citizen)) == 2  # no second acknowledgement


def test_a_new_person_at_an_operators_number_goes_to_the_queue(twilio_desk: TwilioDesk, citizen: str) -> None:
    twilio_desk.twilio.write(citizen, MAYAS, "Who is this?")
    report = twilio_desk.report()
    assert twilio_desk.one("SELECT status FROM reports WHERE id = :id", id=report) == "open"
    assert twilio_desk.one("SELECT count(*) FROM assignments") == 0


def test_whatsapp_comes_and_goes_by_the_number_that_was_written_to(twilio_desk: TwilioDesk, citizen: str) -> None:
    desk = twilio_desk
    desk.twilio.write(f"whatsapp:{citizen}", f"whatsapp:{WHATSAPP}", "Wanahesabu bila mawakala.")
    report = desk.report()
    assert desk.one("SELECT channel FROM reports WHERE id = :id", id=report) == "whatsapp"
    desk.maya.take(report)
    desk.answers(report, "Uko salama?")
    assert desk.becomes("delivered")
    assert {one["From"] for one in desk.twilio.ledger.accepted(f"whatsapp:{citizen}")} == {f"whatsapp:{WHATSAPP}"}


def test_stop_is_obeyed_by_every_number_and_confirmed_once(twilio_desk: TwilioDesk, citizen: str) -> None:
    desk = twilio_desk
    report = desk.holds(citizen, "Kituo 14 kimefungwa mapema.")
    desk.twilio.write(citizen, MAYAS, "STOP")
    assert until(lambda: desk.one("SELECT count(*) FROM contacts WHERE opted_out_at IS NOT NULL") == 1)
    page = desk.page(f"/desk/reports/{report}")
    assert "This person said STOP" in page
    desk.twilio.write(citizen, LINE, "STOP")
    left = len(desk.twilio.ledger.accepted(citizen))
    form = desk.maya.form(report)
    if form is not None:
        desk.maya.reply(report, form, "One more question?")
    assert desk.one("SELECT count(*) FROM deliveries WHERE purpose = 'reply'") == 0
    assert len(desk.twilio.ledger.accepted(citizen)) == left


def test_who_told_twilio_to_stop_has_told_the_desk(twilio_desk: TwilioDesk, citizen: str) -> None:
    """Twilio's own STOP list refuses with 21610; the desk had not heard of it."""
    desk = twilio_desk
    report = desk.holds(citizen, "Kituo 14 kimefungwa mapema.")
    desk.twilio.script(Behaviour.REFUSES, number=citizen, code=21610)
    desk.answers(report, "Asante.")
    assert desk.becomes("failed")
    assert until(lambda: desk.one("SELECT count(*) FROM contacts WHERE opted_out_at IS NOT NULL") == 1)
    assert "This person said STOP" in desk.page(f"/desk/reports/{report}")


@pytest.mark.parametrize("steps", [
    (Callback("sent", before_answer=True), Callback("delivered", before_answer=True)),
    (Callback("delivered", after=0.2), Callback("sent", after=0.4)),
    (Callback("sent", times=3), Callback("delivered", times=3)),
])
def test_callbacks_come_in_any_order_and_before_the_answer(twilio_desk: TwilioDesk, citizen: str,
                                                           steps: tuple[Callback, ...]) -> None:
    desk = twilio_desk
    report = desk.holds(citizen, "Kituo 14 kimefungwa mapema.")
    desk.twilio.script(Behaviour.WORKS, number=citizen, callbacks=steps)
    desk.answers(report, "Asante.")
    assert desk.becomes("delivered")
    desk.twilio.settle()
    assert desk.one("SELECT state FROM deliveries WHERE purpose = 'reply'") == "delivered"
    assert desk.one("SELECT count(*) FROM inbound WHERE state = 'quarantined'") == 0


def test_a_lost_answer_is_known_by_its_callback(twilio_desk: TwilioDesk, citizen: str) -> None:
    desk = twilio_desk
    report = desk.holds(citizen, "Kituo 14 kimefungwa mapema.")
    desk.twilio.script(Behaviour.CUTS_AFTER, number=citizen, method="POST", count=1)
    before = len(desk.twilio.ledger.accepted(citizen))
    desk.answers(report, "Asante.")
    assert desk.becomes("delivered")
    assert len(desk.twilio.ledger.accepted(citizen)) == before + 1


def test_a_forged_request_makes_no_row(twilio_desk: TwilioDesk, citizen: str) -> None:
    real = twilio_desk.twilio.token
    twilio_desk.twilio.new_token("9f" * 16)
    try:
        assert twilio_desk.twilio.write(citizen, LINE, "forged")["heard"] == [403]
    finally:
        twilio_desk.twilio.new_token(real)
    assert twilio_desk.one("SELECT count(*) FROM inbound") == 0
