"""What a stream says: rows of a CSV file in the order of their time, or made-up ones."""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from channels.simulator import texts

MOST_FIELD = 1_000_000
AGAIN_EVERY = 10  # of the made-up ones
PASSED_ON = ("RT @market_voices: {}", "Fwd: {}", "{} Please share!", "{}")


class Unplayable(Exception):
    """The file cannot be played; `str()` is one sentence."""


@dataclass(frozen=True)
class Row:
    """What somebody reports, and where, as far as that is said."""

    text: str
    place: str = ""


def of_file(path: Path, text_column: str, time_columns: Sequence[str], place_column: str | None = None) -> list[Row]:
    """The rows of a CSV file, gzipped or not, in the order of their time columns. Rows without text are left out.

    Times are compared as they are written (ISO dates and 24-hour times sort right). Raises Unplayable.
    """
    needed = [text_column, *time_columns, *([place_column] if place_column else [])]
    try:
        found = list(_records(path, needed))
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as problem:
        raise Unplayable(f"{path} cannot be read as CSV in UTF-8: {problem}.") from problem
    found.sort(key=lambda record: [record[name] for name in time_columns])
    rows = [Row(record[text_column].strip(), record[place_column].strip() if place_column else "") for record in found]
    return [row for row in rows if row.text]


def _records(path: Path, needed: Sequence[str]) -> Iterator[dict[str, str]]:
    csv.field_size_limit(MOST_FIELD)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            raise Unplayable(f"{path} has no column {missing[0]!r}; it has {', '.join(reader.fieldnames or ())}.")
        for record in reader:
            yield {name: record[name] or "" for name in needed}


def made_up(count: int, seed: int) -> list[Row]:
    """`count` reports in four languages that nobody made, every tenth passed on. The same seed, the same reports."""
    chance = random.Random(seed)  # noqa: S311 - made-up reports
    made: list[Row] = []
    for position in range(1, count + 1):
        made.append(_made_up(chance) if position % AGAIN_EVERY else _passed_on(chance.choice(made), chance))
    return made


def _passed_on(first: Row, chance: random.Random) -> Row:
    return Row(chance.choice(PASSED_ON).format(first.text), first.place)


def _made_up(chance: random.Random) -> Row:
    place = chance.choice(texts.PLACES)
    return Row(chance.choice(texts.REPORTS[chance.choice(list(texts.REPORTS))]).format(place=place), place)
