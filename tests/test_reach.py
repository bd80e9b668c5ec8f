"""What arrives together is written together; whoever gives up, fails or hangs harms nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from flask import Flask
from sqlalchemy import select

from triage import reach
from triage.db import db, run_in_transaction
from triage.models import Team
from triage.reach import OutOfReach, Reach

LONG = 10.0


class Door:
    """Threads that bring names to one runner, whose first batch waits at a gate."""

    def __init__(self, app: Flask) -> None:
        self.app, self.reach = app, Reach(app)
        self.reach._line._most = 1
        self.gate, self.begun, self.held = threading.Event(), threading.Event(), True
        self.batches: list[list[str]] = []
        self.said: dict[str, str] = {}
        self._threads: list[threading.Thread] = []

    def write(self, names: Sequence[str]) -> list[str]:
        """A transaction of the test: a team of each name; the one called bad is refused."""
        self.batches.append(list(names))
        if self.held:
            self.held = False
            self.begun.set()
            self.gate.wait(LONG)
        if "bad" in names:
            raise LookupError("bad")
        for name in names:
            db.session.add(Team(name=name))
        db.session.flush()
        return list(names)

    def bring(self, *names: str) -> None:
        """Each name by a thread of its own, one in line behind the other."""
        for name in names:
            thread = threading.Thread(target=self._bring, args=(name,), daemon=True)
            waiting = len(self.reach._line._waiting)
            thread.start()
            self._threads.append(thread)
            until(lambda before=waiting: len(self.reach._line._waiting) > before or not self.held)

    def _bring(self, name: str) -> None:
        try:
            self.said[name] = self.reach.together(self.write, name)
        except (OutOfReach, LookupError) as problem:
            self.said[name] = type(problem).__name__

    def wait(self) -> None:
        """Until everybody has been answered."""
        for thread in self._threads:
            thread.join(LONG)
        until(lambda: self.reach._trying == 0)


def until(true: Callable[[], bool]) -> None:
    """Wait for something that happens in another thread."""
    end = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def teams() -> set[str]:
    """What is in the database."""
    db.session.rollback()
    return set(db.session.scalars(select(Team.name)))


@pytest.fixture
def door(app: Flask) -> Iterator[Door]:
    """The gate is opened at the end, whatever happened."""
    made = Door(app)
    yield made
    made.gate.set()
    made.wait()


def queue_behind(door: Door, *names: str) -> None:
    """One is being written, held at the gate; the others stand in line, in this order."""
    door.bring("first")
    assert door.begun.wait(LONG)
    line = door.reach._line._waiting
    for count, name in enumerate(names, 1):
        door.bring(name)
        until(lambda many=count: len(line) == many)


def test_whoever_waits_is_written_in_one_transaction(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[object] = []

    def counted(fn: Callable[[], object]) -> object:
        begun.append(fn)
        return run_in_transaction(fn)

    monkeypatch.setattr(reach, "run_in_transaction", counted)
    queue_behind(door, "a", "b", "c")
    door.gate.set()
    door.wait()
    assert door.batches == [["first"], ["a", "b", "c"]]
    assert len(begun) == 2
    assert door.said == {name: name for name in ("first", "a", "b", "c")}
    assert teams() == {"first", "a", "b", "c"}


def test_no_more_than_so_many_go_together(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "TOGETHER", 2)
    queue_behind(door, "a", "b", "c")
    door.gate.set()
    door.wait()
    assert door.batches == [["first"], ["a", "b"], ["c"]]


def test_one_that_fails_harms_nobody_who_came_with_it(door: Door) -> None:
    queue_behind(door, "a", "bad", "c")
    door.gate.set()
    door.wait()
    assert door.said == {"first": "first", "a": "a", "bad": "LookupError", "c": "c"}
    assert teams() == {"first", "a", "c"}
    assert not door.reach._away


def test_whoever_gave_up_before_it_began_is_not_written(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    door.bring("first")
    assert door.begun.wait(LONG)
    monkeypatch.setattr(reach, "PATIENCE", 0.05)
    door.bring("late")
    until(lambda: "late" in door.said)
    assert door.said == {"late": "OutOfReach"}
    door.gate.set()
    door.wait()
    assert door.batches == [["first"]]
    assert teams() == {"first"}


def test_a_stuck_runner_is_replaced_for_those_who_wait_behind_it(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    if door.app.config["SETTINGS"].database_url.startswith("sqlite"):
        monkeypatch.setattr(Door, "write", write_after_the_gate)  # nothing of ours is written while one writes
    monkeypatch.setattr(reach, "PATIENCE", 0.5)
    door.bring("first")
    assert door.begun.wait(LONG)
    time.sleep(0.3)  # who waits behind it came a little later
    monkeypatch.setattr(reach, "PATIENCE", 3.0)
    door.bring("behind")
    until(lambda: len(door.said) == 1 or "behind" in door.said)
    assert door.said["first"] == "OutOfReach"
    if door.app.config["SETTINGS"].database_url.startswith("sqlite"):
        door.gate.set()
    until(lambda: "behind" in door.said)
    assert door.said["behind"] == "behind"


def write_after_the_gate(door: Door, names: Sequence[str]) -> list[str]:
    """The same without a table: SQLite lets one write at a time, and whoever is stuck has its turn."""
    door.batches.append(list(names))
    if door.held:
        door.held = False
        door.begun.set()
        door.gate.wait(LONG)
    return list(names)


def test_a_runner_that_was_done_at_the_last_moment_goes_on(door: Door) -> None:
    door.gate.set()
    door.bring("first")
    door.wait()
    line = door.reach._line
    until(lambda: line._idle == 1)
    (runner,) = line._runners
    done: reach._Attempt[str] = reach._Attempt(door.write, "first")
    done.runner = runner
    done.done.set()
    assert not line.leave(done)
    began = time.monotonic()
    door.bring("next")
    door.wait()
    assert door.said["next"] == "next"
    assert time.monotonic() - began < 2.0
