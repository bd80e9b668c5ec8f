"""What a run has measured, said at its end, and `--reliability PAGE`: the same as a page of the documentation.

A test leaves figures (`figures("…")`) and rows of the kill matrix as properties of its report, so that they
arrive wherever tests run side by side. `--rounds N` runs every test of tests/faults N times, but those marked
`once`; `--beside PAGE` adds a run of other tests to the page.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

FIGURE, ROW = "figure", "row"
TURN, FIRST = re.compile(r"turn\d+-?|-?turn\d+"), re.compile(r"turn0\b")

INTRO = """# Reliability

What was broken on purpose, how often, and what came of it. `{command}` runs it again and writes this page.

{machine}

**{tests} faults, {runs} runs, {failed} failed. Kill matrix: {cells} cells, {kills} deaths; lost {lost},
doubled {doubled}, sent twice {twice}.**

Every run ends with the checker of `tests/checker.py` (invariants I1 to I10 of the safety paper: no loss, no
invention, one report an item, one holder, one acceptance, no lost answer, no answer after STOP, states that
only move forward, a history without holes) and with the simulator's ledger, which never forgets.

## The kill matrix

`requests` and `accepted` are what the network's ledger counted of the one answer, `at death` what stood in the
database. `uncertain` is an answer nobody can know about: a person decides, no machine sends it again.

| Desk | Point | Struck | At death | Requests | Accepted | Ends | Runs | Lost | Doubled | Sent twice |
|---|---|---|---|---:|---:|---|---:|---:|---:|---:|
{matrix}

## Every fault

| Fault | Runs | Held | Slowest |
|---|---:|---:|---:|
{faults}

What the first round of them measured:

{figures}
"""

BESIDE = """
## {title}

`{command}`

| Test | Runs | Held | Slowest |
|---|---:|---:|---:|
{tests}

{figures}
"""


class Cell(NamedTuple):
    """One death: where, who, what stood at it, and how it ended by the network's ledger."""

    desk: str
    point: str
    struck: str
    at_death: str
    requests: int
    accepted: int
    end: str
    lost: int
    doubled: int
    twice: int

    def line(self) -> str:
        """For a terminal."""
        return (f"{self.desk:10} {self.point:14} {self.struck:22} {self.at_death:10} {self.requests:3} "
                f"{self.accepted:3}  {self.end:10} {self.lost:4} {self.doubled:4} {self.twice:4}")


Matrix = Callable[[Cell], None]  # notes a cell

# Settings of tests which `make soak` raises.
SIZES = ("AMBIGUOUS", "DUEL_ROUNDS", "MODEL_RUNS", "MODEL_STEPS", "POISON", "REDIS_FAULT_SECONDS", "REHEARSED",
         "VOICES", "WITHHELD")
HEADER = (f"{'desk':10} {'point':14} {'struck':22} {'at death':10} {'req':>3} {'acc':>3}  {'ends':10} "
          "lost dbld twice")


Runs = dict[str, list[tuple[bool, float]]]  # of each test by its name: whether it held, and its seconds


