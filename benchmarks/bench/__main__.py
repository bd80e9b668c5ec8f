"""`python -m benchmarks.bench`: measure, print, write the page; status 1 where a must does not hold."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.bench import claims, ingest, lists, matching, memory, outbox, report, sockets
from benchmarks.bench.machine import Bench
from benchmarks.bench.results import Row, missed

Group = Callable[[Bench], list[Row]]
GROUPS: Mapping[str, Group] = {
    "ingest": ingest.measure, "claims": claims.measure, "lists": lists.measure, "sockets": sockets.measure,
    "matching": matching.measure, "outbox": outbox.measure, "memory": memory.measure,
}
PEERS = [Row("4", "ingest / Apollo's SMS address, Request Tracker's mail gateway",
             absent="not run: peer not installed"),
         Row("8", "lock-step race a second / FreeScout", absent="not run: peer not installed")]


def main(arguments: Sequence[str] | None = None, groups: Mapping[str, Group] = GROUPS) -> int:
    """Run as the command line says; 0 where every must that was measured holds."""
    options = _options(arguments, groups)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as folder:
        rounds = options.rounds or (2 if options.quick else 5)
        with Bench(Path(folder), rounds, quick=options.quick, million=options.million) as bench:
            rows = [row for name in options.only for row in _measured(bench, name, groups[name])]
    rows = sorted([*rows, *PEERS], key=lambda row: int(row.goal.split()[0]))
    text = report.page(_command(options), _machine(options), rows, quick=options.quick)
    print(text)
    if options.paper:
        options.paper.write_text(text, "utf-8")
    return 1 if list(missed(rows, quick=options.quick)) else 0


def _measured(bench: Bench, name: str, group: Group) -> list[Row]:
    began = time.monotonic()
    rows = group(bench)
    print(f"{name}, {time.monotonic() - began:.0f} s", file=sys.stderr)
    for row in rows:
        print(f"  {report.line(row, quick=bench.quick)}", file=sys.stderr, flush=True)
    return rows


def _options(arguments: Sequence[str] | None, groups: Mapping[str, Group]) -> argparse.Namespace:
    def chosen(text: str) -> list[str]:
        names = text.split(",")
        if set(names) - set(groups):
            raise argparse.ArgumentTypeError(f"choose among {', '.join(groups)}")
        return names

    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", type=chosen, default=list(groups), help=f"some of {','.join(groups)}")
    parser.add_argument("--rounds", type=int, help="of each side; default 5")
    parser.add_argument("--quick", action="store_true", help="under a minute, with wide margins")
    parser.add_argument("--million", action="store_true", help="lists of a million reports too")
    parser.add_argument("--folder", type=Path, help="where the databases lie while it runs")
    parser.add_argument("--paper", type=Path, help="write the page here")
    return parser.parse_args(arguments)


def _command(options: argparse.Namespace) -> str:
    given = [*(["--quick"] if options.quick else []), *(["--million"] if options.million else []),
             *([f"--rounds {options.rounds}"] if options.rounds else []),
             *([f"--only {','.join(options.only)}"] if options.only != list(GROUPS) else [])]
    return f'make bench ARGS="{" ".join(given)}"' if given else "make bench"


def _machine(options: argparse.Namespace) -> str:
    rounds = options.rounds or (2 if options.quick else 5)
    return (f"{os.cpu_count()} processors, Python {platform.python_version()}, PostgreSQL with fsync on and SQLite "
            f"with full synchronisation on the local disk, clients on the same machine, {rounds} rounds; load average "
            f"of the last quarter of an hour, other work on the machine included: {os.getloadavg()[2]:.1f}.")


if __name__ == "__main__":
    sys.exit(main())
