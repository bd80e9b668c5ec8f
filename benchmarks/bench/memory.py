"""Goal 16: what one web process holds when nothing happens, against a bare Flask-SocketIO process."""

from __future__ import annotations

import time

from benchmarks.bench.machine import Bench
from benchmarks.bench.results import Figures, Must, Row, interleaved, ratios
from benchmarks.bench.sites import Desk, Server
from benchmarks.bench.sites import bare as start_bare

MOST = Must("<=", 1.6)
SETTLING = 3.0  # seconds: every loop has gone round


def measure(bench: Bench) -> list[Row]:
    """The row of goal 16, each process started afresh in every round."""
    desk = Desk(bench.folder / "memory")
    try:
        pairs = interleaved(2 if bench.quick else 3,
                            lambda _: _idle(start_bare("broadcast", desk.folder)), lambda _: _idle(desk.serve()))
    finally:
        desk.close()
    return [Row("16", "resident memory of an idle web process, desk / bare Flask-SocketIO",
                ratios(pairs, lambda one: one.memory), MOST, pairs)]


def _idle(server: Server) -> Figures:
    try:
        time.sleep(SETTLING)
        return Figures(1, SETTLING, memory=server.memory())
    finally:
        server.stop()
