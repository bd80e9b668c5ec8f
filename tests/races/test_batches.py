"""What arrives at several processes at once is written in batches that lock people in one order, never crosswise."""

from __future__ import annotations

import pytest

import config
from tests import checker
from tests.processes import SIZE, Crew, Figures, Seat
from tests.races import stock
from tests.scene import Scene
from tests.web.hooks import body_of
from triage import clock
from triage.actions import arrivals
from triage.actions.arrivals import Hook
from triage.db import RETRIES, run_in_transaction

pytestmark = [pytest.mark.races, pytest.mark.timeout(240), pytest.mark.only("postgresql")]

PEOPLE, ROUNDS, TOGETHER = 30, 5, 8


def bring(seat: Seat) -> int:
    """Batches of messages by a few people, in any order; how often a deadlock was tried again."""
    chance = seat.chance()
    RETRIES.clear()
    for turn in range(ROUNDS):
        names = [f"SM-{seat.place}-{turn}-{number}" for number in range(TOGETHER)]
        batch = [_hook(name, stock.phone(chance.randrange(PEOPLE))) for name in names]
        run_in_transaction(lambda some=batch: arrivals.take_in(some))
    return RETRIES["deadlock"]


def _hook(name: str, sender: str) -> Hook:
    return Hook("simulator", "sms", name, body_of(name, sender=sender), "application/json", clock.now())


def test_batches_of_the_same_people_do_not_wait_crosswise(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    said = crew.race(settings, bring)
    checker.check(settings)
    figures(f"{SIZE * ROUNDS} batches of {TOGETHER} messages by {PEOPLE} people: {sum(said)} deadlocks tried again")
    assert sum(said) <= 1
