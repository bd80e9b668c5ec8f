"""Goals 1 to 3: what arrives is kept. Signed webhooks and forms against Flask with one insert."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.bench import bare, load
from benchmarks.bench.machine import Bench
from benchmarks.bench.results import Figures, Must, Pair, Row, figures, interleaved, ratios
from benchmarks.bench.sites import Desk, Server, alone
from benchmarks.bench.sites import bare as start_bare
from benchmarks.bench.workload import Stream, stream
from triage.db import db
from triage.models import Event, InboundItem, Message, Report
from triage.queries import ledger

CONNECTIONS = 16
MOST_TAIL = Must("<=", 8)
LONGEST = 300.0  # seconds until all that arrived in a round is compared
MUSTS = {"postgresql": ("1", Must(">=", 0.35)), "sqlite": ("2", Must(">=", 0.30))}


def measure(bench: Bench) -> list[Row]:
    """Both databases; the rows of goals 1 to 3."""
    return [*_on(bench, "sqlite"), *_on(bench, "postgresql")]


def _on(bench: Bench, database: str) -> list[Row]:
    goal, must = MUSTS[database]
    what = f"ingest a second, desk / bare, {CONNECTIONS} connections, {bench.names[database]}"
    tail = f"ingest p99 / p50 of the desk, {bench.names[database]}"
    if database == "postgresql" and bench.postgres is None:
        return [Row(goal, what, must=must, absent=bench.no_postgres),
                Row("3", tail, must=MOST_TAIL, absent=bench.no_postgres)]
    after: list[float] = []
    pairs = _pairs(bench, database, after)
    tails = [product.p99 / product.p50 for _, product in pairs]
    return [Row(goal, what, ratios(pairs, lambda one: one.rate), must, pairs),
            Row("3", tail, tails, MOST_TAIL),
            Row("12", f"reports a second compared by the server once nothing arrives, {bench.names[database]}", after)]


def _pairs(bench: Bench, database: str, after: list[float]) -> list[Pair]:
    folder = bench.folder / f"ingest-{database}"
    desk = Desk(folder, bench.database(database), ACKNOWLEDGE="0")
    streams = [stream(desk, bench.requests, seed) for seed in range(bench.rounds + 1)]
    program, where = _bare(bench, database, folder)
    one, other = start_bare(program, folder, BENCH_DATABASE=where), desk.serve()
    try:
        for server in (one, other):
            load.drive(server.port, streams[-1].requests[: bench.requests // 4], CONNECTIONS)
        return interleaved(
            bench.rounds, lambda number: _round(one, other, streams[number].requests),
            lambda number: _verified(desk, other, one, streams[number], after))
    finally:
        other.stop()
        one.stop()
        desk.close()


def _bare(bench: Bench, database: str, folder: Path) -> tuple[str, str]:
    """Name and database of the bare program, its table made."""
    file = folder / "bare.db"
    url = bench.database(database) or f"sqlite:///{file}"
    bare.make_items(url)
    return ("sqlite_insert", str(file)) if database == "sqlite" else ("orm_insert", url)


def _round(server: Server, other: Server, requests: Sequence[bytes]) -> Figures:
    with alone(server, other):
        spent = server.cpu_seconds()
        answers = load.drive(server.port, requests, CONNECTIONS)
        spent = server.cpu_seconds() - spent
    refused = [status for status in answers.statuses if status != 200]
    if refused:
        raise RuntimeError(f"{len(refused)} requests were not accepted: {set(refused)}\n{server.log()[-2000:]}")
    return figures(answers.latencies, answers.seconds, spent, server.memory())


def _verified(desk: Desk, server: Server, other: Server, said: Stream, after: list[float]) -> Figures:
    before = desk.read(_counts)
    measured = _round(server, other, said.requests)
    after.append(_compared(desk))  # all of them: so that no round pays for the one before
    grown = [now - then for now, then in zip(desk.read(_counts), before, strict=True)]
    if grown != [said.fresh] * 3 or desk.read(ledger.ledger).difference:
        raise RuntimeError(f"{said.fresh} messages were accepted; journal, messages and events grew by {grown}")
    return measured


def _compared(desk: Desk) -> float:
    """Wait until nothing waits for being compared; reports a second."""
    waiting, began = desk.read(_waiting), time.monotonic()
    while desk.read(_waiting):
        if time.monotonic() - began > LONGEST:
            raise RuntimeError(f"{desk.read(_waiting)} reports were not compared after {LONGEST} s")
        time.sleep(0.2)
    return float(waiting / max(time.monotonic() - began, 0.2))


def _waiting() -> int:
    found = db.session.scalar(select(func.count()).where(Report.compare_by.is_not(None))) or 0
    db.session.rollback()
    return found


def _counts() -> list[int]:
    """Journalled items, messages of citizens, events of their filing."""
    filed = Event.kind.in_(("report.opened", "report.joined"))
    return [db.session.scalar(select(func.count()).select_from(InboundItem)) or 0,
            db.session.scalar(select(func.count()).where(Message.direction == "in")) or 0,
            db.session.scalar(select(func.count()).where(filed)) or 0]
