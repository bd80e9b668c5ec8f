"""Copies: linked to a primary they go where it goes; taken out they stand in the queue again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

import config
from channels.base import DeliveryUpdate
from tests import checker
from tests.scene import Scene
from triage import clock
from triage.actions import assignments, closing, copies, deliveries, doubt, replies, routing, splitting
from triage.actions.deliveries import Settlement
from triage.db import db
from triage.errors import (
    AlreadyAssigned,
    AlreadyClosed,
    BadInput,
    ConversationMovedOn,
    Forbidden,
    IsACopy,
    LiveReportExists,
    NotClaimable,
    NotFound,
    NotTheHolder,
    TriageError,
)
from triage.events import Kind
from triage.models import Assignment, Delivery, Draft, Event, Message, Operator, Report, Team
from triage.queries import inbox, reports

ROSA, OMAR, LEILA = "+254711000111", "+254711000222", "+254711000333"


class Matter:
    """Maya holds the first of three reports that say the same; Zawadi coordinates."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.maya, self.ben = scene.operator("Maya"), scene.operator("Ben")
        self.zawadi = scene.operator("Zawadi", "coordinator")
        self.first, self.second, self.third = (scene.sms("The doors are locked", who).id for who in (ROSA, OMAR, LEILA))
        self.fence = scene.claim(self.report(self.first), self.maya).id

    def report(self, number: int) -> Report:
        """As it stands now."""
        return self.scene.report(number)

    def link(self, report: int, primary: int, actor: Operator | None = None) -> None:
        """Link in a transaction, as Maya unless somebody else is named."""
        self.scene.do(lambda: copies.link(report, primary, actor or self.maya))

    def unlink(self, report: int, actor: Operator | None = None) -> None:
        """Take out in a transaction."""
        self.scene.do(lambda: copies.unlink(report, actor or self.maya))

    def answer(self, text: str = "We are on our way.") -> Delivery:
        """Maya answers the first report, having seen everything."""
        seen = self.scene.head()
        return self.scene.do(lambda: replies.reply(self.first, self.maya, self.fence, seen, text, f"k{seen}"))

    def refused(self, error: type[TriageError], act: object) -> TriageError:
        """The act is refused and nothing happens."""
        head = self.scene.head()
        with pytest.raises(error) as refusal:
            self.scene.do(act)
        assert self.scene.head() == head
        return refusal.value


@pytest.fixture
def matter(scene: Scene, settings: config.Settings) -> Matter:
    """Three reports of the same, the first held; whatever the test does, the desk is sound afterwards."""
    made = Matter(scene)
    yield made
    db.session.rollback()
    checker.check(settings)


def test_a_copy_leaves_the_queue_and_stands_with_its_primary(matter: Matter) -> None:
    matter.link(matter.second, matter.first)
    copy = matter.report(matter.second)
    assert (copy.status, copy.duplicate_of) == ("duplicate", matter.first)
    assert [row.id for row in inbox.page(matter.ben, "new").rows] == [matter.third]
    matter.refused(NotClaimable, lambda: assignments.claim(matter.second, matter.ben))
    shown = reports.view(matter.first, matter.maya).entries
    assert [one.body for one in shown if one.kind == "inbound"] == ["The doors are locked"] * 2
    assert Kind.REPORT_LINKED in [one.event for one in shown]


def test_linking_twice_is_linking_once(matter: Matter) -> None:
    matter.link(matter.second, matter.first)
    head = matter.scene.head()
    matter.link(matter.second, matter.first)
    assert matter.scene.head() == head


def test_what_cannot_be_linked_is_refused_with_the_reason(matter: Matter) -> None:
    matter.refused(BadInput, lambda: copies.link(matter.first, matter.first, matter.maya))
    matter.refused(NotFound, lambda: copies.link(matter.second, 999, matter.zawadi))
    matter.link(matter.second, matter.first)
    said = matter.refused(IsACopy, lambda: copies.link(matter.third, matter.second, matter.zawadi))
    assert said.params == {"report": matter.second, "primary": matter.first}
    matter.refused(IsACopy, lambda: copies.link(matter.second, matter.third, matter.zawadi))
    matter.scene.do(lambda: closing.close(matter.third, matter.zawadi, "actionable"))
    matter.refused(AlreadyClosed, lambda: copies.link(matter.third, matter.first, matter.zawadi))


