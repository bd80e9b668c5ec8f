"""Goals 5 to 7: who takes what. Speed against one bare statement, fairness, and never two holders."""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

import psycopg
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from benchmarks.bench import bare, crowd, load, seed
from benchmarks.bench.crowd import SIZE, Caller, Tally
from benchmarks.bench.doors import Visitor, visitor
from benchmarks.bench.machine import Bench
from benchmarks.bench.results import Figures, Must, Row, interleaved, ratios
from benchmarks.bench.sites import Desk
from triage.actions import taking
from triage.db import db
from triage.errors import AlreadyAssigned
from triage.models import Assignment, Operator, Report

NONE = Must("=", 0)
CREW = 60  # people behind each caller: each takes a few, as people do, not hundreds
WARM = 10  # calls before the start
RACED = 2_500  # reports of each of the four races
Race = Callable[[Desk, Sequence[int], Sequence[int]], list[Tally]]
SPEED, FAIR = Must(">=", 0.35), {"postgresql": Must(">=", 0.5), "sqlite": Must(">=", 0.2)}
BARE_ROWS = 60_000
FILL = ("INSERT INTO items (key, channel, sender, body, received_at, state) SELECT 'k' || i, 'sms', '', 'Help', "
        "now() + i * interval '1 second', 'open' FROM generate_series(1, %s) AS g(i)")


def measure(bench: Bench) -> list[Row]:
    """The rows of goals 5, 6 and 7."""
    rows = []
    for database, name in bench.names.items():
        if database == "postgresql" and bench.postgres is None:
            rows += _absent(bench)
            continue
        desk = Desk(bench.folder / f"claims-{database}", bench.database(database), ACKNOWLEDGE="0")
        try:
            rows += _on(bench, desk, database, name)
        finally:
            desk.close()
    return rows


def _absent(bench: Bench) -> list[Row]:
    return [Row("5", "second holders, PostgreSQL", must=NONE, absent=bench.no_postgres),
            Row("6", _speed(), must=SPEED, absent=bench.no_postgres),
            Row("7", _fairness("PostgreSQL"), must=FAIR["postgresql"], absent=bench.no_postgres)]


def _speed() -> str:
    return f"“Take next” a second, desk / bare one-statement loop, {SIZE} processes, PostgreSQL"


def _fairness(name: str, how: str = "processes") -> str:
    return f"claims of the slowest / the median of {SIZE} {how} in 5 s, {name}"


def _on(bench: Bench, desk: Desk, database: str, name: str) -> list[Row]:
    people = desk.staff(SIZE if bench.quick else SIZE * CREW)
    seed.fill(desk, 6_000 if bench.quick else 40_000, closed_share=0.25)
    reports = 60 if bench.quick else RACED
    rows = [_race(desk, people, reports, f"second holders, {SIZE} threads after the same reports, {name}", _by_threads),
            _race(desk, people, reports, f"second holders, {SIZE} processes after them, {name}", _by_processes),
            *_lock_step(bench, desk, people[:SIZE], name)]
    if database == "postgresql":
        rows.append(_against_bare(bench, desk, people))
    return [*rows, _fair(bench, desk, people, database, name)]


# ---------------------------------------------------------------- races


def _race(desk: Desk, people: Sequence[int], reports: int, what: str, how: Race) -> Row:
    """Everybody wants the same reports in the same order; how many got a second holder."""
    _reopen(desk)
    numbers = desk.read(_open_numbers)[:reports]
    tallies = how(desk, people[:SIZE], numbers)
    won = Counter(number for tally in tallies for number in tally.got if number > 0)
    if set(won) != set(numbers):
        raise RuntimeError(f"{len(numbers) - len(won)} reports were taken by nobody")
    return Row("5", what, [sum(won.values()) - len(won) + desk.read(_doubles)], NONE,
               note=f"{len(numbers)} reports, {SIZE * len(numbers)} tries")


def _by_threads(desk: Desk, people: Sequence[int], numbers: Sequence[int]) -> list[Tally]:
    return crowd.threads(desk.app, [racer(person, numbers) for person in people], 600)


def _by_processes(desk: Desk, people: Sequence[int], numbers: Sequence[int]) -> list[Tally]:
    return crowd.processes(racer, [(person, numbers) for person in people], 600, desk.environment)


def racer(operator_id: int, numbers: Sequence[int]) -> Caller:
    """Tries each number once; what it got, 0 where somebody else has it, None after the last."""
    waiting = iter(numbers)

    def claim() -> int | None:
        number = next(waiting, None)
        return None if number is None else _patiently(number, operator_id)

    return claim


def _patiently(number: int, operator_id: int) -> int:
    """On SQLite processes starve each other: who was refused their turn to write comes again."""
    while True:
        with suppress(OperationalError):
            return _try(number, operator_id)


def _try(number: int, operator_id: int) -> int:
    try:
        taking.take(number, db.session.get_one(Operator, operator_id))
    except AlreadyAssigned:
        return 0
    return number


