"""A link taken back: everything is as it was, whatever was linked to whatever, by a person or by the desk."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as shape
from hypothesis import strategies as st

from tests import checker
from tests.scene import Scene
from triage import clock
from triage.actions import assignments, closing, comparing, copies, ingest, journal, replies, routing
from triage.db import db
from triage.models import Operator, Report
from triage.queries import inbox

LONG = "The polling station at the old school in Kibera has run out of ballot papers and people are leaving"
ROSA, TOM, EVE = "+254711000001", "+254711000002", "+254711000003"
people = itertools.count(711_100_000)

Standing = tuple[object, ...]
STATES = st.fixed_dictionaries({
    "holder": st.sampled_from([None, "Maya", "Ben"]), "priority": st.integers(0, 2), "asleep": st.booleans(),
    "answered": st.booleans(), "copies": st.integers(0, 2),
})
FEW = shape(max_examples=8, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=[HealthCheck.function_scoped_fixture])


class Stand:
    """Three people of the desk, and reports in whatever state."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.later = clock.now() + timedelta(hours=1)
        self.cora = scene.operator("Cora", "coordinator", capacity=500)
        self.people = {name: scene.operator(name, capacity=500) for name in ("Maya", "Ben")}

    def report(self, state: dict[str, object], text: str = "No ink here") -> int:
        """A new report in that state."""
        number = self.scene.sms(text, f"+254{next(people)}").id
        for _ in range(int(state["copies"])):
            self.link(self.scene.sms("No ink at all", f"+254{next(people)}").id, number)
        holder = self.people.get(str(state["holder"]))
        if holder is not None:
            self.hold(number, holder, state)
        self.scene.do(lambda: routing.prioritise(number, self.cora, state["priority"]))
        return number

    def hold(self, number: int, holder: Operator, state: dict[str, object]) -> None:
        """Somebody takes a report, and answers it or lets it sleep."""
        held = self.scene.claim(self.scene.report(number), holder)
        if state["answered"]:
            seen = self.scene.head()
            self.scene.do(lambda: replies.reply(number, holder, held.id, seen, "Coming", f"k{seen}"))
            self.scene.carry()
        if state["asleep"]:
            self.scene.do(lambda: routing.snooze(number, holder, self.later))

    def link(self, number: int, primary: int) -> None:
        """Cora links."""
        self.scene.do(lambda: copies.link(number, primary, self.cora))

    def unlink(self, number: int) -> None:
        """Cora takes out."""
        self.scene.do(lambda: copies.unlink(number, self.cora))

    def standing(self, *numbers: int) -> list[Standing]:
        """Everything that linking may change, of reports and of their copies."""
        db.session.rollback()
        ours = db.session.query(Report).filter(Report.id.in_(numbers) | Report.duplicate_of.in_(numbers))
        return [self._of(one.id) for one in ours.order_by(Report.id).all()]

    def shape(self, number: int) -> Standing:
        """What a matter is, its numbers and moments aside."""
        one = self.scene.report(number)
        (row,) = inbox.rows(self.cora, [number]) or (None,)
        counted = (row.copy_count, row.sender_count, row.channel_count) if row else ()
        waits = one.unanswered_since is not None, one.awaiting_citizen_since is not None
        return one.status, one.priority, one.snoozed_until, waits, self.scene.holder(one), counted

    def _of(self, number: int) -> Standing:
        one = self.scene.report(number)
        said = (one.id, one.status, one.duplicate_of, one.linked_after, one.priority, one.unanswered_since,
                one.awaiting_citizen_since, one.snoozed_until, one.outcome, one.closed_at, one.handled_through)
        (row,) = inbox.rows(self.cora, [number]) or (None,)
        counted = (row.copy_count, row.sender_count, row.channel_count) if row else ()
        return (*said, self.scene.holder(one), counted)


@pytest.fixture
def stand(scene: Scene) -> Stand:
    """A desk to link on."""
    return Stand(scene)


@FEW
@given(one=STATES, other=STATES)
def test_what_a_person_linked_and_took_out_is_as_it_was(
    stand: Stand, one: dict[str, object], other: dict[str, object]
) -> None:
    number, primary = stand.report(one), stand.report(other)
    was = stand.standing(number, primary)
    stand.link(number, primary)
    stand.unlink(number)
    assert stand.standing(number, primary) == was


