"""Twilio's answer is lost: the desk asks what it took, and nothing is ever sent a second time by the machine."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

import config
from tests.fakes.twilio.process import Twilio
from tests.fakes.twilio.scripts import Behaviour, Callback
from tests.flows.asked_desk import AskedDesk
from tests.flows.twilio_desk import at_twilio
from tests.scene import Scene
from triage import backoff, clock, connections
from triage.actions import accounts, deliveries, doubt, looks, replies
from triage.db import db
from triage.errors import BadInput
from triage.models import Assignment, Delivery, DeliveryAttempt, Operator
from triage.queries import asking, reports
from triage.workers import doubt as asks

ANSWER = "Asante. Watu wangapi wanasubiri?"
SILENT = (Callback("sent", withheld=True), Callback("delivered", withheld=True))


@pytest.fixture
def settings(settings: config.Settings, twilio: Twilio) -> config.Settings:
    return at_twilio(settings, twilio, demo=False, acknowledge=False)


@pytest.fixture
def desk(scene: Scene, twilio: Twilio, client: FlaskClient) -> AskedDesk:
    made = AskedDesk(scene, twilio, client)
    scene.do(lambda: setattr(made.row(), "options", {"read_seconds": "0.3"}))
    scene.do(lambda: accounts.set_rule("sms", "pool"))
    scene.do(lambda: setattr(scene.intake, "can_send", False))  # the pool is this one number
    return made


@pytest.fixture
def maya(desk: AskedDesk) -> Operator:
    return desk.scene.operator("Maya")


def answers(desk: AskedDesk, maya: Operator, how: Behaviour | None, text: str = ANSWER, **more: object) -> Delivery:
    """Maya answers; Twilio treats the one request like this, and no callback comes."""
    if how is not None:
        desk.twilio.script(how, number=desk.theirs, method="POST", count=1, callbacks=SILENT, **more)
    if desk.count(Delivery) == 0:
        desk.brings(f"SM{desk.number:032x}", "Kituo 14 kimefungwa mapema.")
        desk.scene.claim(desk.scene.newest(), maya)
    report = desk.scene.newest()
    held = reports.view(report.id, maya)
    fence = db.session.query(Assignment).filter_by(report_id=report.id, ended_at=None).one().id
    key = f"key-{desk.count(Delivery)}"
    desk.scene.do(lambda: replies.reply(report.id, maya, fence, held.seq, text, key))
    desk.sends()
    return desk.delivery()


def look(desk: AskedDesk, delivery: Delivery, after: timedelta) -> Delivery:
    """The looks that are due so long after the doubt; the answer then."""
    with desk.scene.later(seconds=after.total_seconds() + 0.5):
        for number in asking.doubts_due():
            asks.ask(number)
    db.session.rollback()
    return db.session.get_one(Delivery, delivery.id, populate_existing=True)


TAKEN = [(Behaviour.HANGS_AFTER, {"seconds": 2.0}), (Behaviour.CUTS_AFTER, {}), (Behaviour.MALFORMED, {}),
         (Behaviour.MALFORMED, {"body": ""}), (Behaviour.MALFORMED, {"body": '{"sid": "SMother"}'})]
NOT_TAKEN = [(Behaviour.HANGS_BEFORE, {"seconds": 2.0}), (Behaviour.CUTS_BEFORE, {}),
             (Behaviour.FAILS, {"status": 500})]


@pytest.mark.parametrize("how, more", TAKEN)
def test_what_was_taken_is_found_and_sent_once(
    desk: AskedDesk, maya: Operator, how: Behaviour, more: dict[str, object]
) -> None:
    delivery = answers(desk, maya, how, **more)
    assert (delivery.state, delivery.provider_id) == ("uncertain", None)
    assert delivery.next_attempt_at - delivery.settled_at <= backoff.LOOKS[0] + timedelta(seconds=1)
    assert asking.doubts_due() == []  # it is too early
    known = look(desk, delivery, backoff.LOOKS[0])
    (taken,) = desk.accepted()
    assert (known.state, known.provider_id, known.next_attempt_at) == ("sent", taken.about, None)
    desk.twilio.release(taken.about)
    assert desk.poll() == 1
    assert desk.delivery().state == "delivered"


def test_what_has_arrived_long_ago_is_delivered_at_once(desk: AskedDesk, maya: Operator) -> None:
    delivery = answers(desk, maya, Behaviour.CUTS_AFTER)
    desk.twilio.release(desk.accepted()[0].about)
    assert look(desk, delivery, backoff.LOOKS[0]).state == "delivered"


@pytest.mark.parametrize("how, more", NOT_TAKEN)
def test_what_was_not_taken_is_a_persons_after_three_looks_and_never_sent_by_the_machine(
    desk: AskedDesk, maya: Operator, how: Behaviour, more: dict[str, object]
) -> None:
    delivery = answers(desk, maya, how, **more)
    for after in backoff.LOOKS:
        assert delivery.next_attempt_at is not None
        delivery = look(desk, delivery, after)
        assert delivery.state == "uncertain"
    assert delivery.next_attempt_at is None
    assert [kind for kind in desk.scene.kinds() if kind == "delivery.asked"] == ["delivery.asked"] * 3
    assert (desk.accepted(), desk.count(DeliveryAttempt)) == ([], 1)


def test_the_same_words_twice_to_the_same_person_are_for_a_person(desk: AskedDesk, maya: Operator) -> None:
    first = answers(desk, maya, Behaviour.CUTS_AFTER)
    second = answers(desk, maya, Behaviour.CUTS_BEFORE)
    for delivery in (first, second):
        assert look(desk, delivery, backoff.LOOKS[0]).state == "uncertain"
    assert len(desk.accepted()) == 1


def test_what_belongs_to_another_answer_is_never_this_one(desk: AskedDesk, maya: Operator) -> None:
    assert answers(desk, maya, None).state == "sent"
    second = answers(desk, maya, Behaviour.CUTS_BEFORE)
    assert look(desk, second, backoff.LOOKS[0]).state == "uncertain"
    third = answers(desk, maya, Behaviour.CUTS_AFTER, "Other words.")
    assert look(desk, third, backoff.LOOKS[0]).state == "sent"
    assert look(desk, second, backoff.LOOKS[2]).state == "uncertain"


def test_of_two_answers_with_other_words_each_is_known(desk: AskedDesk, maya: Operator) -> None:
    first = answers(desk, maya, Behaviour.CUTS_AFTER)
    second = answers(desk, maya, Behaviour.CUTS_AFTER, "Other words.")
    known = [look(desk, delivery, backoff.LOOKS[0]).provider_id for delivery in (first, second)]
    assert known == [one.about for one in desk.accepted()]


def test_a_callback_settles_it_before_anybody_asks(desk: AskedDesk, maya: Operator) -> None:
    delivery = answers(desk, maya, Behaviour.CUTS_AFTER)
    desk.reports(desk.accepted()[0].about, "sent", f"delivery-{delivery.id}")
    assert (desk.delivery().state, desk.delivery().next_attempt_at) == ("sent", None)


def test_a_provider_that_is_away_is_asked_later_and_not_for_ever(desk: AskedDesk, maya: Operator) -> None:
    delivery = answers(desk, maya, Behaviour.CUTS_AFTER)
    desk.twilio.script(Behaviour.FAILS, number=desk.theirs, method="GET", status=503)
    waited = timedelta()
    for _ in range(100):
        if delivery.next_attempt_at is None:
            break
        waited = delivery.next_attempt_at - delivery.settled_at
        delivery = look(desk, delivery, waited + timedelta(seconds=1))
    assert (delivery.state, delivery.next_attempt_at) == ("uncertain", None)
    assert waited + backoff.LONGEST_LOOK >= backoff.LAST_LOOK
    assert desk.scene.kinds().count("delivery.asked") == 1  # said once, not each time


def test_patience_that_is_asked_for_is_kept(desk: AskedDesk, maya: Operator) -> None:
    delivery = answers(desk, maya, Behaviour.CUTS_AFTER)
    desk.twilio.script(Behaviour.THROTTLES, number=desk.theirs, method="GET", count=1, seconds=200)
    delivery = look(desk, delivery, backoff.LOOKS[0])
    assert delivery.next_attempt_at - clock.now() > timedelta(seconds=190)


def test_a_killed_process_leaves_the_same_doubt(desk: AskedDesk, maya: Operator) -> None:
    """The answer had left; nobody lived to write it down."""
    desk.brings(f"SM{desk.number:032x}", "Kituo 14 kimefungwa mapema.")
    report = desk.scene.newest()
    fence = desk.scene.claim(report, maya).id
    desk.scene.do(lambda: replies.reply(report.id, maya, fence, desk.scene.head(), ANSWER, "key"))
    desk.twilio.script(Behaviour.WORKS, number=desk.theirs, callbacks=SILENT)
    order = desk.scene.do(lambda: deliveries.begin_attempt(desk.delivery().id))
    sid = connections.connect(order.account).send(order.message).provider_id
    with desk.scene.later(seconds=90):
        desk.scene.do(deliveries.expire_attempts)
        delivery = desk.delivery()
        assert delivery.state == "uncertain"
    known = look(desk, delivery, timedelta(seconds=90) + backoff.LOOKS[0])
    assert (known.state, known.provider_id) == ("sent", sid)
    desk.scene.do(lambda: deliveries.settle(order.attempt_id, deliveries.Settlement("accepted", sid)))  # it comes back
    assert desk.delivery().state == "sent"


def test_a_late_answer_settles_what_was_given_up(desk: AskedDesk, maya: Operator) -> None:
    delivery = answers(desk, maya, Behaviour.CUTS_AFTER)
    attempt = db.session.query(DeliveryAttempt).one()
    sid = desk.accepted()[0].about
    desk.scene.do(lambda: deliveries.settle(attempt.id, deliveries.Settlement("accepted", sid)))
    assert (desk.delivery().state, desk.delivery().provider_id) == ("sent", sid)
    assert look(desk, delivery, backoff.LOOKS[0]).provider_id == sid


# ---------------------------------------------------------------- a person


def test_a_person_has_it_checked_now(desk: AskedDesk, maya: Operator) -> None:
    delivery = answers(desk, maya, Behaviour.CUTS_BEFORE)
    for after in backoff.LOOKS:
        delivery = look(desk, delivery, after)
    assert delivery.next_attempt_at is None
    shown = [entry.delivery for entry in reports.view(desk.scene.newest().id, maya).entries if entry.delivery]
    assert [(one.askable, one.asks_at, one.asked) for one in shown] == [(True, None, len(backoff.LOOKS))]
    desk.scene.do(lambda: doubt.decide(delivery.id, maya, "check"))
    assert asking.doubts_due() == [delivery.id]
    assert asks.ask(delivery.id) is False
    assert desk.scene.kinds()[-2:] == ["delivery.decided", "delivery.asked"]
    assert desk.delivery().state == "uncertain"


def test_nobody_can_be_asked_about_an_answer_by_the_simulator(scene: Scene) -> None:
    maya = scene.operator("Ben")
    report = scene.sms("Kituo 14 kimefungwa mapema.")
    fence = scene.claim(report, maya).id
    scene.do(lambda: replies.reply(report.id, maya, fence, scene.head(), ANSWER, "key"))
    scene.carry(deliveries.Settlement("unknown", error="cut"))
    delivery = db.session.query(Delivery).filter_by(purpose="reply").one()
    assert (delivery.state, delivery.next_attempt_at) == ("uncertain", None)
    with pytest.raises(BadInput):
        scene.do(lambda: doubt.decide(delivery.id, maya, "check"))


def test_send_again_ends_the_asking(desk: AskedDesk, maya: Operator) -> None:
    delivery = answers(desk, maya, Behaviour.CUTS_BEFORE)
    desk.scene.do(lambda: doubt.decide(delivery.id, maya, "again"))
    question = desk.scene.do(lambda: looks.begin(delivery.id))
    assert question is None
    desk.sends()
    assert (desk.delivery().state, len(desk.accepted())) == ("sent", 1)
