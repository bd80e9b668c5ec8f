"""The same text from many at one instant is one matter; whatever two people do to two matters, both stay sound."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

import config
from tests import checker
from tests.processes import SIZE, Crew, Figures, Seat
from tests.races import stock
from tests.races.dueling import DUELS, operator, play
from tests.scene import Scene
from triage import clock
from triage.actions import assignments, closing, copies, pairs, relating, replies, routing, taking
from triage.actions import comparing as comparing_action
from triage.db import db, run_in_transaction
from triage.errors import TriageError
from triage.events import head
from triage.models import Assignment, Match, Report, TextKey
from triage.workers import comparing

pytestmark = [pytest.mark.races, pytest.mark.timeout(300)]

QUIET = pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)
INSTANTS = int(os.environ.get("INSTANTS", "6"))  # in which one text arrives from several; in `make soak` many
TURNS = int(os.environ.get("DUEL_ROUNDS", "12"))
TEXT = "The polling station at the {} school has run out of ballot papers and people are leaving"
NAMES = "old new red green north south east west upper lower first last great small long short".split()


def named(number: int) -> str:
    """A text of its own for each instant, told from the others by its words."""
    return TEXT.format(f"{NAMES[number % 16]} {NAMES[number // 16 % 16]} {NAMES[number // 256]}")


def write_and_take(seat: Seat, people: list[int], instants: int) -> list[int]:
    """In each instant two, or all, send the same text; everybody compares what there is, and takes what is free.

    The numbers of the reports that this place took.
    """
    taken = []
    for number in range(instants):
        seat.meet()
        if number % 2 or seat.place < 2:
            sender = stock.phone(number * SIZE + seat.place)
            message = stock.text(f"SM-{number}-{seat.place}", sender, named(number))
            run_in_transaction(lambda arriving=message: stock.arrive(arriving))
        comparing.compare_waiting() if seat.place % 2 else None
        held = taking.take_next(operator(people[seat.place]))
        comparing.compare_waiting()
        taken += [held.report_id] if held is not None else []
    return taken


@QUIET
def test_one_text_from_two_and_from_eight_at_an_instant_is_one_matter_that_one_person_has(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    everybody = stock.people(scene)
    taken = [one for some in crew.race(settings, write_and_take, everybody, INSTANTS) for one in some]
    size = select(func.count()).select_from(Report).group_by(func.coalesce(Report.duplicate_of, Report.id))
    assert Counter(db.session.scalars(size)) == {2: INSTANTS - INSTANTS // 2, SIZE: INSTANTS // 2}
    of_copies = select(Assignment.id).join(Report, Report.id == Assignment.report_id)
    assert db.session.scalars(of_copies.where(Report.duplicate_of.is_not(None))).all() == []
    assert max(Counter(taken).values(), default=0) <= 1
    checker.check(settings)
    figures(f"{INSTANTS} instants, {len(taken)} taken at once{stock.deadlocks(settings)}")


def confirm(match: int, chief: int, _other: int) -> None:
    """One says: it is a copy."""
    relating.confirm(match, operator(chief))


def reject(match: int, _chief: int, other: int) -> None:
    """Another says: it is not."""
    relating.reject(match, operator(other))


def asked(first: int, second: int) -> int:
    """The desk asks about two; the line's number."""
    pairs.note(first, second, "same_message", "suggested", pairs.Why(1.0, 1, {"reason": "exact"}))
    return db.session.scalars(select(Match.id).where(Match.report_id == max(first, second))).one()


