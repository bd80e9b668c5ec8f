"""One person in many tabs, many workers on one outbox: an answer is accepted once and begins to leave once."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

import config
from tests import checker
from tests.processes import SIZE, Crew, Figures, Seat
from tests.races import stock
from tests.scene import Scene
from triage import clock
from triage.actions import assignments, deliveries, replies
from triage.db import db, run_in_transaction
from triage.errors import AtCapacity, KeyReused
from triage.models import Assignment, Delivery, DeliveryAttempt, Operator

pytestmark = [pytest.mark.races, pytest.mark.timeout(240)]

ANSWERS = 100
QUIET = pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)


def send_form(seat: Seat, pairs: list[tuple[int, int]], holder: int) -> tuple[list[int], int]:
    """Send the same form of every report; odd places with other words: the deliveries, and how many were refused."""
    me, words = db.session.get_one(Operator, holder), ("We are on our way.", "Never mind.")[seat.place % 2]
    given, refused = [], 0
    for report, fence in pairs:
        seat.meet()
        try:
            given.append(run_in_transaction(lambda: _send(me, report, fence, words)))  # noqa: B023 - run at once
        except KeyReused:
            refused += 1
    return given, refused


def _send(me: Operator, report: int, fence: int, words: str) -> int:
    return replies.reply(report, me, fence, stock.MANY, words, f"form-{report}").id


@QUIET
def test_one_form_sent_by_eight_tabs_is_one_answer_and_other_words_are_refused(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    (holder,) = stock.people(scene, 1)
    results = crew.race(settings, send_form, stock.held(25, holder), holder)
    assert db.session.scalar(select(func.count()).select_from(Delivery)) == 25
    assert len({number for given, _ in results for number in given}) == 25
    assert sum(len(given) for given, _ in results) == sum(refused for _, refused in results) == 25 * SIZE // 2
    checker.check(settings)
    figures(f"25 answers of {25 * SIZE} forms, {25 * SIZE // 2} with other words refused")


def claim_some(seat: Seat, numbers: list[int], holder: int) -> int:
    """Claim one's own share of the reports in one person's name; how many were given."""
    me, given = db.session.get_one(Operator, holder), 0
    for number in numbers[seat.place::SIZE]:
        try:
            given += bool(run_in_transaction(lambda wanted=number: assignments.claim(wanted, me)))
        except AtCapacity:
            continue
    return given


@QUIET
def test_eight_tabs_of_one_person_never_hold_more_than_their_capacity(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    maya = scene.operator("Maya", capacity=5).id
    given = crew.race(settings, claim_some, stock.reports(80), maya)
    assert sum(given) == db.session.scalar(select(func.count()).select_from(Assignment)) == 5
    checker.check(settings)
    figures(f"5 of 80 given, by {given}")


def begin_all(seat: Seat, waiting: list[int]) -> list[int]:
    """Try to begin every delivery in an order of one's own; those that were ours to send."""
    order = seat.chance().sample(waiting, len(waiting))
    return [one for one in order if run_in_transaction(lambda number=one: deliveries.begin_attempt(number)) is not None]


@QUIET
def test_every_answer_begins_to_leave_once_whoever_looks(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    (holder,) = stock.people(scene, 1)
    waiting = stock.due(ANSWERS, holder)
    begun = crew.race(settings, begin_all, waiting)
    assert sorted(one for mine in begun for one in mine) == waiting
    checker.check(settings)
    figures(f"{ANSWERS} answers begun once by {[len(mine) for mine in begun]}")


def begin_carelessly(seat: Seat, waiting: list[int]) -> int:
    """Open an attempt without asking whether one is open; how many went through."""
    opened = 0
    for one in waiting:
        seat.meet()
        new = DeliveryAttempt(delivery_id=one, started_at=clock.now())
        try:
            run_in_transaction(lambda attempt=new: db.session.add(attempt))
            opened += 1
        except IntegrityError:
            continue
    return opened


@QUIET
@pytest.mark.parametrize("indexed", [True, False], ids=["with the index", "with the index dropped"])
def test_a_careless_attempt_is_refused_by_the_index_and_by_nothing_else(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures, indexed: bool
) -> None:
    (holder,) = stock.people(scene, 1)
    waiting = stock.due(10, holder)
    db.session.remove()
    if not indexed:
        stock.without_index(settings, "uq_delivery_attempts_running")
    opened = sum(crew.race(settings, begin_carelessly, waiting))
    assert opened == (10 if indexed else 10 * SIZE)
    figures(f"{opened} attempts opened for 10 answers")