@FEW
@given(state=STATES, urgent=st.integers(0, 2))
def test_what_the_desk_linked_and_a_person_took_out_is_as_it_was(
    stand: Stand, state: dict[str, object], urgent: int
) -> None:
    text = f"{LONG} from the hall of family {next(people)}"
    primary, sender = stand.report(state, text), f"+254{next(people)}"
    message = stand.scene.message(text, sender)
    stand.scene.do(lambda: ingest.receive(journal.Arrival("simulator", "sms", message.external_id, b"{}"),
                                          lambda: [message]))
    number = stand.scene.newest().id
    stand.scene.do(lambda: routing.prioritise(number, stand.cora, urgent))
    was = stand.standing(number, primary)
    stand.scene.do(lambda: comparing.compare(number))
    assert stand.scene.report(number).duplicate_of == primary
    stand.unlink(number)
    assert stand.standing(number, primary) == was


@FEW
@given(first=STATES, second=STATES, primary=STATES)
def test_two_links_taken_back_in_turn_leave_nothing(
    stand: Stand, first: dict[str, object], second: dict[str, object], primary: dict[str, object]
) -> None:
    numbers = stand.report(first), stand.report(second), stand.report(primary)
    was = stand.standing(*numbers)
    for number in numbers[:2]:
        stand.link(number, numbers[2])
    for number in reversed(numbers[:2]):
        stand.unlink(number)
    assert stand.standing(*numbers) == was


CALM: dict[str, object] = {"holder": None, "priority": 2, "asleep": False, "answered": False, "copies": 0}


def test_who_is_not_on_shift_does_not_get_it_back(stand: Stand) -> None:
    number, primary = stand.report({**CALM, "holder": "Maya"}), stand.report(CALM)
    stand.link(number, primary)
    stand.scene.do(lambda: assignments.set_shift(stand.people["Maya"], "off"))
    stand.unlink(number)
    assert (stand.scene.report(number).status, stand.scene.holder(stand.scene.report(number))) == ("open", None)


def test_what_a_person_made_urgent_since_stays_urgent(stand: Stand) -> None:
    number, primary = stand.report({**CALM, "priority": 0}), stand.report(CALM)
    stand.link(number, primary)
    stand.scene.do(lambda: routing.prioritise(primary, stand.cora, 1))
    stand.unlink(number)
    assert stand.scene.report(primary).priority == 1


def test_another_urgent_copy_keeps_the_matter_urgent(stand: Stand) -> None:
    first, second = stand.report({**CALM, "priority": 1}), stand.report({**CALM, "priority": 1})
    primary = stand.report(CALM)
    stand.link(first, primary)
    stand.link(second, primary)
    stand.unlink(first)
    assert stand.scene.report(primary).priority == 1


def test_copies_that_came_along_come_back_open_when_all_were_closed(stand: Stand) -> None:
    number, primary = stand.report({**CALM, "copies": 2}), stand.report({**CALM, "holder": "Maya"})
    stand.link(number, primary)
    stand.scene.do(lambda: closing.close(primary, stand.people["Maya"], "actionable"))
    stand.unlink(number)
    kept = db.session.query(Report).filter_by(duplicate_of=number).all()
    assert [(one.status, one.unanswered_since is not None) for one in kept] == [("duplicate", True)] * 2
    assert (stand.scene.report(number).status, stand.scene.report(primary).status) == ("open", "closed")


def test_the_desk_is_sound_after_linking_and_taking_out(stand: Stand, settings: object) -> None:
    number, primary = stand.report({**CALM, "holder": "Maya", "copies": 2}), stand.report({**CALM, "holder": "Ben"})
    stand.link(number, primary)
    stand.unlink(number)
    db.session.rollback()
    checker.check(settings)


FLAT = st.lists(STATES, min_size=2, max_size=4)
MORE = shape(FEW, max_examples=int(os.environ.get("UNDOINGS", "5")))


@pytest.mark.either
@MORE
@given(primary=STATES, others=FLAT, data=st.data())
def test_links_to_one_primary_taken_back_in_any_order_leave_what_the_others_would_have_made(
    stand: Stand, primary: dict[str, object], others: list[dict[str, object]], data: st.DataObject
) -> None:
    """Twice the same reports: in one desk all are linked and some taken back, in the other those were never linked."""
    order = data.draw(st.permutations(range(len(others))))
    gone = order[:data.draw(st.integers(1, len(others)))]
    (real, *reals), (other, *rest) = ([stand.report(state) for state in (primary, *others)] for _ in range(2))
    alone = [stand.standing(number) for number in reals]
    for number in reals:
        stand.link(number, real)
    for place in gone:
        stand.unlink(reals[place])
    for place, number in enumerate(rest):
        if place not in gone:
            stand.link(number, other)
    assert stand.shape(real) == stand.shape(other)
    assert [stand.standing(reals[place]) for place in gone] == [alone[place] for place in gone]