def test_only_the_holder_of_the_primary_or_a_coordinator_links_and_takes_out(matter: Matter) -> None:
    matter.refused(NotTheHolder, lambda: copies.link(matter.second, matter.first, matter.ben))
    matter.link(matter.second, matter.first)
    matter.refused(NotTheHolder, lambda: copies.unlink(matter.second, matter.ben))
    matter.unlink(matter.second, matter.zawadi)
    matter.link(matter.second, matter.third, matter.zawadi)


def test_whoever_needs_approval_neither_links_nor_takes_out_nor_splits(matter: Matter) -> None:
    matter.link(matter.second, matter.first)
    later = matter.scene.sms("And at Quay Street.", ROSA)
    message = db.session.scalars(select(Message.id).where(Message.body.like("And at%"))).one()
    assert later.id == matter.first
    matter.scene.do(lambda: db.session.execute(
        update(Operator).where(Operator.id.in_((matter.maya.id, matter.zawadi.id))).values(needs_approval=True)))
    for who in (matter.maya, matter.zawadi):
        matter.refused(Forbidden, lambda who=who: copies.link(matter.third, matter.first, who))
        matter.refused(Forbidden, lambda who=who: copies.unlink(matter.second, who))
        matter.refused(Forbidden, lambda who=who: splitting.split(message, who))


def test_an_operator_does_not_take_a_colleagues_report_by_linking_it_a_coordinator_does(matter: Matter) -> None:
    matter.scene.claim(matter.report(matter.second), matter.ben)
    said = matter.refused(AlreadyAssigned, lambda: copies.link(matter.second, matter.first, matter.maya))
    assert said.params["holder"] == "Ben"
    matter.link(matter.second, matter.first, matter.zawadi)
    ended = db.session.scalars(select(Assignment).where(Assignment.report_id == matter.second)).one()
    assert ended.end_reason == "linked"
    assert assignments.busy(matter.ben.id) == 0


def test_a_report_of_a_team_one_is_not_in_cannot_be_linked_to_or_seen_through_a_primary(matter: Matter) -> None:
    matter.scene.do(lambda: db.session.add(Team(name="Coast")))
    coast = db.session.scalars(select(Team.id)).one()
    matter.scene.do(lambda: routing.route(matter.second, matter.zawadi, coast))
    matter.refused(NotFound, lambda: copies.link(matter.second, matter.first, matter.maya))
    matter.link(matter.second, matter.first, matter.zawadi)
    bodies = {who.name: len([one for one in reports.view(matter.first, who).entries if one.kind == "inbound"])
              for who in (matter.maya, matter.ben)}
    assert bodies == {"Maya": 2, "Ben": 1}  # what Maya holds she reads with its copies


def test_an_answer_that_waits_on_the_copy_becomes_a_draft_and_never_leaves(matter: Matter) -> None:
    matter.answer()
    matter.link(matter.first, matter.second, matter.zawadi)
    assert db.session.scalar(select(Delivery.state).where(Delivery.purpose == "reply")) == "cancelled"
    assert db.session.scalar(select(Draft.body).where(Draft.operator_id == matter.maya.id)) == "We are on our way."
    assert [text for *_, text in matter.scene.sent if "way" in text] == []


def test_an_answer_that_is_being_sent_is_not_tried_again_after_the_link(matter: Matter) -> None:
    sent = matter.answer()
    order = matter.scene.do(lambda: deliveries.begin_attempt(sent.id))
    matter.link(matter.first, matter.second, matter.zawadi)
    matter.scene.do(lambda: deliveries.settle(order.attempt_id, Settlement("retry", error="busy")))
    assert matter.scene.delivery(sent).state == "cancelled"
    assert matter.report(matter.second).unanswered_since is not None


