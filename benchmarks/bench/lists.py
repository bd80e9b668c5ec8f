"""Goal 9: a list is as quick with very many reports as with few, and as quick deep down as at the top."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks.bench import doors, seed
from benchmarks.bench.machine import Bench
from benchmarks.bench.results import Figures, Must, Pair, Row, figures, ratios
from benchmarks.bench.sites import Desk
from triage.db import db
from triage.models import Operator
from triage.queries import inbox

MOST = Must("<=", 1.5)
SMALL, QUICK, LARGE, MILLION = 1_000, 10_000, 100_000, 1_000_000
ROWS = 100
VIEWS = ("next", "all", "resolved")
# Asked for by a signed-in coordinator; the page has 50 rows and the counts of every view.
PAGES = {f"/api/v1/reports?limit={ROWS}": f"{ROWS} reports as JSON", "/desk": "the desk as a page"}
CALLS = 20  # of each side in one round; fewer in a quick run


def measure(bench: Bench) -> list[Row]:
    """The rows of goal 9, for both databases and every size asked for."""
    rows = []
    for database, name in bench.names.items():
        if database == "postgresql" and bench.postgres is None:
            rows.append(Row("9", f"list of 100, PostgreSQL: {LARGE} / {SMALL} reports", must=MOST,
                            absent=bench.no_postgres))
            continue
        rows += _on(bench, database, name)
    return rows


def _on(bench: Bench, database: str, name: str) -> list[Row]:
    rows, small = [], _desk(bench, database, SMALL)
    try:
        sizes = (LARGE, MILLION) if bench.million else (LARGE,)
        for size in (QUICK,) if bench.quick else sizes:
            large = _desk(bench, database, size)
            try:
                rows += [_compared(bench, view, small, large, f"{size:,} / {SMALL:,} reports, {name}")
                         for view in VIEWS]
                rows += [_visited(bench, small, large, path, f"{what}, p50 of {size:,} / {SMALL:,} reports, {name}")
                         for path, what in PAGES.items()]
                rows += [_deep(bench, large, f"{size:,} reports, {name}")]
            finally:
                large.close()
    finally:
        small.close()
    return rows


def _desk(bench: Bench, database: str, size: int) -> Desk:
    desk = Desk(bench.folder / f"list-{database}-{size}", bench.database(database))
    desk.staff(1, "coordinator")
    seed.fill(desk, size, closed_share=0.5)
    return desk


def _compared(bench: Bench, view: str, small: Desk, large: Desk, sizes: str) -> Row:
    def one(desk: Desk) -> Callable[[], object]:
        return lambda: inbox.page(_coordinator(), view, ROWS)

    pairs = _pairs(bench, small, large, one(small), one(large))
    return Row("9", f"{ROWS} reports of “{view}”, p50 of {sizes}", ratios(pairs, lambda side: side.p50), MOST, pairs,
               sides=("few", "many"))


def _visited(bench: Bench, small: Desk, large: Desk, path: str, what: str) -> Row:
    pairs = _pairs(bench, small, large, _visit(small, path), _visit(large, path))
    return Row("9", what, ratios(pairs, lambda side: side.p50), MOST, pairs, sides=("few", "many"))


def _visit(desk: Desk, path: str) -> Callable[[], object]:
    browser = desk.app.test_client(use_cookies=False)
    visitor = desk.read(lambda: doors.visitor(desk, _coordinator().id))

    def visit() -> object:
        answer = browser.get(path, headers={"Cookie": visitor.cookie}, base_url=visitor.origin)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
        return answer

    return visit


def _deep(bench: Bench, desk: Desk, size: str) -> Row:
    """A page far down, found by its cursor, against the first."""
    cursor = desk.read(lambda: _cursor_after(desk, 20))
    pairs = _pairs(bench, desk, desk, lambda: inbox.page(_coordinator(), "all", ROWS),
                   lambda: inbox.page(_coordinator(), "all", ROWS, cursor))
    return Row("9", f"{ROWS} reports far down / the first {ROWS}, p50 of {size}",
               ratios(pairs, lambda side: side.p50), MOST, pairs, sides=("first", "far down"))


def _cursor_after(desk: Desk, pages: int) -> str | None:
    """A cursor halfway down what is open, made from the number of the last report before it."""
    cursor: str | None = None
    for _ in range(pages):
        cursor = inbox.page(_coordinator(), "all", inbox.MOST_ROWS, cursor).next or cursor
    return cursor


def _coordinator() -> Operator:
    return db.session.get_one(Operator, 1)


def _pairs(bench: Bench, first: Desk, second: Desk, one: Callable[[], Any], other: Callable[[], Any]) -> list[Pair]:
    """Turn about, call by call: what else the machine does meets both."""
    pairs = []
    for number in range(bench.rounds + 1):
        taken: tuple[list[float], list[float]] = ([], [])
        for _ in range(CALLS // 4 if bench.quick else CALLS):
            taken[0].append(first.read(lambda: _timed(one)))
            taken[1].append(second.read(lambda: _timed(other)))
        if number:  # the first round warms up
            pairs.append((_side(taken[0]), _side(taken[1])))
    return pairs


def _timed(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _side(latencies: list[float]) -> Figures:
    return figures(latencies, sum(latencies))