class Notes:
    """Everything said by the tests of a run."""

    def __init__(self, page: Path | None, beside: Path | None) -> None:
        self.page, self.beside = page, beside
        self.figures: list[str] = []
        self.first: list[str] = []  # those of the first round
        self.cells: list[Cell] = []
        self.runs: Runs = defaultdict(list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take down what a test has left; called where the terminal is, whoever ran the test."""
        if report.when == "call" or (report.when == "setup" and report.failed):
            self.runs[_name(report.nodeid)].append((report.passed, report.duration))
        if report.when != "teardown":
            return
        for name, value in report.user_properties:
            if name == FIGURE:
                self.figures.append(f"{_name(report.nodeid)}: {value}")
                if not TURN.search(report.nodeid) or FIRST.search(report.nodeid):
                    self.first.append(self.figures[-1])
            elif name == ROW and isinstance(value, list | tuple):
                self.cells.append(Cell(*value))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say it."""
        if self.figures:
            terminalreporter.section("figures")
            terminalreporter.write_line("\n".join(self.figures))
        if self.cells:
            terminalreporter.section("kill matrix")
            terminalreporter.write_line("\n".join([HEADER, *(cell.line() for cell in self.cells)]))
        if self.page:
            self.page.write_text(page(self.cells, self.runs, self.first), "utf-8")
        if self.beside:
            with self.beside.open("a", encoding="utf-8") as file:
                file.write(section(self.runs, self.figures))


def _name(nodeid: str) -> str:
    """A fault by its test and parameters, whichever turn it was."""
    test = TURN.sub("", nodeid.rpartition("::")[2])
    words, _, case = test.partition("[")
    case = case.rstrip("]").replace("-desk", "").strip("-")
    return words.removeprefix("test_").replace("_", " ") + (f" ({case})" if case else "")


def page(cells: Iterable[Cell], faults: Runs, figures: list[str]) -> str:
    """The page of a run of the faults, in Markdown."""
    counted = Counter(cells)
    lines = [f"| {' | '.join(map(str, cell[:7]))} | {runs} | {cell.lost * runs} | {cell.doubled * runs} "
             f"| {cell.twice * runs} |" for cell, runs in sorted(counted.items())]
    everything = [held for runs in faults.values() for held, _ in runs]
    return INTRO.format(
        command="make soak", machine=f"{os.cpu_count()} processors, Python {platform.python_version()}.",
        tests=len(faults), runs=len(everything), failed=everything.count(False), cells=len({c[:3] for c in counted}),
        kills=counted.total(), lost=sum(c.lost * n for c, n in counted.items()),
        doubled=sum(c.doubled * n for c, n in counted.items()), twice=sum(c.twice * n for c, n in counted.items()),
        matrix="\n".join(lines), faults=_table(faults), figures=_figures(figures),
    )


def section(tests: Runs, figures: list[str]) -> str:
    """Another run's part of the page."""
    chosen = {name: value for name, value in os.environ.items() if name in SIZES}
    command = " ".join([*(f"{name}={value}" for name, value in sorted(chosen.items())), "pytest", *sys.argv[1:]])
    files = [Path(word).stem.removeprefix("test_") for word in sys.argv[1:] if word.startswith("tests/")]
    title = f"Beside the faults: {', '.join(files).replace('_', ' ')}"
    return BESIDE.format(title=title, command=command, tests=_table(tests), figures=_figures(figures))


def _table(runs: Runs) -> str:
    return "\n".join(f"| {name} | {len(of)} | {sum(held for held, _ in of)} | {max(took for _, took in of):.0f} s |"
                     for name, of in sorted(runs.items()))


def _figures(figures: list[str]) -> str:
    return "\n".join(f"- {figure}" for figure in sorted(figures))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--rounds`, `--reliability` and `--beside`."""
    parser.addoption("--rounds", type=int, default=1, help="run every test of tests/faults so many times")
    parser.addoption("--reliability", type=Path, help="write what was broken, and what came of it, to this page")
    parser.addoption("--beside", type=Path, help="add what this run has shown to that page")


def pytest_configure(config: pytest.Config) -> None:
    """Listen, where the terminal is."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Notes(config.getoption("reliability"), config.getoption("beside")), "notes")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """So many turns of each fault."""
    rounds = metafunc.config.getoption("rounds")
    if rounds > 1 and "tests/faults/" in metafunc.definition.nodeid:
        metafunc.fixturenames.append("turn")
        metafunc.parametrize("turn", range(rounds), ids=lambda turn: f"turn{turn}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is marked `once` has no second turn."""
    again = [item for item in items if item.get_closest_marker("once") and _turn(item) > 0]
    items[:] = [item for item in items if item not in again]
    config.hook.pytest_deselected(items=again)


def _turn(item: pytest.Item) -> int:
    """Which of its rounds it is."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("turn", 0) if callspec else 0
