"""No way, no race and no forged field lets an answer leave by an account that is not its author's to use."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels import registry
from channels.base import InboundMessage
from channels.twilio_sms import TwilioWhatsApp
from tests.flows.test_voices import answer, body, held
from tests.scene import CITIZEN, Scene
from triage import clock
from triage.actions import accounts, assignments, replies
from triage.actions.deliveries import begin_attempt
from triage.db import db
from triage.errors import NoReplyAccount, NotTheHolder, WindowClosed
from triage.models import Account, Delivery, Message, Operator, Report
from triage.queries import reports, sending

SHOP = "+254700000900"


def change(scene: Scene, account: Account, **values: object) -> None:
    """Somebody changed an account."""
    scene.do(lambda: [setattr(db.session.get_one(Account, account.id), name, value) for name, value in values.items()])


def begins(scene: Scene, delivery: Delivery) -> bool:
    """Whether an attempt begins."""
    return scene.do(lambda: begin_attempt(delivery.id)) is not None


def ended(scene: Scene, delivery: Delivery, by: Operator) -> tuple[str, str | None, str]:
    """How a delivery ended, and what is its author's draft now."""
    now = scene.delivery(delivery)
    return now.state, now.last_error, reports.view(now.report_id, by).draft


def test_somebody_elses_assignment_opens_no_account(scene: Scene) -> None:
    report, amina = held(scene)
    other, ben = scene.sms("No ink", "+254711000999"), scene.operator("Ben")
    scene.claim(other, ben)
    fence = reports.view(report.id, amina).assignment or 0
    with pytest.raises(NotTheHolder):
        scene.do(lambda: replies.reply(report.id, ben, fence, scene.head(), "Hello", "key-0001"))
    with pytest.raises(NotTheHolder):
        scene.do(lambda: replies.reply(other.id, ben, fence, scene.head(), "Hello", "key-0001"))
    assert db.session.query(Delivery).filter_by(purpose="reply").count() == 0


@pytest.mark.parametrize("rule", ["holder", "pool", "arrival"])
def test_who_wrote_to_an_operators_number_is_never_answered_from_it_by_another(scene: Scene, rule: str) -> None:
    ben, amina, zawadi = scene.operator("Ben"), scene.operator("Amina"), scene.operator("Zawadi", "coordinator")
    bens = scene.accounts_of(ben)[0]
    report = scene.sms("They closed the gate", to=bens.address)
    scene.do(lambda: accounts.set_rule("sms", rule, zawadi))
    scene.claim(report, amina)
    route = sending.route(report, amina)
    assert route is None or route.account.operator_id in (None, amina.id)
    if rule == "arrival":
        with pytest.raises(NoReplyAccount):
            answer(scene, report, amina)
    else:
        answer(scene, report, amina)
        scene.carry()
        assert bens.address not in {number for number, to, _ in scene.sent if to == CITIZEN}


def test_an_account_that_was_given_away_sends_nothing_of_who_had_it(scene: Scene) -> None:
    report, amina = held(scene)
    delivery, ben = answer(scene, report, amina), scene.operator("Ben")
    change(scene, scene.accounts_of(amina)[0], operator_id=ben.id)
    assert not begins(scene, delivery)
    assert ended(scene, delivery, amina) == ("cancelled", "account_transferred", "Which station?")


def test_an_account_that_sends_no_more_sends_nothing_that_was_accepted(scene: Scene) -> None:
    report, amina = held(scene)
    delivery = answer(scene, report, amina)
    change(scene, scene.accounts_of(amina)[0], can_send=False)
    assert not begins(scene, delivery)
    assert ended(scene, delivery, amina) == ("cancelled", "account_receives_only", "Which station?")


@pytest.mark.parametrize("before, after", [("holder", "pool"), ("pool", "holder"), ("arrival", "holder")])
def test_what_was_accepted_under_a_rule_leaves_under_it(scene: Scene, before: str, after: str) -> None:
    report, amina = held(scene)
    zawadi = scene.operator("Zawadi", "coordinator")
    scene.do(lambda: accounts.set_rule("sms", before, zawadi))
    delivery = answer(scene, report, amina)
    scene.do(lambda: accounts.set_rule("sms", after, zawadi))
    assert begins(scene, delivery)
    assert scene.delivery(delivery).account_id == delivery.account_id


