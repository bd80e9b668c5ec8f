"""From reply to delivered: the holder's own account, on what they saw, once."""

from __future__ import annotations

import pytest

from channels.base import DeliveryUpdate
from tests.scene import CITIZEN, Scene
from triage.actions import accounts, closing, deliveries, doubt, drafts, notes, replies
from triage.actions.deliveries import Settlement
from triage.db import db
from triage.errors import (
    BadInput,
    ConversationMovedOn,
    KeyReused,
    NoReplyAccount,
    NotApproved,
    NotFound,
    NotTheHolder,
    TooLate,
    TooLong,
)
from triage.events import Kind
from triage.models import Account, Assignment, Delivery, DeliveryAttempt, Message, Operator, Report
from triage.queries import reports

TEXT = "Which station is it?"


class Talk:
    """An operator who holds a report with one message."""

    def __init__(self, scene: Scene, **operator: object) -> None:
        self.scene = scene
        self.maya: Operator = scene.operator("Maya", **operator)
        self.report: Report = scene.sms("The station is closed.")
        self.held: Assignment = scene.claim(self.report, self.maya)
        scene.carry()
        scene.sent.clear()

    def reply(self, text: str = TEXT, key: str = "k1", *, seen: int | None = None, **who: Operator) -> Delivery:
        """Answer what the page shows now, or what it showed at event number `seen`."""
        by = who.get("by", self.maya)
        at = self.scene.seen(self.report, by) if seen is None else seen
        return self.scene.do(lambda: replies.reply(self.report.id, by, self.held.id, at, text, key))

    def state(self, delivery: Delivery) -> str:
        """Where the delivery stands now."""
        return self.scene.delivery(delivery).state


@pytest.fixture
def talk(scene: Scene) -> Talk:
    return Talk(scene)


def test_an_answer_leaves_from_the_holders_own_account(talk: Talk) -> None:
    delivery = talk.reply()
    own = db.session.query(Account).filter_by(operator_id=talk.maya.id).one()
    assert talk.scene.carry() == 1
    signed = f"{TEXT}\n- Maya, volunteer at Harbour Election Desk"
    assert talk.scene.sent == [(own.address, CITIZEN, signed)]
    assert talk.state(delivery) == "sent"
    row = reports.view(talk.report.id, talk.maya).row
    assert row.waiting_since is None
    assert row.awaiting_since is not None


def test_without_an_own_account_nothing_is_sent_from_anybody_elses(scene: Scene) -> None:
    talk = Talk(scene)
    account = db.session.query(Account).filter_by(operator_id=talk.maya.id).one()
    scene.do(lambda: setattr(db.session.merge(account), "can_send", False))
    with pytest.raises(NoReplyAccount):
        talk.reply()
    assert reports.view(talk.report.id, talk.maya).sending.blocked == "no_reply_account"


def test_the_pool_rule_sticks_to_the_number_the_person_heard_from(scene: Scene) -> None:
    talk, zawadi = Talk(scene), scene.operator("Zawadi", "coordinator")
    other = scene.account("sms", "+254700000777", can_send=True)
    scene.do(lambda: accounts.set_rule("sms", "pool", zawadi))
    talk.reply("one", "k1")
    talk.reply("two", "k2")
    scene.carry()
    numbers = {number for number, _, _ in scene.sent}
    assert len(numbers) == 1
    assert numbers < {other.address, scene.intake.address}


def test_the_arrival_rule_answers_from_the_number_written_to(scene: Scene) -> None:
    talk, zawadi = Talk(scene), scene.operator("Zawadi", "coordinator")
    scene.do(lambda: accounts.set_rule("sms", "arrival", zawadi))
    talk.reply()
    scene.carry()
    assert scene.sent[0][0] == scene.intake.address


def test_a_reply_to_a_page_that_missed_a_message_sends_nothing(talk: Talk) -> None:
    seen = talk.scene.seen(talk.report, talk.maya)
    talk.scene.sms("They opened again.")
    with pytest.raises(ConversationMovedOn, match="New since you started: 1"):
        talk.reply(seen=seen)
    assert talk.scene.carry() == 0
    assert talk.reply()