@QUIET
def test_of_a_yes_and_a_no_to_one_question_the_first_counts_and_the_second_is_told(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    chief, other = (scene.operator(name, "coordinator").id for name in ("Chief", "Other"))
    numbers, lines = stock.reports(2 * DUELS), []
    stock.in_batches(list(zip(numbers[::2], numbers[1::2], strict=True)), lambda two: lines.append(asked(*two)))
    said = play(crew, settings, (confirm, reject), [(line, chief, other) for line in lines])
    assert set(said) == {("done", "bad_input"), ("bad_input", "done")}
    states = Counter(db.session.scalars(select(Match.state)))
    assert states == {"linked": said["done", "bad_input"], "rejected": said["bad_input", "done"]}
    figures(f"{dict(said)}{stock.deadlocks(settings)}")


def compare_it(report: int, _sender: str) -> None:
    """The desk compares a report that says nothing yet."""
    comparing_action.compare(report)


def tell(report: int, sender: str) -> None:
    """Its sender says what it is about."""
    stock.arrive(stock.text(f"SM-told-{report}", sender, named(report)))


@QUIET
def test_what_is_told_while_the_greeting_is_compared_is_compared_too(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    numbers = stock.reports(DUELS)
    soon = clock.now() + timedelta(seconds=10)
    run_in_transaction(lambda: db.session.execute(update(Report).values(compare_by=soon)))
    play(crew, settings, (compare_it, tell), [(one, stock.phone(place)) for place, one in enumerate(numbers)])
    comparing.compare_waiting()
    assert db.session.scalar(select(func.count()).select_from(TextKey)) == DUELS
    figures(f"{DUELS} greetings{stock.deadlocks(settings)}")


Act = Callable[[random.Random, list[int], int], object]


def two(chance: random.Random, numbers: list[int]) -> list[int]:
    """Any two of some."""
    return chance.sample(numbers, 2)


def answer(chance: random.Random, numbers: list[int], me: int) -> None:
    """Answer what one holds."""
    held = select(Assignment).where(Assignment.operator_id == me, Assignment.ended_at.is_(None))
    found = db.session.scalars(held.limit(1)).first()
    if found is not None:
        replies.reply(found.report_id, operator(me), found.id, head(), "On our way", f"key-{chance.random()}")


def write(chance: random.Random, numbers: list[int], me: int) -> None:
    """The sender of one of them writes again."""
    place = chance.randrange(len(numbers))
    stock.arrive(stock.text(f"SM-again-{me}-{chance.random()}", stock.phone(place), "And now they are shouting"))


ACTS: tuple[Act, ...] = (
    write, answer,
    *[lambda chance, numbers, me: copies.link(*two(chance, numbers), operator(me))] * 4,
    *[lambda chance, numbers, me: copies.unlink(chance.choice(numbers), operator(me))] * 3,
    *[lambda chance, numbers, me: assignments.claim(chance.choice(numbers), operator(me))] * 2,
    lambda chance, numbers, me: assignments.release(chance.choice(numbers), operator(me)),
    lambda chance, numbers, me: closing.close(chance.choice(numbers), operator(me), "actionable"),
    lambda chance, numbers, me: closing.reopen(chance.choice(numbers), operator(me)),
    lambda chance, numbers, me: routing.prioritise(chance.choice(numbers), operator(me), chance.randrange(3)),
)


def quarrel(seat: Seat, people: list[int], numbers: list[int]) -> dict[str, int]:
    """One thing after the other, at random, on the same few reports as everybody; how often what came of it."""
    chance, said, me = seat.chance(), Counter[str](), people[seat.place]
    seat.meet()
    for _ in range(TURNS):
        act = chance.choice(ACTS)
        try:
            run_in_transaction(lambda act=act: act(chance, numbers, me))
        except TriageError as refusal:
            said[refusal.code] += 1
        else:
            said["done"] += 1
    return dict(said)


@QUIET
def test_eight_people_who_link_take_out_close_release_and_claim_the_same_four_leave_them_sound(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    everybody = stock.people(scene, SIZE, "operator", "coordinator")
    numbers, total = stock.reports(4), Counter[str]()
    for said in crew.race(settings, quarrel, everybody, numbers):
        total.update(said)
    checker.check(settings)
    assert total["done"] > SIZE
    figures(f"{dict(total)}{stock.deadlocks(settings)}")