def test_a_report_given_away_between_accept_and_begin_is_not_answered_by_who_had_it(scene: Scene) -> None:
    report, amina = held(scene)
    ben, zawadi = scene.operator("Ben"), scene.operator("Zawadi", "coordinator")
    delivery = answer(scene, report, amina)
    scene.do(lambda: assignments.assign(report.id, ben.id, zawadi))
    assert not begins(scene, delivery)
    assert ended(scene, delivery, ben) == ("cancelled", "handed_over", "Which station?")


# ---------------------------------------------------------------- who writes to which of our numbers


def test_an_answer_to_any_of_our_numbers_finds_its_report_and_holder(scene: Scene) -> None:
    report, amina = held(scene)
    ben = scene.operator("Ben")
    numbers = [scene.intake.address, *(scene.accounts_of(who)[0].address for who in (amina, ben))]
    for number in numbers:
        assert scene.sms(f"I write to {number}", to=number).id == report.id
    assert scene.holder(report) == "Amina"


def test_a_new_person_at_an_operators_number_waits_in_the_queue_like_everybody(scene: Scene) -> None:
    ben = scene.operator("Ben")
    report = scene.sms("Is this the desk?", "+254711000777", to=scene.accounts_of(ben)[0].address)
    assert (report.status, scene.holder(report)) == ("open", None)


def test_stop_to_an_operators_number_is_stop_to_all_of_ours(scene: Scene) -> None:
    report, amina = held(scene)
    delivery = answer(scene, report, amina)
    scene.sms("¡Alto!", to=scene.accounts_of(scene.operator("Ben"))[0].address)
    assert not begins(scene, delivery)
    assert reports.view(report.id, amina).sending.blocked == "opted_out"


def test_end_within_a_sentence_is_a_report(scene: Scene) -> None:
    report, amina = held(scene)
    scene.sms("They END the count at station 14")
    assert reports.view(report.id, amina).sending.blocked is None


# ---------------------------------------------------------------- the day of WhatsApp


@pytest.fixture
def chat(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> tuple[Report, Operator]:
    """A WhatsApp conversation and who holds it."""
    monkeypatch.setitem(registry.CHANNELS, ("whatsapp", "simulator"), TwilioWhatsApp)
    scene.account("whatsapp", SHOP, can_send=True)
    message = InboundMessage("whatsapp", SHOP, "WA1", "+254711000444", "The queue is long")
    report, amina = scene.arrives(message), scene.operator("Amina")
    scene.claim(report, amina)
    return report, amina


def test_the_rule_of_whatsapp_is_to_answer_from_the_number_written_to(
    scene: Scene, chat: tuple[Report, Operator]
) -> None:
    report, amina = chat
    delivery = answer(scene, report, amina)
    assert db.session.get_one(Account, delivery.account_id).address == SHOP
    assert body(delivery) == "Which station?\n— Amina"


def test_after_its_day_no_answer_is_accepted_and_none_begins(scene: Scene, chat: tuple[Report, Operator]) -> None:
    report, amina = chat
    delivery = answer(scene, report, amina)
    then = clock.now() - timedelta(hours=25)
    scene.do(lambda: db.session.query(Message).filter_by(direction="in").update({"recorded_at": then}))
    with pytest.raises(WindowClosed, match="within 24 hours"):
        answer(scene, report, amina, "Hello?", "key-0002")
    assert not begins(scene, delivery)
    assert ended(scene, delivery, amina) == ("failed", "window_closed", "Which station?")
    scene.arrives(InboundMessage("whatsapp", SHOP, "WA2", "+254711000444", "Still here"))
    assert begins(scene, answer(scene, report, amina, "Hello?", "key-0003"))


def test_a_text_to_another_number_opens_no_day_on_whatsapp(scene: Scene, chat: tuple[Report, Operator]) -> None:
    report, amina = chat
    then = clock.now() - timedelta(hours=25)
    scene.do(lambda: db.session.query(Message).filter_by(direction="in").update({"recorded_at": then}))
    scene.sms("By text", "+254711000444")
    assert reports.view(report.id, amina, by="whatsapp").sending.blocked == "window_closed"