def test_notes_callbacks_and_own_answers_do_not_make_a_page_stale(talk: Talk) -> None:
    seen = talk.scene.seen(talk.report, talk.maya)
    talk.scene.do(lambda: notes.add(talk.report.id, talk.maya, "calling the station"))
    talk.reply("first", "k1", seen=seen)
    talk.scene.carry()
    assert talk.reply("second", "k2", seen=seen)


def test_what_arrives_during_the_undo_seconds_does_not_cancel_the_answer(talk: Talk) -> None:
    delivery = talk.reply()
    talk.scene.sms("Hello?")
    talk.scene.carry()
    assert talk.state(delivery) == "sent"
    assert talk.scene.report(talk.report.id).unanswered_since is not None


def test_the_same_key_gives_the_same_answer_and_other_words_are_refused(talk: Talk) -> None:
    first = talk.reply()
    assert talk.reply().id == first.id
    with pytest.raises(KeyReused):
        talk.reply("Other words.")
    assert db.session.query(Message).filter_by(operator_id=talk.maya.id).count() == 1


@pytest.mark.parametrize("text", ["", "   \n"])
def test_an_empty_answer_is_refused_with_a_sentence(talk: Talk, text: str) -> None:
    with pytest.raises(BadInput, match="Write an answer first"):
        talk.reply(text)


def test_a_longer_answer_than_the_channel_takes_is_refused(talk: Talk) -> None:
    with pytest.raises(TooLong):
        talk.reply("x" * 5000)


def test_a_newcomers_answer_waits_for_a_second_pair_of_eyes(scene: Scene) -> None:
    talk = Talk(scene, needs_approval=True)
    with pytest.raises(NotApproved):
        talk.reply()


def test_somebody_else_cannot_answer_with_the_holders_fence(talk: Talk) -> None:
    ben = talk.scene.operator("Ben")
    with pytest.raises(NotTheHolder, match="Maya"):
        talk.reply(by=ben)


@pytest.mark.parametrize("settings", [{"undo_seconds": 8}], indirect=True)
def test_an_answer_is_held_for_the_undo_seconds_and_can_be_taken_back(talk: Talk) -> None:
    delivery = talk.reply()
    assert (talk.state(delivery), talk.scene.carry()) == ("held", 0)
    talk.scene.do(lambda: replies.undo(delivery.id, talk.maya))
    view = reports.view(talk.report.id, talk.maya)
    assert (talk.state(delivery), view.draft) == ("cancelled", TEXT)
    assert view.row.waiting_since is not None


@pytest.mark.parametrize("settings", [{"undo_seconds": 8}], indirect=True)
def test_danger_waits_for_no_undo(talk: Talk) -> None:
    talk.scene.do(lambda: setattr(talk.scene.report(talk.report.id), "priority", 0))
    talk.reply()
    assert talk.scene.carry() == 1


def test_undo_is_too_late_once_it_left_and_only_for_the_author(talk: Talk) -> None:
    delivery, ben = talk.reply(), talk.scene.operator("Ben")
    with pytest.raises(NotFound):
        talk.scene.do(lambda: replies.undo(delivery.id, ben))
    talk.scene.carry()
    with pytest.raises(TooLate):
        talk.scene.do(lambda: replies.undo(delivery.id, talk.maya))


def test_limits_hold_back_what_is_too_much_and_lose_nothing(scene: Scene) -> None:
    talk = Talk(scene)
    account = db.session.query(Account).filter_by(operator_id=talk.maya.id).one()
    scene.do(lambda: setattr(db.session.merge(account), "limits", [[2, 60]]))
    for number in range(5):
        talk.reply(f"part {number}", f"k{number}")
    assert scene.carry() == 2
    with scene.later(seconds=61):
        assert scene.carry() == 2
    with scene.later(seconds=122):
        assert scene.carry() == 1


def test_a_throttled_account_pauses_until_the_provider_said(talk: Talk) -> None:
    delivery = talk.reply()
    talk.scene.carry(Settlement("retry", error="throttled", after=30))
    assert talk.state(delivery) == "queued"
    with talk.scene.later(seconds=29):
        assert talk.scene.carry() == 0
    with talk.scene.later(seconds=31):
        assert talk.scene.carry() == 1
    assert Kind.DELIVERY_RETRIED in talk.scene.kinds(talk.report)


