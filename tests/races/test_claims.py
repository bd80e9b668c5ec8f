"""Everybody claims everything: one winner each, and the losers are told who won."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

import config
from tests import checker
from tests.processes import SIZE, Crew, Figures, Seat
from tests.races import stock
from tests.scene import Scene
from triage.actions import assignments
from triage.db import db, run_in_transaction
from triage.errors import AlreadyAssigned
from triage.models import Assignment, Operator, Report

pytestmark = [pytest.mark.races, pytest.mark.timeout(240)]

CLAIMED = int(os.environ.get("CLAIMED", "250"))
REPORTS = {"sqlite": CLAIMED, "postgresql": min(CLAIMED, 400)}  # there a claim costs eight turns to a server
NO_ACKNOWLEDGEMENTS = pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)


def shuffled(seat: Seat, numbers: list[int]) -> list[int]:
    """The same numbers in this place's own order."""
    return seat.chance().sample(numbers, len(numbers))


def claim_all(seat: Seat, numbers: list[int], people: list[int]) -> tuple[list[int], list[tuple[int, str]], float]:
    """Claim every report: which were won, who was named for each of the others, and the seconds it took."""
    me = db.session.get_one(Operator, people[seat.place])
    won, lost, began = [], [], time.monotonic()
    for number in shuffled(seat, numbers):
        try:
            run_in_transaction(lambda wanted=number: assignments.claim(wanted, me))
            won.append(number)
        except AlreadyAssigned as refusal:
            lost.append((number, str(refusal.params["holder"])))
    return won, lost, time.monotonic() - began


@NO_ACKNOWLEDGEMENTS
def test_of_many_reports_claimed_by_everybody_each_has_one_winner_and_losers_hear_who(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    count = REPORTS[settings.database_url.partition(":")[0].partition("+")[0]]
    people, numbers = stock.people(scene), stock.reports(count)
    results = crew.race(settings, claim_all, numbers, people)
    winners = {number: f"Player{place}" for place, (won, _, _) in enumerate(results) for number in won}
    assert sum(len(won) for won, _, _ in results) == len(winners) == count
    assert all(named == winners[number] for _, lost, _ in results for number, named in lost)
    assert sum(len(lost) for _, lost, _ in results) == count * (SIZE - 1)
    checker.check(settings)
    seconds = max(spent for _, _, spent in results)
    figures(f"{count} winners of {count * SIZE} claims in {seconds:.1f} s, {count * SIZE / seconds:.0f} claims/s; "
            f"won by each: {[len(won) for won, _, _ in results]}{stock.deadlocks(settings)}")


def take_all(seat: Seat, people: list[int]) -> list[int]:
    """Take next until nothing is left."""
    me = db.session.get_one(Operator, people[seat.place])
    taken = []
    while (number := run_in_transaction(lambda: _next(me))) is not None:
        taken.append(number)
    return taken


def _next(me: Operator) -> int | None:
    held = assignments.claim_next(me)
    return held.report_id if held else None


@NO_ACKNOWLEDGEMENTS
def test_take_next_by_everybody_gives_each_report_once_in_the_order_of_the_queue(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    people, numbers = stock.people(scene), stock.reports(600)
    began = time.monotonic()
    results = crew.race(settings, take_all, people)
    assert sorted(number for taken in results for number in taken) == numbers
    assert all(taken == sorted(taken) for taken in results)  # the longest waiting first
    checker.check(settings)
    figures(f"600 reports taken once in {time.monotonic() - began:.1f} s by {[len(taken) for taken in results]}")


def snatch_all(seat: Seat, numbers: list[int], people: list[int]) -> tuple[int, int]:
    """The write nobody may make, without asking who holds: how many went through, how many were refused."""
    taken = refused = 0
    for number in shuffled(seat, numbers):
        try:
            run_in_transaction(lambda wanted=number: _snatch(wanted, people[seat.place]))
            taken += 1
        except IntegrityError:
            refused += 1
    return taken, refused


def _snatch(number: int, operator_id: int) -> None:
    now = datetime.now(UTC)
    db.session.execute(update(Report).where(Report.id == number).values(status="assigned"))
    db.session.execute(insert(Assignment).values(report_id=number, operator_id=operator_id, started_at=now,
                                                 last_active_at=now))


def doubles() -> int:
    """Reports that more than one person holds."""
    open_ones = select(Assignment.report_id).where(Assignment.ended_at.is_(None))
    held = list(db.session.scalars(open_ones))
    return len(held) - len(set(held))


@NO_ACKNOWLEDGEMENTS
@pytest.mark.parametrize("indexed", [True, False], ids=["with the index", "with the index dropped"])
def test_an_unguarded_write_is_refused_by_the_index_and_by_nothing_else(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures, indexed: bool
) -> None:
    people, numbers = stock.people(scene), stock.reports(200)
    if not indexed:
        db.session.remove()
        stock.without_index(settings, "uq_assignments_open")
    results = crew.race(settings, snatch_all, numbers, people)
    taken, refused = (sum(column) for column in zip(*results, strict=True))
    assert taken + refused == 200 * SIZE
    assert (doubles() == 0) is indexed
    assert (taken, refused) == ((200, 200 * (SIZE - 1)) if indexed else (200 * SIZE, 0))
    assert any("open assignment" in said for said in checker.problems(settings)) is not indexed
    figures(f"{taken} went through, {refused} refused, {doubles()} second holders")
