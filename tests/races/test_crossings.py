"""Three at one matter: what was locked is by then something else than it was when it was looked at.

One has something locked and is about to change what it is. A second waits for it. A third has, or waits for, what the
second will want next, and wants what the second will get. Whoever went on as if nothing had changed met in a deadlock,
every time; the order of locks (docs/decisions/012) is kept by letting go and beginning anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select

import config
from tests import checker, patience
from tests.races import stock
from tests.scene import Scene
from triage.actions import assignments, closing, comparing, copies, incidents, ingest, matters, notes, written
from triage.actions.deliveries import begin_attempt
from triage.db import RETRIES, db, run_in_transaction
from triage.errors import TriageError
from triage.models import Delivery, Operator, Report

pytestmark = [pytest.mark.races, pytest.mark.only("postgresql")]

Act = Callable[[], object]


def me(number: int) -> Operator:
    """The person, in this session."""
    return db.session.get_one(Operator, number)


def write(number: int, name: str = "SM-more") -> object:
    """Whoever told this report writes again."""
    return stock.arrive(stock.text(name, stock.phone(number - 1), "Somebody is here"))


class Crossing:
    """Threads that come to their locks one after the other, in the order that is wanted."""

    def __init__(self, app: Flask, settings: config.Settings) -> None:
        self._app, self._settings = app, settings
        self._crowd = ThreadPoolExecutor(4)
        self._gate = threading.Event()
        self._begun: list[Future[str]] = []

    def first(self, act: Act, after: Act = lambda: None) -> None:
        """Somebody has done this, and will commit when all the others wait: or do something more then."""
        done = threading.Event()

        def hold() -> None:
            act()
            done.set()
            assert self._gate.wait(patience.PATIENCE)
            after()

        self.begin(hold)
        assert done.wait(patience.PATIENCE)

    def then(self, act: Act) -> None:
        """Somebody does this and gets no further: they wait for a lock."""
        before = self._waiting()
        self.begin(act)
        assert patience.until(lambda: self._waiting() > before)

    def settle(self) -> list[str]:
        """The first commits; what became of each, in the order in which they began."""
        self._gate.set()
        said = [one.result(patience.PATIENCE) for one in self._begun]
        db.session.rollback()
        return said

    def close(self) -> None:
        """Nobody is left behind."""
        self._gate.set()
        self._crowd.shutdown()

    def begin(self, act: Act) -> None:
        """Somebody does this; nobody waits for them."""
        self._begun.append(self._crowd.submit(self._run, act))

    def _run(self, act: Act) -> str:
        with self._app.app_context():
            try:
                run_in_transaction(act)
            except TriageError as refusal:
                return refusal.code
            finally:
                db.session.remove()
        return "done"

    def _waiting(self) -> int:
        waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return int(checker.ask(self._settings, waits)[0][0])


@pytest.fixture
def crossing(app: Flask, settings: config.Settings) -> Iterator[Crossing]:
    """Three threads on the test's desk; whatever they did, nobody met a deadlock and everything adds up."""
    made, before = Crossing(app, settings), RETRIES["deadlock"]
    yield made
    made.close()
    checker.check(settings)
    assert RETRIES["deadlock"] == before


@pytest.fixture
def people(scene: Scene) -> list[int]:
    """Coordinators, who may do all of it."""
    return stock.people(scene, 3, "operator", "coordinator")


def acknowledgement(report_id: int) -> int:
    """What waits to be sent to whoever told a report."""
    return db.session.scalars(select(Delivery.id).where(Delivery.report_id == report_id)).one()


WANT_A_MATTER: dict[str, Callable[[int, int], object]] = {
    "writes again": lambda copy, who: write(copy),
    "is told that we have it": lambda copy, who: begin_attempt(acknowledgement(copy)),
    "says STOP": lambda copy, who: stock.arrive(stock.text("SM-stop", stock.phone(copy - 1), "STOP")),
    "is taken out": lambda copy, who: copies.unlink(copy, me(who)),
}


@pytest.mark.parametrize("act", WANT_A_MATTER.values(), ids=WANT_A_MATTER)
def test_what_has_become_a_copy_is_let_go_before_its_primary_is_waited_for(
    people: list[int], crossing: Crossing, act: Callable[[int, int], object],
) -> None:
    stock.reports(5)
    crossing.first(lambda: copies.link(2, 4, me(people[0])))
    crossing.then(lambda: act(2, people[1]))
    crossing.then(lambda: closing.close(4, me(people[2]), "actionable"))  # has the primary, and wants its copies
    assert crossing.settle()[0::2] == ["done", "done"]


def test_what_is_no_copy_any_more_is_not_waited_for_behind_what_it_went_with(
    people: list[int], crossing: Crossing,
) -> None:
    maya, ben, _zawadi = people
    stock.reports(4)
    run_in_transaction(lambda: copies.link(2, 4, me(maya)))
    crossing.first(lambda: copies.unlink(2, me(maya)))
    crossing.then(lambda: write(2))  # waits for 4, of which it was a copy
    crossing.then(lambda: [notes.add(2, me(ben), "Asked"), copies.link(2, 4, me(ben))])
    assert crossing.settle() == ["done", "done", "done"]


