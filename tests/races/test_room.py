"""How much one person may hold, asked for by many processes at the same moment: exactly so much, never one more."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import func, select

import config
from tests import checker
from tests.processes import SIZE, Crew, Figures, Seat
from tests.races import stock
from tests.scene import Scene
from triage.actions import assignments, taking
from triage.db import db, run_in_transaction
from triage.errors import AtCapacity, NotClaimable, NotTheHolder
from triage.models import Assignment, Operator

pytestmark = [pytest.mark.races, pytest.mark.timeout(240)]

ROUNDS, CAPACITY, TRIES = 8, 7, 10
NO_ACKNOWLEDGEMENTS = pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)


def grab(seat: Seat, people: list[int], numbers: list[int]) -> int:
    """In each round take for the round's one person until they are full, next or by name; how many were taken."""
    chance, taken = seat.chance(), 0
    for round_number, person in enumerate(people):
        mine = numbers[round_number * SIZE * 2:(round_number + 1) * SIZE * 2]
        me = db.session.get_one(Operator, person)
        seat.meet()
        taken += _grab(me, chance.sample(mine, len(mine)))
    return taken


def _grab(me: Operator, names: list[int]) -> int:
    taken = set()
    with suppress(AtCapacity):
        for turn, name in enumerate(names):
            held = taking.take(name, me) if turn % 2 else taking.take_next(me)
            taken.update([held.id] if held else [])
    return len(taken)


@NO_ACKNOWLEDGEMENTS
def test_one_person_in_many_tabs_holds_no_more_than_they_may(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    people = [scene.operator(f"Tabs{number}", capacity=CAPACITY).id for number in range(ROUNDS)]
    numbers = stock.reports(ROUNDS * SIZE * 2)
    said = crew.race(settings, grab, people, numbers)
    each = select(Assignment.operator_id, func.count()).group_by(Assignment.operator_id)
    assert dict(map(tuple, db.session.execute(each))) == dict.fromkeys(people, CAPACITY)
    assert sum(said) >= ROUNDS * CAPACITY  # a named one that is theirs already is given to each tab
    checker.check(settings)
    figures(f"{SIZE} tabs each of {ROUNDS} people: {CAPACITY} reports each; taken by each tab {said}")


def give_and_take(seat: Seat, person: int, numbers: list[int]) -> int:
    """Take and give back, again and again, for one person: the most that was held behind any claim."""
    chance, most = seat.chance(), 0
    me = db.session.get_one(Operator, person)
    for _ in range(20):
        held = _one(me, chance.choice(numbers)) if chance.random() < 0.5 else _one(me)
        most = max(most, run_in_transaction(lambda: _held(person)))
        if held is not None and chance.random() < 0.7:
            run_in_transaction(lambda wanted=held.report_id: _release(wanted, me))
    return most


def _one(me: Operator, number: int | None = None) -> Assignment | None:
    """One by name, or the next. Whoever is refused what another tab gives back at this moment asks again."""
    for _ in range(TRIES):
        with suppress(NotClaimable):
            try:
                return taking.take_next(me) if number is None else taking.take(number, me)
            except AtCapacity:
                return None
    raise AssertionError("it was open, and could not be taken")


def _held(person: int) -> int:
    query = select(func.count()).where(Assignment.operator_id == person, Assignment.ended_at.is_(None))
    return db.session.scalar(query) or 0


def _release(number: int, me: Operator) -> None:
    with suppress(NotTheHolder):
        assignments.release(number, me)


@NO_ACKNOWLEDGEMENTS
def test_giving_back_and_taking_crosswise_never_goes_over_it(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    person = scene.operator("Tabs", capacity=3).id
    most = crew.race(settings, give_and_take, person, stock.reports(12))
    assert max(most) <= 3
    checker.check(settings)
    figures(f"{SIZE} tabs of one person who may hold 3: at most {max(most)} held{stock.deadlocks(settings)}")
