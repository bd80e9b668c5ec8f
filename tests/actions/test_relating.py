"""What people say of two that were found alike: a copy, or not the same; it is kept, and never asked again."""

from __future__ import annotations

import pytest

import config
from tests import checker
from tests.scene import Scene
from triage.actions import closing, comparing, copies, ingest, journal, pairs, relating
from triage.db import db
from triage.errors import AlreadyAssigned, AlreadyClosed, BadInput, Forbidden, NotFound, NotTheHolder
from triage.events import Kind
from triage.models import Event, Match, Operator, Report
from triage.queries import relations
from triage.queries.relation_shapes import Relations

SHORT = "No ballot papers here at all"
LONG = "The polling station at the old school in Kibera has run out of ballot papers and people are leaving"
ROSA, TOM, EVE, ADA = "+254711000001", "+254711000002", "+254711000003", "+254711000004"


class Question:
    """Two people sent the same few words; Maya and Ben are operators, Zawadi coordinates."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.maya, self.ben = scene.operator("Maya"), scene.operator("Ben")
        self.zawadi = scene.operator("Zawadi", "coordinator")
        self.first, self.second = scene.sms(SHORT, ROSA).id, scene.sms(SHORT, TOM).id
        self.asked = self.between(self.second, self.first).id

    def between(self, later: int, earlier: int) -> Match:
        """The line kept of two."""
        db.session.rollback()
        return db.session.query(Match).filter_by(report_id=later, other_id=earlier).one()

    def claim(self, number: int, who: Operator) -> None:
        """Somebody takes a report."""
        self.scene.claim(self.scene.report(number), who)

    def confirm(self, who: Operator) -> Report:
        """Somebody says it is a copy."""
        return self.scene.do(lambda: relating.confirm(self.asked, who))

    def reject(self, who: Operator) -> None:
        """Somebody says it is not the same."""
        self.scene.do(lambda: relating.reject(self.asked, who))

    def primary(self, number: int) -> int | None:
        """Of which report it is a copy."""
        return self.scene.report(number).duplicate_of

    def seen(self, number: int, who: Operator) -> Relations:
        """What the page of a report says."""
        db.session.rollback()
        return relations.of(number, who)

    def offered(self, number: int, who: Operator) -> list[int]:
        """The other reports that somebody is asked about."""
        return [one.row.id for one in self.seen(number, who).offers]


@pytest.fixture
def question(scene: Scene) -> Question:
    """Two short texts alike."""
    return Question(scene)


def test_each_of_two_that_may_be_the_same_asks_about_the_other(question: Question) -> None:
    assert question.offered(question.first, question.maya) == [question.second]
    assert question.offered(question.second, question.maya) == [question.first]
    (offer,) = question.seen(question.second, question.zawadi).offers
    assert (offer.kind, offer.why["reason"], offer.other_person) == ("same_message", "exact", True)
    assert (offer.may_confirm, offer.may_reject) == (True, True)


def test_the_other_becomes_a_copy_of_the_one_that_is_held_whichever_came_first(question: Question) -> None:
    question.claim(question.second, question.maya)
    assert question.confirm(question.maya).id == question.first
    assert question.primary(question.first) == question.second
    kept = question.between(question.second, question.first)
    assert (kept.state, kept.operator_id, kept.decided_at is not None) == ("linked", question.maya.id, True)
    assert question.offered(question.second, question.maya) == []


def test_of_two_that_nobody_holds_the_later_becomes_the_copy(question: Question) -> None:
    question.confirm(question.zawadi)
    assert question.primary(question.second) == question.first
    head = question.scene.head()
    question.confirm(question.zawadi)
    assert question.scene.head() == head


def test_a_coordinator_links_what_is_free_to_what_somebody_holds(question: Question) -> None:
    question.claim(question.second, question.ben)
    question.confirm(question.zawadi)
    assert question.primary(question.first) == question.second


def test_who_holds_neither_decides_nothing_and_is_shown_no_button(question: Question) -> None:
    question.claim(question.first, question.ben)
    with pytest.raises(NotTheHolder):
        question.confirm(question.maya)
    with pytest.raises(NotTheHolder):
        question.reject(question.maya)
    (offer,) = question.seen(question.first, question.maya).offers
    assert (offer.may_confirm, offer.may_reject) == (False, False)


def test_a_newcomer_decides_nothing(question: Question) -> None:
    question.claim(question.first, question.maya)
    question.scene.do(lambda: setattr(db.session.get_one(Operator, question.maya.id), "needs_approval", True))
    for act in (question.confirm, question.reject):
        with pytest.raises(Forbidden):
            act(db.session.get_one(Operator, question.maya.id))


def test_what_two_people_hold_only_a_coordinator_puts_together(question: Question) -> None:
    question.claim(question.first, question.maya)
    question.claim(question.second, question.ben)
    (offer,) = question.seen(question.first, question.maya).offers
    assert (offer.may_confirm, offer.may_reject) == (False, True)
    with pytest.raises(AlreadyAssigned):
        question.confirm(question.maya)
    question.confirm(question.zawadi)
    assert question.primary(question.second) == question.first


def test_what_is_rejected_is_kept_with_who_and_when_and_not_asked_again(question: Question) -> None:
    question.claim(question.first, question.maya)
    question.reject(question.maya)
    kept = question.between(question.second, question.first)
    assert (kept.state, kept.operator_id, kept.decided_at is not None) == ("rejected", question.maya.id, True)
    assert question.offered(question.first, question.maya) == question.offered(question.second, question.maya) == []
    told = db.session.query(Event).filter_by(kind=Kind.MATCH_DECIDED).one()
    assert (told.report_id, told.operator_id, told.data) == (question.second, question.maya.id, {
        "match": kept.id, "other": question.first, "what": "same_message", "verdict": "rejected"})
    head = question.scene.head()
    question.reject(question.maya)
    assert question.scene.head() == head
    with pytest.raises(BadInput):
        question.confirm(question.maya)


def test_a_rejection_holds_for_whatever_goes_with_either(question: Question) -> None:
    third = question.scene.sms(SHORT, EVE).id
    assert set(question.offered(third, question.maya)) == {question.first, question.second}
    question.reject(question.zawadi)
    question.scene.do(lambda: copies.link(third, question.second, question.zawadi))
    assert question.offered(question.second, question.maya) == question.offered(question.first, question.maya) == []


def test_what_was_found_alike_with_a_copy_is_asked_of_its_primary(question: Question) -> None:
    third = question.scene.sms(SHORT, EVE).id
    question.confirm(question.zawadi)
    assert question.offered(question.first, question.maya) == [third]
    assert question.offered(third, question.maya) == [question.first]


def test_at_most_three_are_asked_about(question: Question) -> None:
    for number in range(5):
        question.scene.sms(SHORT, f"+25471100100{number}")
    assert len(question.offered(question.first, question.maya)) == 3


def test_the_same_incident_can_be_rejected_and_is_not_confirmed_after(question: Question) -> None:
    question.scene.do(lambda: setattr(db.session.get_one(Match, question.asked), "kind", "same_incident"))
    (offer,) = question.seen(question.first, question.zawadi).offers
    assert (offer.may_confirm, offer.may_reject) == (True, True)
    question.reject(question.zawadi)
    assert question.offered(question.first, question.zawadi) == []
    with pytest.raises(BadInput):
        question.confirm(question.zawadi)


def also_an_incident(question: Question) -> int:
    """The two may tell of the same incident, too; the number of that line."""
    why = pairs.Why(0.7, 1, {"reason": "likeness", "grounds": ["text"], "apart": 60, "codes": []})
    question.scene.do(lambda: pairs.note(question.second, question.first, "same_incident", "suggested", why))
    return db.session.query(Match.id).filter_by(kind="same_incident").one()[0]


def test_what_is_not_the_same_message_may_still_be_the_same_incident(question: Question) -> None:
    incident = also_an_incident(question)
    question.reject(question.zawadi)
    (offer,) = question.seen(question.first, question.zawadi).offers
    assert (offer.kind, offer.match) == ("same_incident", incident)
    question.scene.do(lambda: relating.reject(incident, question.zawadi))
    assert question.offered(question.first, question.zawadi) == []


def test_what_is_not_the_same_incident_is_not_the_same_message(question: Question) -> None:
    incident = also_an_incident(question)
    question.scene.do(lambda: relating.reject(incident, question.zawadi))
    assert question.offered(question.first, question.zawadi) == []
    with pytest.raises(BadInput):
        question.confirm(question.zawadi)
    assert pairs.refused(question.first, question.second)


def test_what_is_closed_cannot_become_a_copy(question: Question) -> None:
    question.scene.do(lambda: closing.discard(question.first, question.maya, "spam"))
    (offer,) = question.seen(question.second, question.zawadi).offers
    assert (offer.row.status, offer.may_confirm, offer.may_reject) == ("closed", False, True)
    with pytest.raises(AlreadyClosed):
        question.confirm(question.zawadi)
    assert question.offered(question.first, question.zawadi) == []


def test_what_is_not_there_is_not_found(question: Question) -> None:
    with pytest.raises(NotFound):
        question.scene.do(lambda: relating.confirm(987_654, question.zawadi))


# ---------------------------------------------------------------- copies, and why they are


def test_a_copy_and_its_primary_say_why(scene: Scene) -> None:
    zawadi, first = scene.operator("Zawadi", "coordinator"), scene.sms(LONG, ROSA)
    copy = scene.sms(LONG.replace("are leaving", "were leaving"), TOM)
    here, there = relations.of(first.id, zawadi), relations.of(copy.id, zawadi)
    assert ([one.row.id for one in here.copies], there.copy_of and there.copy_of.row.id) == ([copy.id], first.id)
    for one in (here.copies[0], there.copy_of):
        assert one is not None
        assert (one.why["reason"], one.by) == ("alike", None)
        assert [(each["a"], each["b"]) for each in one.why["differences"]] == [(["were"], ["are"])]
    assert here.may_unlink
    assert there.may_unlink


def test_a_copy_taken_out_is_undone_for_ever(scene: Scene) -> None:
    zawadi, first = scene.operator("Zawadi", "coordinator"), scene.sms(LONG, ROSA)
    copy = scene.sms(LONG, TOM)
    scene.do(lambda: copies.unlink(copy.id, zawadi))
    kept = db.session.query(Match).one()
    assert (kept.state, kept.operator_id, kept.why["reason"]) == ("undone", zawadi.id, "exact")
    assert relations.of(first.id, zawadi).offers == relations.of(copy.id, zawadi).offers == []


def test_what_a_person_marked_as_a_copy_says_who_it_was(scene: Scene) -> None:
    zawadi, first, second = scene.operator("Zawadi", "coordinator"), scene.sms(LONG, ROSA), scene.sms("Ink", TOM)
    scene.do(lambda: copies.link(second.id, first.id, zawadi))
    (linked,) = relations.of(first.id, zawadi).copies
    assert (linked.why["reason"], linked.by) == ("person", "Zawadi")


def test_what_a_person_took_apart_before_it_was_compared_stays_apart(scene: Scene) -> None:
    zawadi, first = scene.operator("Zawadi", "coordinator"), scene.sms(LONG, ROSA)
    message = scene.message(LONG, TOM)
    scene.do(lambda: ingest.receive(journal.Arrival("simulator", "sms", message.external_id, b"{}"), lambda: [message]))
    second = scene.newest().id
    scene.do(lambda: copies.link(second, first.id, zawadi))
    scene.do(lambda: copies.unlink(second, zawadi))
    scene.do(lambda: comparing.compare(second))
    assert (scene.report(second).status, scene.report(second).duplicate_of) == ("open", None)


def test_what_two_matters_were_linked_by_is_undone_with_the_link_whichever_of_their_copies_it_named(
    scene: Scene, settings: config.Settings
) -> None:
    zawadi = scene.operator("Zawadi", "coordinator")
    primary, copy, other, its_copy = (scene.sms("Ink", f"+25471100200{number}").id for number in range(4))
    scene.do(lambda: copies.link(copy, primary, zawadi))
    scene.do(lambda: copies.link(its_copy, other, zawadi))
    scene.do(lambda: pairs.note(its_copy, copy, "same_message", "suggested", pairs.A_PERSON))
    asked = db.session.query(Match.id).filter_by(state="suggested").scalar()
    assert scene.do(lambda: relating.confirm(asked, zawadi)).id == other
    scene.do(lambda: copies.unlink(other, zawadi))
    assert db.session.get_one(Match, asked).state == "undone"
    db.session.rollback()
    checker.check(settings)


def test_an_operator_who_does_not_hold_the_primary_cannot_take_a_copy_out(scene: Scene) -> None:
    maya, first = scene.operator("Maya"), scene.sms(LONG, ROSA)
    copy = scene.sms(LONG, TOM)
    assert not relations.of(first.id, maya).may_unlink
    assert not relations.of(copy.id, maya).may_unlink
    scene.claim(first, maya)
    assert relations.of(first.id, maya).may_unlink