def test_an_incident_lets_go_of_what_has_become_a_copy_before_it_waits_for_the_next(
    people: list[int], crossing: Crossing,
) -> None:
    maya, ben, zawadi = people
    stock.reports(5)
    crossing.first(lambda: copies.link(2, 4, me(zawadi)))
    crossing.first(lambda: notes.add(5, me(ben), "Asked"), lambda: closing.close(4, me(ben), "actionable"))
    crossing.then(lambda: incidents.link(2, 5, me(maya)))  # waits for 2, and will for 5
    assert crossing.settle() == ["done", "done", "done"]


def test_somebody_who_gets_it_back_is_locked_before_what_they_get_back(people: list[int], crossing: Crossing) -> None:
    maya = people[0]
    stock.reports(1)
    run_in_transaction(lambda: assignments.claim(1, me(maya)))
    crossing.first(lambda: closing.close(1, me(maya), "actionable"))
    crossing.then(lambda: write(1))  # comes back to Maya, as it is closed by then
    crossing.then(lambda: closing.reopen(1, me(maya)))
    assert crossing.settle()[:2] == ["done", "done"]  # the third may have been there before the second, or find it open
    assert db.session.get_one(Report, 1).status == "assigned"


def test_whoever_held_a_copy_is_locked_before_it_is_taken_out(people: list[int], crossing: Crossing) -> None:
    maya, ben, zawadi = people
    stock.reports(2)
    run_in_transaction(lambda: assignments.claim(2, me(ben)))
    crossing.first(lambda: copies.link(2, 1, me(zawadi)))  # nobody could know that it was Ben's
    crossing.then(lambda: copies.unlink(2, me(maya)))
    crossing.then(lambda: assignments.assign(2, ben, me(zawadi)))
    assert crossing.settle()[:2] == ["done", "done"]
    assert matters.holder_name(matters.holding(2)) == "Player1"


def test_who_waits_for_the_next_one_holds_none_that_somebody_else_took(people: list[int], crossing: Crossing) -> None:
    maya, ben, zawadi = people
    stock.reports(2)
    run_in_transaction(lambda: setattr(matters.lock(2), "priority", 0))
    crossing.first(lambda: assignments.claim(2, me(maya)))
    crossing.first(lambda: notes.add(1, me(zawadi), "Asked"), lambda: copies.link(2, 1, me(zawadi)))
    crossing.then(lambda: assignments.claim_next(me(ben)))  # waits for 2, and went on to wait for 1
    assert crossing.settle() == ["done", "done", "done"]


def test_what_is_compared_waits_for_nobody_while_it_is_held(
    people: list[int], scene: Scene, crossing: Crossing, monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = "They closed the gate of the school in Kibera at noon and sent everybody away who had not voted yet"
    run_in_transaction(lambda: stock.arrive(stock.text("SM-a", stock.phone(1), words)))
    scene.compare()
    run_in_transaction(lambda: stock.arrive(stock.text("SM-b", stock.phone(2), words)))
    looked, locked = threading.Event(), threading.Event()
    monkeypatch.setattr(copies, "join", _after(copies.join, looked, locked))

    def by_number() -> None:
        notes.add(1, me(people[0]), "Asked")
        assert looked.wait(patience.PATIENCE)
        locked.set()
        notes.add(2, me(people[0]), "Asked")

    crossing.begin(by_number)
    crossing.begin(lambda: comparing.compare(2))
    assert crossing.settle() == ["done", "done"]
    assert db.session.get_one(Report, 2).duplicate_of == 1


def _after(act: Callable[..., object], reached: threading.Event, go: threading.Event) -> Callable[..., object]:
    def late(*args: object) -> object:
        reached.set()
        assert go.wait(patience.PATIENCE)
        return act(*args)
    return late


def test_two_who_write_down_what_the_other_had_last(
    people: list[int], crossing: Crossing, monkeypatch: pytest.MonkeyPatch,
) -> None:
    stock.reports(2)
    for number, who in ((1, people[0]), (2, people[1])):
        run_in_transaction(lambda number=number, who=who: assignments.claim(number, me(who)))
        run_in_transaction(lambda number=number, who=who: closing.close(number, me(who), "actionable"))
    meet = threading.Barrier(2)
    reached = threading.local()

    def crashpoint(name: str) -> None:
        if name == "in.journalled" and not getattr(reached, "before", False):
            reached.before = True
            meet.wait(patience.PATIENCE)

    monkeypatch.setattr(ingest, "crashpoint", crashpoint)
    for number, who in ((2, people[0]), (1, people[1])):  # comes back to the other of the two
        note = written.Note("gateway", "Somebody is here", stock.phone(number - 1))
        crossing.begin(lambda note=note, who=who: written.write_down(note, me(who), f"key-{who}"))
    assert crossing.settle() == ["done", "done"]
    assert [one.status for one in db.session.scalars(select(Report))] == ["assigned", "assigned"]