def test_the_primary_waits_since_the_oldest_message_of_its_copies(matter: Matter) -> None:
    oldest, newest = (matter.report(one).unanswered_since for one in (matter.first, matter.third))
    matter.link(matter.first, matter.third, matter.zawadi)
    assert matter.report(matter.third).unanswered_since == oldest
    matter.unlink(matter.first, matter.zawadi)
    assert matter.report(matter.third).unanswered_since == newest
    assert (matter.report(matter.first).status, matter.report(matter.first).unanswered_since) == ("assigned", oldest)
    assert matter.scene.holder(matter.report(matter.first)) == "Maya"


def test_a_copy_that_was_answered_does_not_make_the_primary_wait(matter: Matter) -> None:
    matter.answer()
    matter.scene.carry()
    other = matter.scene.claim(matter.report(matter.second), matter.ben)
    seen = matter.scene.head()
    matter.scene.do(lambda: replies.reply(matter.second, matter.ben, other.id, seen, "Coming.", "k2"))
    matter.scene.carry()
    matter.link(matter.second, matter.first, matter.zawadi)
    assert matter.report(matter.first).unanswered_since is None
    assert matter.report(matter.first).awaiting_citizen_since is not None


def test_an_answer_of_a_copy_that_fails_later_makes_the_primary_wait(matter: Matter) -> None:
    matter.answer()
    matter.scene.carry()
    matter.scene.do(lambda: closing.close(matter.second, matter.zawadi, "actionable"))
    matter.link(matter.first, matter.third, matter.zawadi)
    account, answer = db.session.execute(select(Delivery.account_id, Delivery.provider_id)
                                         .where(Delivery.purpose == "reply")).one()
    failed = DeliveryUpdate("sms", "", answer, "failed")
    matter.scene.do(lambda: doubt.apply_update(account, failed))
    oldest = matter.report(matter.first).unanswered_since
    assert oldest is not None
    assert matter.report(matter.third).unanswered_since == oldest


@pytest.mark.parametrize("asleep", ["snoozed", "answered"])
def test_a_copy_that_waits_wakes_the_primary(matter: Matter, asleep: str) -> None:
    if asleep == "snoozed":
        matter.scene.do(lambda: routing.snooze(matter.first, matter.maya, clock.now() + timedelta(hours=1)))
    else:
        matter.answer()
        matter.scene.carry()
    matter.link(matter.second, matter.first)
    primary = matter.report(matter.first)
    assert primary.snoozed_until is None
    assert primary.unanswered_since is not None
    assert matter.scene.holder(primary) == "Maya"


def test_a_copy_that_waits_brings_an_idle_primary_of_somebody_off_shift_back_to_the_queue(matter: Matter) -> None:
    matter.answer()
    matter.scene.carry()
    matter.scene.do(lambda: assignments.set_shift(db.session.get_one(Operator, matter.maya.id), "off"))
    matter.link(matter.second, matter.first, matter.zawadi)
    assert matter.report(matter.first).status == "open"


def test_urgency_of_a_copy_is_urgency_of_the_matter(matter: Matter) -> None:
    matter.scene.do(lambda: routing.prioritise(matter.second, matter.zawadi, 0))
    matter.link(matter.second, matter.first)
    assert matter.report(matter.first).priority == 0


def test_a_page_that_did_not_show_the_copy_cannot_answer(matter: Matter) -> None:
    seen = matter.scene.head()
    matter.link(matter.second, matter.first, matter.zawadi)
    matter.refused(ConversationMovedOn, lambda: replies.reply(
        matter.first, matter.maya, matter.fence, seen, "Which door?", "k1"))
    matter.answer()


def test_a_follow_up_on_a_copy_is_stored_there_and_wakes_the_primary(matter: Matter) -> None:
    matter.link(matter.second, matter.first)
    matter.answer()
    matter.scene.carry()
    assert matter.report(matter.first).unanswered_since is None
    assert matter.scene.sms("Now they are shouting", OMAR).id == matter.second
    assert matter.report(matter.first).unanswered_since is not None
    assert matter.report(matter.second).status == "duplicate"
    assert matter.scene.sms("And here too", OMAR).id == matter.second