AWAKE = STATES.map(lambda state: {**state, "asleep": False})


@pytest.mark.either
@MORE
@given(states=st.lists(AWAKE, min_size=3, max_size=5), data=st.data())
def test_links_of_links_taken_back_in_any_order_leave_every_report_as_it_was(
    stand: Stand, states: list[dict[str, object]], data: st.DataObject
) -> None:
    numbers = [stand.report(state) for state in states]
    was = stand.standing(*numbers)
    for number in data.draw(st.permutations(numbers))[:-1]:
        primaries = [one for one in numbers if one != number and stand.scene.report(one).duplicate_of is None]
        stand.link(number, data.draw(st.sampled_from(primaries)))
        if len(primaries) == 1:
            break
    for number in data.draw(st.permutations(numbers)):
        if stand.scene.report(number).duplicate_of is not None:
            stand.unlink(number)
    assert stand.standing(*numbers) == was


def test_the_last_of_two_urgent_copies_takes_the_urgency_with_it(stand: Stand) -> None:
    first, second = stand.report({**CALM, "priority": 0}), stand.report({**CALM, "priority": 1})
    primary = stand.report(CALM)
    stand.link(first, primary)
    stand.link(second, primary)
    stand.unlink(first)
    assert stand.scene.report(primary).priority == 1
    stand.unlink(second)
    assert stand.scene.report(primary).priority == 2


def test_what_two_links_woke_sleeps_again_when_both_are_taken_back(stand: Stand) -> None:
    first, second = stand.report(CALM), stand.report(CALM)
    primary = stand.report({**CALM, "holder": "Maya", "asleep": True})
    until = stand.scene.report(primary).snoozed_until
    stand.link(first, primary)
    stand.link(second, primary)
    stand.unlink(first)
    assert stand.scene.report(primary).snoozed_until is None
    stand.unlink(second)
    assert stand.scene.report(primary).snoozed_until == until


def test_what_a_person_woke_since_stays_awake(stand: Stand) -> None:
    number = stand.report({**CALM, "holder": "Ben", "answered": True})
    primary = stand.report({**CALM, "holder": "Maya", "asleep": True})
    stand.link(number, primary)
    stand.scene.do(lambda: routing.wake(primary, stand.people["Maya"]))
    stand.unlink(number)
    assert stand.scene.report(primary).snoozed_until is None


def test_a_copy_whose_sender_is_in_danger_is_urgent_by_itself(stand: Stand) -> None:
    sender = "+254711999111"
    number, primary = stand.scene.sms("No ink here", sender).id, stand.report(CALM)
    stand.link(number, primary)
    stand.scene.arrives(replace(stand.scene.message("They are beating us", sender), urgent=True))
    assert stand.scene.report(primary).priority == 1
    stand.unlink(number)
    assert (stand.scene.report(number).priority, stand.scene.report(primary).priority) == (1, 2)


def test_a_report_taken_out_does_not_sleep_over_what_its_sender_wrote_meanwhile(stand: Stand) -> None:
    sender = "+254711999222"
    number, primary = stand.scene.sms("No ink here", sender).id, stand.report({**CALM, "holder": "Maya"})
    stand.hold(number, stand.people["Ben"], {**CALM, "asleep": True})
    stand.link(number, primary)
    stand.scene.sms("Now they are shouting", sender)
    stand.unlink(number)
    assert stand.scene.report(number).snoozed_until is None


def test_a_copy_of_a_copy_goes_with_what_it_was_linked_to(stand: Stand) -> None:
    first, second, third, last = (stand.report({**CALM, "priority": urgency}) for urgency in (1, 2, 2, 2))
    stand.link(first, second)
    stand.link(second, third)
    stand.link(third, last)
    assert stand.scene.report(last).priority == 1
    stand.unlink(second)
    assert stand.scene.report(first).duplicate_of == second
    assert stand.scene.report(third).duplicate_of == last
    assert [stand.scene.report(one).priority for one in (first, second, last)] == [1, 1, 2]
