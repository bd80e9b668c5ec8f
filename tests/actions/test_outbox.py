"""What waits to leave: at STOP, at a pause, and when its account becomes somebody else's."""

from __future__ import annotations

from channels.base import InboundMessage
from tests.scene import CITIZEN, INTAKE, Scene
from triage.actions import accounts, citizens, closing, deliveries, replies
from triage.actions.deliveries import Settlement
from triage.db import db
from triage.events import Kind
from triage.models import Account, Contact, Delivery, DeliveryAttempt, Operator


def _answer(scene: Scene, who: Operator) -> Delivery:
    report = scene.sms("The station is closed.")
    scene.carry()
    held = scene.claim(report, who)
    return scene.do(lambda: replies.reply(report.id, who, held.id, scene.head(), "Which station?", "key-0001"))


def _own(who: Operator) -> Account:
    return db.session.query(Account).filter_by(operator_id=who.id).one()


def test_stop_is_confirmed_once_however_often_it_is_said(scene: Scene) -> None:
    scene.sms("The station is closed.")
    scene.carry()
    scene.sent.clear()
    for _ in range(3):
        scene.sms("STOP")
        scene.carry()
    assert [(sender, to) for sender, to, _ in scene.sent] == [(INTAKE, CITIZEN)]
    scene.sms("START")
    scene.sms("STOP")
    scene.carry()
    assert len(scene.sent) == 2


def test_a_paused_account_does_not_fill_the_history_and_sends_at_once_when_it_is_resumed(scene: Scene) -> None:
    maya, zawadi = scene.operator("Maya"), scene.operator("Zawadi", "coordinator")
    delivery = _answer(scene, maya)
    account = _own(maya)
    scene.do(lambda: accounts.pause(account.id, zawadi))
    for seconds in range(0, 60, 5):
        with scene.later(seconds=seconds):
            assert scene.carry() == 0
    assert Kind.DELIVERY_DEFERRED not in scene.kinds()
    with scene.later(seconds=60):
        scene.do(lambda: accounts.resume(account.id, zawadi))
        assert scene.carry() == 1
    assert scene.delivery(delivery).state == "sent"


def test_resuming_does_not_wait_for_what_the_provider_asked(scene: Scene) -> None:
    maya, zawadi = scene.operator("Maya"), scene.operator("Zawadi", "coordinator")
    delivery = _answer(scene, maya)
    scene.carry(Settlement("retry", after=3600))
    scene.do(lambda: accounts.resume(_own(maya).id, zawadi))
    assert scene.carry() == 1
    assert scene.delivery(delivery).state == "sent"


def test_an_answer_on_its_way_is_not_tried_again_from_an_account_that_became_anothers(scene: Scene) -> None:
    maya, ben, zawadi = scene.operator("Maya"), scene.operator("Ben"), scene.operator("Zawadi", "coordinator")
    delivery = _answer(scene, maya)
    order = scene.do(lambda: deliveries.begin_attempt(delivery.id))
    scene.do(lambda: accounts.transfer(_own(maya).id, ben.id, zawadi))
    scene.do(lambda: deliveries.settle(order.attempt_id, Settlement("retry", error="unreachable")))
    found = scene.delivery(delivery)
    assert (found.state, found.last_error) == ("cancelled", "account_transferred")


def test_an_address_that_cannot_be_opened_fails_in_sight_and_is_not_tried_for_ever(scene: Scene) -> None:
    delivery = _answer(scene, scene.operator("Maya"))
    scene.do(lambda: db.session.query(Contact).update({"address_sealed": b"k1\0broken"}))
    assert scene.carry() == 0
    found = scene.delivery(delivery)
    assert found.state == "failed"
    assert scene.report(found.report_id).unanswered_since is not None


def test_stop_from_a_number_given_in_the_form_is_told_on_its_report_and_confirmed(scene: Scene) -> None:
    message = InboundMessage("web", "", "token-1.abc", None, "Closed.", thread_key="web:token-1", reply_to=CITIZEN)
    scene.do(lambda: citizens.report(message, "receipt", None))
    report = scene.newest()
    scene.arrives(scene.message("STOP"))
    assert Kind.CONTACT_STOPPED in scene.kinds(report)
    scene.carry()
    assert [(sender, to) for sender, to, _ in scene.sent] == [(INTAKE, CITIZEN)]


def _two_answers(scene: Scene) -> tuple[Delivery, Delivery]:
    maya = scene.operator("Maya")
    first, second = scene.sms("The station is closed."), scene.sms("No ballots here.", "+254711000999")
    scene.carry()
    for number, report in enumerate((first, second)):
        held = scene.claim(report, maya)
        scene.do(lambda report=report, held=held, number=number: replies.reply(
            report.id, maya, held.id, scene.head(), "Which station?", f"key-000{number}"))
    found = db.session.query(Delivery).filter_by(purpose="reply").order_by(Delivery.id).all()
    return found[0], found[1]


def test_a_name_that_the_provider_gave_to_another_answer_before_puts_this_one_in_doubt(scene: Scene) -> None:
    first, second = _two_answers(scene)
    scene.carry(Settlement("accepted", provider_id="GW7"))
    states = [(one.state, one.provider_id) for one in map(scene.delivery, (first, second))]
    assert states == [("sent", "GW7"), ("uncertain", None)]
    assert Kind.DELIVERY_UNCERTAIN in scene.kinds(scene.report(second.report_id))
    assert db.session.query(DeliveryAttempt).filter_by(finished_at=None).count() == 0


def test_so_does_one_that_comes_late_and_it_is_not_sent_again_by_itself(scene: Scene) -> None:
    first, second = _two_answers(scene)
    scene.carry(Settlement("unknown"))
    attempts = db.session.query(DeliveryAttempt).filter(DeliveryAttempt.delivery_id.in_((first.id, second.id))).all()
    for number in [attempt.id for attempt in attempts]:
        scene.do(lambda number=number: deliveries.settle(number, Settlement("accepted", provider_id="GW7")))
    assert [scene.delivery(one).state for one in (first, second)] == ["sent", "uncertain"]
    with scene.later(hours=1):
        assert scene.carry() == 0


def test_an_answer_on_its_way_is_not_tried_again_after_somebody_else_closed_its_report(scene: Scene) -> None:
    maya, zawadi = scene.operator("Maya"), scene.operator("Zawadi", "coordinator")
    delivery = _answer(scene, maya)
    order = scene.do(lambda: deliveries.begin_attempt(delivery.id))
    scene.do(lambda: closing.close(delivery.report_id, zawadi, "no_answer"))
    scene.do(lambda: deliveries.settle(order.attempt_id, Settlement("retry", error="later")))
    assert scene.delivery(delivery).state == "cancelled"
    with scene.later(hours=12):
        assert scene.carry() == 0


def test_one_whose_author_closed_it_is_tried_again(scene: Scene) -> None:
    maya = scene.operator("Maya")
    delivery = _answer(scene, maya)
    order = scene.do(lambda: deliveries.begin_attempt(delivery.id))
    scene.do(lambda: closing.close(delivery.report_id, maya, "no_answer"))
    scene.do(lambda: deliveries.settle(order.attempt_id, Settlement("retry", error="later")))
    with scene.later(hours=12):
        assert scene.carry() == 1
    assert scene.delivery(delivery).state == "sent"
