"""A network that stutters: every item five times, by eight processes, in no order. Each is kept once."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import func, select

import config
from tests import checker
from tests.processes import SIZE, Crew, Figures, Seat
from tests.races import stock
from tests.scene import Scene
from triage.db import RETRIES, db, run_in_transaction
from triage.models import Contact, InboundItem, Message, Report

pytestmark = pytest.mark.races

TIMES = 5
PER_PERSON = 4  # messages of one person, so that they race for the report, too
MANY = pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])


def bring_share(seat: Seat, items: int) -> tuple[float, int]:
    """Bring one's share of all the deliveries: the seconds it took, and how many transactions were run again."""
    share = [number % items for number in range(seat.place, items * TIMES, SIZE)]
    seat.chance().shuffle(share)
    before, began = RETRIES.total(), time.monotonic()
    for number in share:
        message = stock.text(f"SM-{number}", stock.phone(number // PER_PERSON), f"Message {number}")
        run_in_transaction(lambda arriving=message: stock.arrive(arriving))
    return time.monotonic() - began, RETRIES.total() - before


def count(model: type) -> int:
    """How many rows a table has."""
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)
@pytest.mark.parametrize("items", [1_000, MANY])
def test_items_brought_five_times_by_eight_processes_are_kept_once(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures, items: int
) -> None:
    results = crew.race(settings, bring_share, items)
    people = items // PER_PERSON
    assert (count(InboundItem), count(Contact), count(Report)) == (items, people, people)
    names = db.session.scalars(select(Message.external_id).where(Message.direction == "in")).all()
    assert sorted(names) == sorted(f"SM-{number}" for number in range(items))
    checker.check(settings)
    seconds = max(spent for spent, _ in results)
    figures(f"{items * TIMES} deliveries of {items} items in {seconds:.1f} s, {items * TIMES / seconds:.0f} a second; "
            f"{sum(again for _, again in results)} transactions run again")
