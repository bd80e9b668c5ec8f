"""The one place that commits: retries, savepoints, insert_once, moments."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from triage import clock, events
from triage.db import db, run_in_transaction, savepoint, unavailable
from triage.events import Kind
from triage.models import Event, Operator, Team
from triage.statements import execute, insert_once

LOCKED = OperationalError("UPDATE", {}, sqlite3.OperationalError("database is locked"))


def _team(name: str) -> Team:
    team = Team(name=name)
    db.session.add(team)
    db.session.flush()
    return team


def test_a_locked_database_is_tried_again_and_nothing_stands_twice(app: Flask) -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        _team("Coast")
        events.record(Kind.TEAM_CHANGED)
        if len(tries) < 3:
            raise LOCKED

    run_in_transaction(work)
    assert len(tries) == 3
    assert db.session.query(Team).count() == 1
    assert db.session.query(Event).count() == 1


def test_a_database_that_stays_locked_is_reported_not_swallowed(app: Flask) -> None:
    def work() -> None:
        raise LOCKED

    with pytest.raises(OperationalError):
        run_in_transaction(work)


def test_an_exception_takes_everything_back(app: Flask) -> None:
    def work() -> None:
        _team("Coast")
        events.record(Kind.TEAM_CHANGED)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run_in_transaction(work)
    assert db.session.query(Team).count() == 0
    run_in_transaction(lambda: _team("Hills"))
    assert db.session.query(Event).count() == 0


def test_a_failed_savepoint_takes_back_its_rows_and_its_events_only(app: Flask) -> None:
    def inner() -> None:
        with savepoint():
            _team("inner")
            events.record(Kind.TEAM_CHANGED, None, None, team=2)
            raise ValueError("no")

    def work() -> None:
        _team("outer")
        events.record(Kind.TEAM_CHANGED, None, None, team=1)
        with pytest.raises(ValueError, match="no"):
            inner()

    run_in_transaction(work)
    assert list(db.session.scalars(select(Team.name))) == ["outer"]
    assert [event.data for event in db.session.scalars(select(Event))] == [{"team": 1}]


def test_a_savepoint_holds_what_is_said_past_the_orm(app: Flask) -> None:
    def work() -> None:
        with suppress(IntegrityError), savepoint():
            for _ in range(2):
                execute(insert(Team.__table__), {"name": "Coast"})
        execute(insert(Team.__table__), {"name": "Hills"})

    run_in_transaction(work)
    assert list(db.session.scalars(select(Team.name))) == ["Hills"]


def test_transactions_do_not_nest(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="does not nest"):
        run_in_transaction(lambda: run_in_transaction(lambda: None))


def test_insert_once_says_whether_it_was_there(app: Flask) -> None:
    first = run_in_transaction(lambda: insert_once(Team, ("name",), name="Coast"))
    again = run_in_transaction(lambda: insert_once(Team, ("name",), name="Coast"))
    assert (first is not None, again) == (True, None)


def test_listeners_hear_after_the_commit_and_not_of_what_was_taken_back(app: Flask) -> None:
    heard: list[frozenset[str]] = []
    events.listen(heard.append)
    run_in_transaction(lambda: events.record(Kind.TEAM_CHANGED))
    with pytest.raises(ZeroDivisionError):
        run_in_transaction(lambda: (events.record(Kind.TEAM_CHANGED), 1 / 0))
    assert heard == [frozenset({"team.changed"})]


def test_events_cannot_be_changed_or_deleted(app: Flask) -> None:
    run_in_transaction(lambda: events.record(Kind.TEAM_CHANGED))
    for statement in ("UPDATE events SET kind = 'x'", "DELETE FROM events"):
        with pytest.raises(DBAPIError, match="append-only"):
            run_in_transaction(lambda sql=statement: db.session.execute(text(sql)))


def test_moments_are_utc_and_a_naive_one_is_refused(app: Flask) -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(hours=3)))
    operator = Operator(email="a@desk.example", name="A", public_name="A", capacity=1, roles=frozenset({"operator"}),
                        created_at=noon)
    run_in_transaction(lambda: db.session.add(operator))
    assert operator.created_at == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert operator.created_at.tzinfo is UTC
    operator.created_at = datetime(2026, 11, 21, 12)  # noqa: DTZ001 - the point of the test
    with pytest.raises(Exception, match="without a time zone"):
        db.session.flush()


def test_numbers_follow_commit_order(app: Flask) -> None:
    for number in range(3):
        run_in_transaction(lambda team=number: events.record(Kind.TEAM_CHANGED, None, None, team=team))
    found = events.after(0)
    assert [event.data["team"] for event in found] == [0, 1, 2]
    assert [event.seq for event in found] == sorted(event.seq for event in found)
    assert events.head() == found[-1].seq
    assert events.after(found[1].seq) == found[2:]
    assert found[0].occurred_at <= clock.now()


def test_an_error_of_the_database_never_quotes_what_was_bound(app: Flask) -> None:
    with pytest.raises(DBAPIError) as caught:
        db.session.execute(text("INSERT INTO nowhere VALUES (:words)"), {"words": "my name is Amina, +254711000523"})
    assert "Amina" not in str(caught.value)


@pytest.mark.only("postgresql")
def test_a_server_that_only_reads_is_as_good_as_away(app: Flask) -> None:
    """A standby that was not promoted yet, or a disk that the host keeps from running full."""
    def work() -> None:
        db.session.execute(text("SET TRANSACTION READ ONLY"))
        _team("Coast")

    with pytest.raises(DBAPIError) as refusal:
        run_in_transaction(work)
    assert unavailable(refusal.value)


def test_savepoints_stand_only_in_the_second_run(app: Flask) -> None:
    stood: list[bool] = []

    def work(*, fails: bool) -> None:
        _team("outer")
        with suppress(ValueError), savepoint():
            stood.append(db.session().in_nested_transaction())
            if fails:
                raise ValueError("no")

    run_in_transaction(lambda: work(fails=True))
    assert stood == [False, True]
    db.session.query(Team).delete()
    db.session.commit()
    run_in_transaction(lambda: work(fails=False))
    assert stood == [False, True, False]
    assert db.session.query(Team).count() == 1
