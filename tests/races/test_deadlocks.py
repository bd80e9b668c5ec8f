"""A mixed crowd on a handful of rows: whoever locks them in another order than the rest is found by PostgreSQL itself.

A deadlock costs its loser a second and is then tried again. One means that somebody does not keep the order of
docs/decisions/012: each pair that was found so is played on purpose in `test_crossings.py`. Here every tenth act links,
parts or joins whole matters on six reports, while everybody looks for them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import select

import config
from tests import checker
from tests.processes import Crew, Figures, Seat
from tests.races import stock
from tests.scene import Scene
from triage.actions import (
    accounts,
    assignments,
    closing,
    copies,
    deliveries,
    incidents,
    leases,
    notes,
    people,
    replies,
    routing,
)
from triage.actions.deliveries import Settlement, begin_attempt, settle
from triage.db import RETRIES, db, run_in_transaction
from triage.errors import TriageError
from triage.events import head
from triage.models import Account, Assignment, Operator, Report
from triage.queries import outbox

pytestmark = [pytest.mark.races, pytest.mark.only("postgresql")]

TURNS = 50  # of each process
CITIZENS = 6

Chance = random.Random
Act = Callable[[Chance, int], object]


def me(operator_id: int) -> Operator:
    """The person, in this session."""
    return db.session.get_one(Operator, operator_id)


def some(chance: Chance, model: type[Report | Operator | Account]) -> int:
    """The number of any row there is."""
    return chance.choice(list(db.session.scalars(select(model.id))))


def write(chance: Chance, _: int) -> None:
    """A citizen writes, now and then STOP or START."""
    words = chance.choice(("STOP", "START", *["It is still closed"] * 10))
    stock.arrive(stock.text(f"SM-crowd-{chance.random()}", stock.phone(chance.randrange(CITIZENS)), words))


def answer(chance: Chance, operator_id: int) -> None:
    """An answer to something one holds."""
    mine = select(Assignment).where(Assignment.operator_id == operator_id, Assignment.ended_at.is_(None))
    held = db.session.scalars(mine.limit(1)).first()
    if held is not None:
        replies.reply(held.report_id, me(operator_id), held.id, head(), "On our way", f"key-{chance.random()}")


def send(chance: Chance, _: int) -> None:
    """An answer that is due begins to leave, and what came of it is written down."""
    due = outbox.due()
    order = begin_attempt(chance.choice(due)) if due else None
    if order is not None:
        settle(order.attempt_id, Settlement(chance.choice(("accepted", "retry")), f"OUT{order.attempt_id}", after=0.1))


ACTS: tuple[Act, ...] = (
    write, write, write, write, answer, answer, send, send, send,
    lambda _, who: assignments.claim_next(me(who)),
    lambda chance, who: assignments.claim(some(chance, Report), me(who)),
    lambda chance, who: assignments.release(some(chance, Report), me(who)),
    lambda chance, who: assignments.assign(some(chance, Report), some(chance, Operator), me(who)),
    lambda chance, who: notes.add(some(chance, Report), me(who), "Asked"),
    lambda chance, who: routing.prioritise(some(chance, Report), me(who), chance.randrange(3)),
    lambda chance, who: closing.close(some(chance, Report), me(who), "actionable"),
    lambda chance, who: closing.reopen(some(chance, Report), me(who)),
    lambda chance, who: copies.link(some(chance, Report), some(chance, Report), me(who)),
    lambda chance, who: copies.unlink(some(chance, Report), me(who)),
    lambda chance, who: incidents.link(some(chance, Report), some(chance, Report), me(who)),
    lambda chance, who: incidents.leave(some(chance, Report), me(who)),
    lambda chance, who: accounts.transfer(some(chance, Account), some(chance, Operator), me(who)),
    lambda chance, who: accounts.pause(some(chance, Account), me(who)),
    lambda chance, who: accounts.resume(some(chance, Account), me(who)),
    lambda chance, who: people.change(some(chance, Operator), me(who), people.Changes(capacity=chance.randint(5, 90))),
    lambda _, __: leases.sweep(), lambda _, __: deliveries.expire_attempts(),
)


def crowd(seat: Seat, people_numbers: list[int]) -> dict[str, int]:
    """One process does one thing after the other, at random; how often what came of it."""
    chance, count, who = seat.chance(), Counter[str](), people_numbers[seat.place]
    RETRIES.clear()
    for _ in range(TURNS):
        act = chance.choice(ACTS)
        try:
            run_in_transaction(lambda act=act: act(chance, who))
            count["done"] += 1
        except TriageError:
            count["refused"] += 1
    return {**count, **RETRIES}


def test_a_mixed_crowd_on_few_rows_meets_no_deadlock(
    crew: Crew, settings: config.Settings, scene: Scene, figures: Figures
) -> None:
    everybody = stock.people(scene, 8, "operator", "coordinator", "admin")
    stock.reports(CITIZENS)
    total = Counter[str]()
    for counts in crew.race(settings, crowd, everybody):
        total.update(counts)
    figures(f"8 processes of {TURNS} turns: {total['done']} transactions done, {total['refused']} refused in words, "
            f"{total['order']} begun anew, {total['deadlock']} deadlocks")
    checker.check(settings)
    assert total["deadlock"] == 0
    assert total["done"] > 100