def _lock_step(bench: Bench, desk: Desk, people: Sequence[int], name: str) -> list[Row]:
    """Over HTTP, all at the same moment for the same report: one yes and fifteen clear refusals."""
    _reopen(desk)
    visitors = [desk.read(lambda who=person: visitor(desk, who)) for person in people]
    numbers = desk.read(_open_numbers)[: 5 if bench.quick else 40]
    server = desk.serve()
    try:
        answers = [Counter(load.volley(server.port, _volley(visitors, number))) for number in numbers]
    finally:
        server.stop()
    wrong = [answer for answer in answers if answer != Counter({303: 1, 409: SIZE - 1})]
    return [Row("5", f"reports not won by exactly one of {SIZE} in lock step over HTTP, {name}", [len(wrong)], NONE,
                note=f"{len(numbers)} reports" + (f"; answers {wrong[0]}" if wrong else ""))]


def _volley(visitors: Sequence[Visitor], number: int) -> list[bytes]:
    return [one.post(f"/desk/reports/{number}/claim", {}) for one in visitors]


# ---------------------------------------------------------------- speed and fairness


def _against_bare(bench: Bench, desk: Desk, people: Sequence[int]) -> Row:
    assert bench.postgres is not None  # noqa: S101 - asked before
    url = bench.database("postgresql").replace("+psycopg", "")
    pairs = interleaved(bench.rounds, lambda _: _bare_round(url, bench.seconds),
                        lambda _: _round(desk, people, bench.seconds))
    return Row("6", _speed(), ratios(pairs, lambda one: one.rate), SPEED, pairs)


def _bare_round(url: str, seconds: float) -> Figures:
    with psycopg.connect(url, autocommit=True) as connection:
        bare.make_items(url)
        connection.execute("TRUNCATE items")
        connection.execute(FILL, (BARE_ROWS,))
        connection.execute("ANALYZE items")
    return crowd.together(crowd.processes(taker, [(url, f"taker {place}") for place in range(SIZE)], seconds), seconds)


def taker(url: str, name: str) -> Caller:
    """The bare claim: one statement and its commit."""
    connection = psycopg.connect(url, autocommit=True)

    def take() -> int | None:
        row = connection.execute(bare.CLAIM, (name,)).fetchone()
        return row[0] if row else None

    return take


def _round(desk: Desk, people: Sequence[int], seconds: float) -> Figures:
    _reopen(desk)
    tallies = crowd.processes(claimer, _crews(people), seconds, desk.environment)
    taken = [number for tally in tallies for number in tally.got]
    if len(set(taken)) != len(taken) or desk.read(_doubles):
        raise RuntimeError("somebody took what another held")
    if desk.read(lambda: db.session.scalar(select(func.count()).where(Report.status == "open"))) == 0:
        raise RuntimeError("the queue ran empty: the desk was faster than there were reports")
    return crowd.together(tallies, seconds)


def claimer(people: Sequence[int]) -> Caller:
    """“Take next”, as the page and the API call it, by one after the other of these people: nobody holds very many."""
    turns = itertools.cycle([Operator(id=person, shift="taking") for person in people])  # as a request has them

    def take() -> int | None:
        taken = taking.take_next(next(turns))
        return taken.report_id if taken else None

    for _ in range(WARM):  # a server has run these statements before
        take()
    return take


def _crews(people: Sequence[int]) -> list[tuple[Sequence[int]]]:
    """Everybody who calls in, dealt out to the callers."""
    return [(people[place::SIZE],) for place in range(SIZE)]


def _fair(bench: Bench, desk: Desk, people: Sequence[int], database: str, name: str) -> Row:
    """SQLite serves from one process, so there the callers are its threads."""
    found = []
    for _ in range(1 if bench.quick else 3):
        _reopen(desk)
        if database == "sqlite":
            callers = desk.read(lambda: [claimer(*crew) for crew in _crews(people)])
            tallies = crowd.threads(desk.app, callers, 5)
        else:
            tallies = crowd.processes(claimer, _crews(people), 5, desk.environment)
        counts = [len(tally.got) for tally in tallies]
        found.append(min(counts) / statistics.median(counts))
    how = "threads" if database == "sqlite" else "processes"
    return Row("7", _fairness(name, how), found, FAIR[database])


# ---------------------------------------------------------------- the desk between rounds


def _reopen(desk: Desk) -> None:
    """Everything is open again and nobody holds anything, without ado."""
    desk.act(seed.reopen)
    desk.read(seed.settle)


def _open_numbers() -> list[int]:
    return list(db.session.scalars(select(Report.id).where(Report.status == "open").order_by(Report.id)))


def _doubles() -> int:
    held = select(Assignment.report_id).where(Assignment.ended_at.is_(None)).group_by(Assignment.report_id)
    return len(list(db.session.scalars(held.having(func.count() > 1))))
