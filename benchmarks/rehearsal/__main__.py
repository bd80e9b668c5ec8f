"""`python -m benchmarks.rehearsal [FILE]`: run it, print the books, leave with status 1 where a promise broke."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rehearsal import books, paper
from benchmarks.rehearsal.books import Entry
from benchmarks.rehearsal.crew import Crew
from benchmarks.rehearsal.desk import HANDLES, NUMBERS, Desk, ScaledDesk
from benchmarks.rehearsal.network import Network
from triage.demo import plan as plans
from triage.demo import rows
from triage.demo.plan import Plan
from triage.demo.player import Player

if TYPE_CHECKING:
    from benchmarks.rehearsal.pictures import Photographer

MADE_UP = 1000
QUIET_SECONDS = 180.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as the command line says; 0 where every promise was kept."""
    options = _options(arguments)
    rehearsed = plans.plan(_rows(options), options.seed)
    intro = paper.expectation(rehearsed.expected(), len(rehearsed.utterances))
    print(f"Expected, before anything is sent:\n{intro}\n", flush=True)
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-")))
        folder.mkdir(parents=True, exist_ok=True)
        entries, figures = _rehearse(options, rehearsed, folder)
    machine = _machine(options, ScaledDesk if options.scaled else Desk)
    text = paper.page(_command(options), intro, machine, entries, figures)
    print(text)
    if options.paper:
        options.paper.write_text(text, "utf-8")
    return 0 if all(one.kept for one in entries) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="rehearsal", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="rows of a CSV file (.gz too); without: made-up reports")
    parser.add_argument("--text-column", default="report")
    parser.add_argument("--time-column", default="date,time", help="one column or several, apart by commas")
    parser.add_argument("--place-column")
    parser.add_argument("--limit", type=int, help="at most so many rows")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=0.0, help="reports a second; 0: as fast as it goes")
    parser.add_argument("--operators", type=int, default=20)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--undo-seconds", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the databases stay; default: a folder that is removed")
    parser.add_argument("--scaled", action="store_true", help="on PostgreSQL and Redis: two web nodes, two workers")
    parser.add_argument("--pictures", type=Path, help="take pictures of desk and floor into this folder")
    parser.add_argument("--pictures-after", type=float, default=60.0, help="seconds after the start")
    parser.add_argument("--paper", type=Path, help="write the report here, in Markdown")
    return parser.parse_args(arguments)


def _command(options: argparse.Namespace) -> str:
    """What a person types to run the same again."""
    words = [*(["--scaled"] if options.scaled else []), f"--rate {options.rate:g}", f"--seed {options.seed}"]
    return f'make rehearsal FILE=reports.csv.gz ARGS="{" ".join(words)}"'


def _rows(options: argparse.Namespace) -> list[rows.Row]:
    if options.file is None:
        return rows.made_up(options.limit or MADE_UP, options.seed)
    times = [name for name in options.time_column.split(",") if name]
    return rows.of_file(options.file, options.text_column, times, options.place_column)[: options.limit]


def _rehearse(options: argparse.Namespace, rehearsed: Plan, folder: Path) -> tuple[list[Entry], dict[str, str]]:
    desk = (ScaledDesk if options.scaled else Desk)(folder, undo_seconds=options.undo_seconds)
    staff = desk.furnish(options.operators)
    began = time.monotonic()
    with desk, Network(desk.app, desk.addresses):
        crew = Crew(desk.addresses, staff.operators, options.processes, options.seed)
        crew.start()
        camera = _camera(options, desk.addresses[0], staff.operators[0], staff.coordinator)
        player = Player(desk.simulator_path, desk.addresses[0], NUMBERS, HANDLES)
        lost = player.play(rehearsed, options.rate).lost
        print(f"{time.monotonic() - began:.0f} s: everything is said, {len(lost)} could not be", flush=True)
        _settle(desk)
        diaries = crew.finish()
        print(f"{time.monotonic() - began:.0f} s: nothing is left to take", flush=True)
        _settle(desk)
        seconds, memory, cpu = time.monotonic() - began, desk.peak_memory(), desk.cpu_seconds()
        if camera is not None:
            camera.finish()
    with ExitStack() as stack:
        if isinstance(desk, ScaledDesk):
            stack.callback(desk.close)
        stack.enter_context(desk.app.app_context())
        entries = [Entry("reports that could not be said", 0, len(lost)),
                   *books.audit(rehearsed, desk.simulator_path, diaries),
                   Entry("complaints in the servers' logs", "", desk.log()[:500])]
        return entries, books.figures(diaries, seconds, memory, cpu)


def _camera(options: argparse.Namespace, address: str, operator: str, coordinator: str) -> Photographer | None:
    """The photographer, imported only where pictures are wanted: playwright is a tool of development."""
    if options.pictures is None:
        return None
    from benchmarks.rehearsal.pictures import Photographer  # noqa: PLC0415 - see above

    return Photographer(address, options.pictures, options.pictures_after, operator, coordinator)


def _settle(desk: Desk) -> None:
    """Wait until nothing is on its way between network and desk."""
    until = time.monotonic() + QUIET_SECONDS
    with desk.app.app_context():
        while not books.quiet(desk.simulator_path) and time.monotonic() < until:
            desk.require_alive()
            time.sleep(0.5)


def _machine(options: argparse.Namespace, desk: type[Desk]) -> str:
    pace = f"at {options.rate:g} a second" if options.rate else "as fast as they could be said"
    return (f"{os.cpu_count()} processors, Python {platform.python_version()}; {desk.database}; "
            f"{options.operators} operators in {options.processes} processes and all citizens on the same machine; "
            f"reports came {pace}; an answer could be taken back for {options.undo_seconds} s. "
            f"Operators do not pause to think, so the processors are always busy; load average of the last quarter of "
            f"an hour, other work on the machine included: {os.getloadavg()[2]:.0f}.")


if __name__ == "__main__":
    sys.exit(main())
