"""The report of a rehearsal, for a terminal and for the repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.rehearsal.books import Entry
from triage.demo.plan import Expected

PAPER = """# The rehearsal

A stream of reports plays into a fresh desk while scripted operators take, answer, discard and close over
HTTP; afterwards the books must balance. What is expected is fixed by the rows and the seed before anything
is sent. `{command}` runs it again (with `--limit 300` a short one); this page is
what the last full run wrote.

{intro}

## Promises

| What | Expected | Found | |
|---|---:|---:|---|
{promises}

## Figures

{machine}

| | |
|---|---|
{figures}
"""
EXPECTED = """{said} rows: {messages} messages and posts through the simulator, {forms} web forms, {additions} additions
at /back. {opened} open a report, {joined} join one, {commands} are commands. These counts are exact: every sender
is new except those of follow-ups, and a follow-up joins its report even where that was closed meanwhile (it
reopens)."""


def expectation(expected: Expected, said: int) -> str:
    """What must come out, said beforehand."""
    return EXPECTED.format(
        said=said, messages=expected.messages, forms=expected.forms, additions=expected.additions,
        opened=expected.opened, joined=expected.joined, commands=expected.commands,
    )


def page(command: str, intro: str, machine: str, entries: Sequence[Entry], figures: Mapping[str, str]) -> str:
    """The report in Markdown."""
    promises = [f"| {one.promise} | {one.expected} | {one.found} | {'kept' if one.kept else '**broken**'} |"
                for one in entries]
    lines = [f"| {name} | {value} |" for name, value in figures.items()]
    return PAPER.format(command=command, intro=intro, machine=machine, promises="\n".join(promises),
                        figures="\n".join(lines))
