"""Statements that fail: cut at every single one of them, and refused one in five. Done once, or not at all.

The faults are PostgreSQL's own: its backend is ended, two sessions lock each other out, or the driver
raises what the server raises for a deadlock and for a serialization failure.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

import config
from tests import checker
from tests.processes import Figures
from tests.scene import Scene
from tests.servers import Postgres
from triage import db as database
from triage.actions import closing, matters, notes, replies
from triage.actions.deliveries import Settlement, begin_attempt, settle
from triage.db import db, run_in_transaction
from triage.models import Assignment, Delivery, DeliveryAttempt, Note, Operator

pytestmark = [pytest.mark.faults, pytest.mark.only("postgresql")]


class Matter:
    """One report of a person of its own, taken through its life one step after the other."""

    numbers = itertools.count(1)

    def __init__(self, scene: Scene, maya: int) -> None:
        self.scene, self.maya, self.number = scene, maya, next(self.numbers)
        self.report = 0

    def ingest(self) -> None:
        """Their message comes."""
        self.report = self.scene.sms(f"text {self.number}", f"+2547{self.number:08d}").id

    def claim(self) -> None:
        """Maya takes it."""
        self.scene.claim(self.scene.report(self.report), self._maya())

    def reply(self) -> None:
        """Maya answers."""
        held, seen = self._one(Assignment).id, self.scene.head()
        self.scene.do(lambda: replies.reply(self.report, self._maya(), held, seen, "Thank you", f"key {self.number}"))

    def begin(self) -> None:
        """The answer begins to leave."""
        delivery = self._one(Delivery).id
        self.scene.do(lambda: begin_attempt(delivery))

    def settle(self) -> None:
        """It has left."""
        delivery = self._one(Delivery).id
        attempt = db.session.scalars(select(DeliveryAttempt.id).where(DeliveryAttempt.delivery_id == delivery)).one()
        self.scene.do(lambda: settle(attempt, Settlement("accepted", provider_id=f"OUT{self.number}")))

    def close(self) -> None:
        """The end."""
        self.scene.do(lambda: closing.close(self.report, self._maya(), "actionable"))

    def _maya(self) -> Operator:
        return db.session.get_one(Operator, self.maya)

    def _one(self, model: Any) -> Any:
        purpose = (model.purpose == "reply",) if model is Delivery else ()
        return db.session.scalars(select(model).where(model.report_id == self.report, *purpose)).one()


STEPS = ("ingest", "claim", "reply", "begin", "settle", "close")
# What stands in the history of a report whose every step was taken once.
LIFE = ["report.opened", "acknowledgement.queued", "report.claimed", "reply.accepted", "delivery.started",
        "delivery.sent", "report.closed"]


@contextmanager
def struck(number: int, strike: Callable[[Any], None]) -> Iterator[list[str]]:
    """Strike at the statement with this number, COMMIT included, of those that transactions send; all that was sent."""
    sent: list[str] = []

    def note(connection: Any, words: str) -> None:
        if not db.session.info.get("writing"):
            return  # the test's own looks
        sent.append(words)
        if len(sent) == number:
            strike(connection.connection.driver_connection)

    def statement(connection: Any, _cursor: Any, words: str, *_rest: Any) -> None:
        note(connection, words)

    def commit(connection: Any) -> None:
        note(connection, "COMMIT")

    event.listen(db.engine, "before_cursor_execute", statement)
    event.listen(db.engine, "commit", commit)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", statement)
        event.remove(db.engine, "commit", commit)


def ender(postgres: Postgres) -> Callable[[Any], None]:
    """Ends the server process of a connection, and waits until it is gone."""

    def end(connection: Any) -> None:
        pid = connection.info.backend_pid
        with postgres.connect() as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", (pid,))
            while admin.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone():
                time.sleep(0.002)

    return end


def test_a_backend_ended_at_any_statement_of_a_matter_costs_nothing(
    scene: Scene, settings: config.Settings, postgres: Postgres, figures: Figures
) -> None:
    maya, strike, ended = scene.operator("Maya", capacity=1000).id, ender(postgres), 0
    for number in itertools.count(1):
        matter, reached = Matter(scene, maya), 0
        for step in STEPS:
            with struck(number, strike) as sent:
                getattr(matter, step)()
            reached += len(sent) >= number
        assert scene.kinds(scene.report(matter.report)) == LIFE, f"statement {number}"
        ended += reached
        if not reached:
            break
    checker.check(settings)
    figures(f"{ended} backends ended, one at each statement of {', '.join(STEPS)}: each step done exactly once")
    assert ended > 60


@contextmanager
def refusing(share: float, *, seed: int = 0) -> Iterator[dict[str, int]]:
    """Refuse this share of all statements as PostgreSQL refuses them; how many were sent and refused meanwhile."""
    chance, count = random.Random(seed), {"sent": 0, "refused": 0}

    def execute(_cursor: Any, _statement: str, _bound: Any, _context: Any) -> None:
        if not db.session.info.get("writing"):
            return
        count["sent"] += 1
        if chance.random() < share:
            count["refused"] += 1
            raise chance.choice((DeadlockDetected, SerializationFailure))("injected")

    event.listen(db.engine, "do_execute", execute)
    try:
        yield count
    finally:
        event.remove(db.engine, "do_execute", execute)


def test_with_every_fifth_statement_refused_each_note_stands_once_and_tries_are_bounded(
    scene: Scene, settings: config.Settings, figures: Figures
) -> None:
    maya, report = scene.operator("Maya").id, scene.sms("The station is closed.").id
    tries: list[int] = []

    def write(words: str) -> None:
        tries[-1] += 1
        notes.add(report, db.session.get_one(Operator, maya), words)

    with refusing(0.2) as count:
        for number in range(25):
            while True:  # a person presses the button again where they were told that it did not work
                tries.append(0)
                try:
                    run_in_transaction(lambda words=f"note {number}": write(words))
                except OperationalError:
                    continue
                break
    db.session.remove()
    bodies = list(db.session.scalars(select(Note.body)))
    assert sorted(bodies) == sorted(f"note {number}" for number in range(25))
    assert scene.kinds().count("note.added") == 25
    assert 1 < max(tries) <= database.MAX_TRIES
    tries.append(0)
    with refusing(1.0), pytest.raises(OperationalError):
        run_in_transaction(lambda: write("never"))
    assert tries[-1] == database.MAX_TRIES
    checker.check(settings)
    figures(f"{count['refused']} of {count['sent']} statements refused: {sum(tries)} tries, 25 notes, each stored once")


def test_two_sessions_that_lock_each_other_out_both_get_through(
    scene: Scene, app: Flask, settings: config.Settings
) -> None:
    maya, meet, tries = scene.operator("Maya").id, threading.Barrier(2), [0, 0]
    reports = [scene.sms("one", "+254711000001").id, scene.sms("two", "+254711000002").id]

    def crossing(place: int) -> None:
        first, second = (reports, reports[::-1])[place]

        def both() -> None:
            tries[place] += 1
            matters.lock(first)
            if tries[place] == 1:
                meet.wait(20)
            notes.add(second, db.session.get_one(Operator, maya), f"by {place}")

        with app.app_context():
            run_in_transaction(both)

    threads = [threading.Thread(target=crossing, args=(place,)) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(tries) == [1, 2], "PostgreSQL ended one of them, and that one began again"
    assert sorted(db.session.scalars(select(Note.body))) == ["by 0", "by 1"]
    assert scene.kinds().count("note.added") == 2
    checker.check(settings)
