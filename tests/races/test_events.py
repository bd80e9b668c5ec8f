"""Readers of the history never skip an entry: they read no further than to where nothing is on its way."""

from __future__ import annotations

import time
from unittest import mock

import pytest
from sqlalchemy import func, select, text

import config
from tests import checker
from tests.processes import Crew, Figures, Seat
from tests.races import stock
from triage import clock, events
from triage import db as database
from triage.db import db, run_in_transaction
from triage.events import Kind
from triage.models import Event

pytestmark = [pytest.mark.races, pytest.mark.timeout(240)]

WRITERS, READERS = 6, 2
TRANSACTIONS = 60
READ_SECONDS = 60.0


def slow_commits(seat: Seat) -> mock._patch:
    """Whoever writes stumbles between the numbering and the commit: only there can a reader be made to skip."""
    commit, chance = database._commit, seat.chance(1)

    def slowly(session: object) -> None:
        seat.stumble(chance, 0.02)
        commit(session)

    return mock.patch.object(database, "_commit", slowly)


def write(seat: Seat, transactions: int) -> int:
    """Commit transactions of one to three entries with pauses inside, before the commit and between; how many."""
    with slow_commits(seat):
        return _write(seat, transactions)


def _write(seat: Seat, transactions: int) -> int:
    chance, written = seat.chance(), 0
    for _ in range(transactions):
        entries = chance.randint(1, 3)
        run_in_transaction(lambda number=entries: _note(seat, number))
        written += entries
        time.sleep(chance.random() * 0.02)
    _say_done(seat.place)
    return written


def _note(seat: Seat, entries: int) -> None:
    for _ in range(entries):
        events.record(Kind.LEASES_FROZEN, None, None, writer=seat.place)
        seat.stumble(seat.chance(entries))


def _say_done(place: int) -> None:
    run_in_transaction(lambda: events.record(Kind.LEASES_RESUMED, None, None, writer=place))


def follow(seat: Seat, writers: int) -> tuple[list[int], int]:
    """Ask again and again for what came after the last number seen; the numbers, and how often one was missed.

    A number is missed when it stands at or below the last one seen and was not read.
    """
    seen: list[int] = []
    missed = done = 0
    until = time.monotonic() + READ_SECONDS
    while done < writers and time.monotonic() < until:
        found = events.after(seen[-1] if seen else 0, limit=7)
        seen.extend(event.seq for event in found)
        done += sum(event.kind == Kind.LEASES_RESUMED for event in found)
        missed = max(missed, _below(seen[-1] if seen else 0) - len(seen))
        db.session.rollback()
        seat.stumble(seat.chance(len(seen)))
    return seen, missed


def _below(seq: int) -> int:
    db.session.rollback()  # see the present, not the moment of the read before
    return db.session.scalar(select(func.count()).where(Event.seq <= seq)) or 0


def test_readers_see_every_number_in_order_and_none_appears_below_what_they_read(
    settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    parts = [(write, TRANSACTIONS)] * WRITERS + [(follow, WRITERS)] * READERS
    *written, first, second = crew.match(settings, parts)
    total = sum(written) + WRITERS
    for seen, missed in (first, second):
        assert seen == list(range(1, total + 1))
        assert missed == 0
    checker.check(settings)
    figures(f"{total} entries of {WRITERS} writers read by {READERS} readers, none missed")


def write_numbered_early(seat: Seat, transactions: int) -> int:
    """The mistake: take the number first, commit the entry with it a little later."""
    chance = seat.chance()
    for _ in range(transactions):
        taken = run_in_transaction(lambda: db.session.scalar(text(_next_number())))
        time.sleep(chance.random() * 0.02)
        early = Event(seq=taken, kind=Kind.LEASES_FROZEN, data={}, occurred_at=clock.now())
        run_in_transaction(lambda entry=early: db.session.add(entry))
    seat.meet()
    return transactions


def _next_number() -> str:
    if db.session.get_bind().dialect.name == "postgresql":
        return "SELECT nextval('events_seq_seq')"
    return "INSERT INTO numbers DEFAULT VALUES RETURNING n"


def follow_until_end(seat: Seat, total: int) -> int:
    """Read until the last number; how many entries were read."""
    last = read = 0
    until = time.monotonic() + READ_SECONDS
    while last < total and time.monotonic() < until:
        found = [event.seq for event in events.after(last)]
        last, read = max([last, *found]), read + len(found)
        db.session.rollback()
        time.sleep(0.001)
    seat.meet()
    return read


def test_numbers_taken_before_the_commit_make_a_reader_skip(
    settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    make_counter(settings)
    total = WRITERS * TRANSACTIONS
    parts = [(write_numbered_early, TRANSACTIONS)] * WRITERS + [(follow_until_end, total)] * READERS
    *_, first, second = crew.match(settings, parts)
    assert min(first, second) < total
    figures(f"{total} entries, read {first} and {second}: this race can be lost")


def make_counter(settings: config.Settings) -> None:
    """SQLite has no sequence: a table that gives numbers away before the commit they are for."""
    if settings.database_url.startswith("sqlite"):
        stock.change(settings, "CREATE TABLE numbers (n INTEGER PRIMARY KEY)")
