"""The result, for a terminal and for the repository."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.bench.results import Figures, Row, number

PAGE = """# Benchmarks

`{command}` made this page. Each ratio is of two sides measured one after the other, again and again (bare, desk,
bare, desk, …), on the same machine, the same kind of server and with as many connections; while one is measured the
other is held still. A figure is the median of the rounds with the smallest and the largest. *Bare* is the smallest
program that does the same raw work: it stores one row, or sends one thing, and promises nothing.

{machine}

## What must hold

| Goal | What | Must | Found | |
|---|---|---:|---:|---|
{rows}

The numbers of goals are those of the design. Goals that compare the desk with other systems (4 and 8) need those
systems installed beside it; here they are not run, and nothing is claimed about them.

## Both sides

Medians of the rounds. Processor time is that of the serving or calling processes, the database's own not included.

| Goal | Side | A second | p50 | p99 | CPU an operation | Memory |
|---|---|---:|---:|---:|---:|---:|
{sides}
"""


def page(command: str, machine: str, rows: Sequence[Row], *, quick: bool = False) -> str:
    """The report in Markdown."""
    return PAGE.format(command=command, machine=machine, rows="\n".join(line(row, quick=quick) for row in rows),
                       sides="\n".join(side for row in rows for side in _sides(row)))


def line(row: Row, *, quick: bool = False) -> str:
    """One line of the result."""
    verdict = row.verdict(quick=quick)
    shown = f"**{verdict}**" if verdict == "MISSED" else verdict
    note = f" ({row.note})" if row.note else ""
    return f"| {row.goal} | {row.what}{note} | {row.must or ''} | {row.found} | {shown} |"


def _sides(row: Row) -> list[str]:
    return [_side(row.goal, name, [pair[place] for pair in row.pairs])
            for place, name in enumerate(row.sides) if row.pairs]


def _side(goal: str, name: str, rounds: Sequence[Figures]) -> str:
    def middle(values: list[float], unit: str) -> str:
        found = sorted(values)[len(values) // 2]
        return f"{number(found)} {unit}" if found else ""

    return (f"| {goal} | {name} | {number(sorted(one.rate for one in rounds)[len(rounds) // 2])} "
            f"| {middle([one.p50 for one in rounds], 'ms')} | {middle([one.p99 for one in rounds], 'ms')} "
            f"| {middle([one.cpu for one in rounds], 'ms')} | {middle([one.memory for one in rounds], 'MiB')} |")