def test_copies_of_what_is_linked_go_along(matter: Matter) -> None:
    matter.link(matter.second, matter.first)
    matter.link(matter.first, matter.third, matter.zawadi)
    assert {matter.report(one).duplicate_of for one in (matter.first, matter.second)} == {matter.third}
    linked = db.session.scalars(select(Event).where(Event.kind == Kind.REPORT_LINKED).order_by(Event.seq)).all()
    assert [one.report_id for one in linked] == [matter.second, matter.first, matter.second]


def test_what_a_copy_is_not_worked_on_by_itself(matter: Matter) -> None:
    matter.link(matter.second, matter.first)
    matter.scene.sms("More", OMAR)
    later = db.session.scalars(select(Message.id).where(Message.body == "More")).one()
    for act in (lambda: closing.close(matter.second, matter.zawadi, "actionable"),
                lambda: routing.prioritise(matter.second, matter.zawadi, 1),
                lambda: splitting.split(later, matter.zawadi)):
        matter.refused(IsACopy, act)
    matter.refused(NotClaimable, lambda: closing.discard(matter.second, matter.zawadi, "spam"))
    matter.refused(NotClaimable, lambda: assignments.assign(matter.second, matter.ben.id, matter.zawadi))


def test_closing_the_primary_closes_its_copies_and_reopening_brings_them_back(matter: Matter) -> None:
    matter.link(matter.second, matter.first)
    matter.scene.do(lambda: closing.close(matter.first, matter.maya, "not_actionable", "test"))
    copy = matter.report(matter.second)
    assert (copy.status, copy.outcome, copy.reason, copy.duplicate_of) == (
        "closed", "not_actionable", "test", matter.first)
    assert copy.unanswered_since is None
    assert [row.id for row in inbox.page(matter.ben, "resolved").rows] == [matter.first]
    matter.refused(IsACopy, lambda: closing.reopen(matter.second, matter.zawadi))
    matter.scene.do(lambda: closing.reopen(matter.first, matter.maya))
    assert matter.report(matter.second).status == "duplicate"
    assert matter.report(matter.first).unanswered_since is not None


def test_a_follow_up_on_a_closed_copy_reopens_the_whole_matter(matter: Matter) -> None:
    matter.link(matter.second, matter.first)
    matter.scene.do(lambda: closing.close(matter.first, matter.maya, "actionable"))
    assert matter.scene.sms("It begins again", OMAR).id == matter.second
    assert matter.report(matter.second).status == "duplicate"
    assert matter.scene.holder(matter.report(matter.first)) == "Maya"


def test_a_follow_up_long_after_closing_opens_a_new_report_and_the_copy_stays_closed(matter: Matter) -> None:
    matter.link(matter.second, matter.first)
    matter.scene.do(lambda: closing.close(matter.first, matter.maya, "actionable"))
    with matter.scene.later(hours=100):
        assert matter.scene.sms("Something else", OMAR).id > matter.third
        matter.scene.do(lambda: closing.reopen(matter.first, matter.maya))
        assert matter.report(matter.second).status == "closed"
        said = matter.refused(LiveReportExists, lambda: copies.unlink(matter.second, matter.zawadi))
    assert said.params["report"] == matter.scene.newest().id


def test_taken_out_a_copy_waits_again_also_after_the_primary_was_answered(matter: Matter) -> None:
    matter.link(matter.second, matter.first)
    matter.answer()
    matter.scene.carry()
    matter.unlink(matter.second)
    freed = matter.report(matter.second)
    assert (freed.status, freed.duplicate_of) == ("open", None)
    assert freed.unanswered_since is not None
    assert matter.report(matter.first).unanswered_since is None
    matter.refused(BadInput, lambda: copies.unlink(matter.second, matter.zawadi))
    assert matter.scene.claim(freed, matter.ben)


def test_a_closed_copy_taken_out_is_open_again_alone(matter: Matter) -> None:
    matter.link(matter.second, matter.first)
    matter.scene.do(lambda: closing.close(matter.first, matter.maya, "actionable"))
    matter.unlink(matter.second, matter.zawadi)
    assert matter.report(matter.second).status == "open"
    assert matter.report(matter.second).unanswered_since is not None
    assert matter.report(matter.first).status == "closed"