def test_a_refused_answer_failed_and_the_report_waits_again(talk: Talk) -> None:
    delivery = talk.reply()
    talk.scene.carry(Settlement("rejected", error="number unreachable"))
    view = reports.view(talk.report.id, talk.maya)
    assert (talk.state(delivery), view.row.send_problems) == ("failed", 1)
    assert view.row.waiting_since is not None


def test_an_unknown_outcome_is_never_sent_again_by_machine(talk: Talk) -> None:
    delivery = talk.reply()
    talk.scene.carry(Settlement("unknown", error="cut off"))
    assert talk.state(delivery) == "uncertain"
    with talk.scene.later(hours=5):
        assert talk.scene.carry() == 0


def test_an_unknown_outcome_of_a_repeatable_send_is_tried_again(talk: Talk) -> None:
    talk.reply()
    talk.scene.carry(Settlement("unknown", error="cut off", repeatable=True))
    with talk.scene.later(minutes=1):
        assert talk.scene.carry() == 1


@pytest.mark.parametrize("verdict, state", [("sent", "sent"), ("failed", "failed"), ("again", "queued")])
def test_a_person_decides_what_is_in_doubt(talk: Talk, verdict: str, state: str) -> None:
    delivery = talk.reply()
    talk.scene.carry(Settlement("unknown"))
    talk.scene.do(lambda: doubt.decide(delivery.id, talk.maya, verdict))
    assert talk.state(delivery) == state
    assert Kind.DELIVERY_DECIDED in talk.scene.kinds(talk.report)


def test_an_attempt_that_outlived_its_time_counts_as_unknown(talk: Talk) -> None:
    delivery = talk.reply()
    order = talk.scene.do(lambda: deliveries.begin_attempt(delivery.id))
    assert order is not None
    assert talk.scene.do(lambda: deliveries.begin_attempt(delivery.id)) is None
    with talk.scene.later(seconds=61):
        assert talk.scene.do(deliveries.expire_attempts) == 1
    assert talk.state(delivery) == "uncertain"
    talk.scene.do(lambda: deliveries.settle(order.attempt_id, Settlement("accepted", provider_id="OUT9")))
    assert talk.state(delivery) == "sent"


def test_a_broken_account_says_so_and_the_answer_waits(talk: Talk) -> None:
    delivery = talk.reply()
    talk.scene.carry(Settlement("account_problem", error="suspended"))
    account = db.session.query(Account).filter_by(operator_id=talk.maya.id).one()
    assert (talk.state(delivery), account.needs_attention) == ("queued", "suspended")
    assert Kind.ACCOUNT_TROUBLED in talk.scene.kinds()


def test_states_only_move_forward(talk: Talk) -> None:
    delivery = talk.reply()
    talk.scene.carry()
    account = talk.scene.delivery(delivery).account_id
    for state in ("delivered", "sent", "failed"):
        update = DeliveryUpdate("sms", "", talk.scene.delivery(delivery).provider_id or "", state)
        talk.scene.do(lambda what=update: doubt.apply_update(account, what))
    assert talk.state(delivery) == "delivered"


def test_closing_lets_answers_under_way_go_on(talk: Talk) -> None:
    delivery = talk.reply()
    talk.scene.do(lambda: closing.close(talk.report.id, talk.maya, "actionable"))
    talk.scene.carry()
    assert talk.state(delivery) == "sent"


def test_a_draft_is_kept_and_cleared_by_sending_it(talk: Talk) -> None:
    talk.scene.do(lambda: drafts.save(talk.report.id, talk.maya, "half a sen"))
    assert reports.view(talk.report.id, talk.maya).draft == "half a sen"
    talk.reply()
    assert reports.view(talk.report.id, talk.maya).draft == ""


def test_every_try_is_counted_once(talk: Talk) -> None:
    talk.reply()
    talk.scene.carry()
    assert db.session.query(DeliveryAttempt).filter(DeliveryAttempt.finished_at.is_(None)).count() == 0
