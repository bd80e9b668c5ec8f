"""How far the history is complete on PostgreSQL, while transactions stand between their numbering and their commit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from tests.scene import Scene
from triage import clock, events
from triage.actions import taking
from triage.db import db, run_in_transaction
from triage.events import Kind
from triage.models import Event

pytestmark = pytest.mark.only("postgresql")
WRAP = 2**32


def lines(count: int) -> dict[str, str]:
    """`count` lines of the history as a transaction hands them over."""
    line = {"kind": Kind.LEASES_FROZEN, "data": {}, "occurred_at": clock.now()}
    return {"lines": json.dumps([line] * count, default=str)}


@contextmanager
def numbered(count: int = 1) -> Iterator[Connection]:
    """Somebody else, held still between numbering `count` lines and committing them."""
    with db.engine.connect() as other:
        other.execute(events.LOCK_AND_INSERT, lines(count))
        yield other


def note() -> None:
    """A transaction of one line, begun and committed."""
    run_in_transaction(lambda: events.record(Kind.LEASES_RESUMED))


def read(after: int) -> list[int]:
    """What a reader is given now."""
    db.session.rollback()
    return [event.seq for event in events.after(after)]


def last(among: list[int]) -> int:
    """How far somebody has read."""
    return max(among, default=0)


@pytest.mark.parametrize("count", [1, 3])
def test_a_reader_stops_before_what_is_on_its_way_and_skips_nothing(app: Flask, count: int) -> None:
    note()
    with numbered(count) as other:
        note()
        first = read(0)
        other.commit()
    assert first == [1]
    assert first + read(last(first)) == list(range(1, count + 3))


def test_the_head_stops_before_the_lowest_of_several(app: Flask) -> None:
    note()
    with numbered(), numbered() as second:
        note()
        second.commit()
        assert (events.head(), read(0)) == (1, [1])
    assert events.head() == 4  # the first was rolled back: its number stays unused
    assert read(0) == [1, 3, 4]


def test_the_first_number_of_all_is_waited_for(app: Flask) -> None:
    with numbered() as other:
        assert (events.head(), read(0)) == (0, [])
        other.commit()
    assert read(0) == [1]


def test_a_claim_of_one_statement_says_that_it_is_on_its_way(scene: Scene) -> None:
    maya, report = scene.operator("Maya"), scene.sms("One")
    before = scene.head()
    with db.engine.connect() as other:
        bound = {"me": maya.id, "now": clock.now(), "number": report.id}
        assert other.exec_driver_sql(taking.NAMED, bound).one()
        note()
        assert scene.head() == before
        other.commit()
    assert scene.head() == before + 2
    assert read(before) == [before + 1, before + 2]


@pytest.mark.parametrize("start", [WRAP - 2, WRAP, 2**31 - 1])
def test_numbers_that_no_longer_fit_into_half_a_lock(app: Flask, start: int) -> None:
    run_in_transaction(lambda: db.session.execute(text(f"SELECT setval('events_seq_seq', {start})")))
    with numbered(4) as other:
        note()
        assert events.head() == start
        assert read(start) == []
        other.commit()
    assert read(start) == list(range(start + 1, start + 6))


def test_locks_of_another_database_of_the_cluster_hold_nobody_up(app: Flask, request: pytest.FixtureRequest) -> None:
    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("template")
    name = server.create(template)
    try:
        with server.connect(name) as neighbour, neighbour.transaction():
            neighbour.execute(events.TURN.encode())
            note()
            assert (events.head(), read(0)) == (1, [1])
    finally:
        server.drop(name)


def test_whoever_reads_is_given_what_a_reader_before_was_given(app: Flask) -> None:
    note()
    with numbered() as other:
        known = events.head()
        other.commit()
    assert known == 1
    assert events.head() == 2
    assert db.session.get(Event, 2) is not None
