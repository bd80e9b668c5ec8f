"""A table of places as people make it: CSV in UTF-8, with commas, semicolons or tabs, its columns in any order.

Reading never fails: whatever is not understood is a wrong line, with what is wrong with it.
"""

from __future__ import annotations

import csv
import io
import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from triage.errors import N_
from triage.gazetteer import codes, folding

MOST_NAME, MOST_ALIASES, MOST_LINES = 200, 30, 200_000
COLUMNS = {"code": "code", "id": "code", "name": "name", "aliases": "aliases", "alias": "aliases",
           "other_names": "aliases", "parent": "parent", "parent_code": "parent", "lat": "lat", "latitude": "lat",
           "lon": "lon", "lng": "lon", "long": "lon", "longitude": "lon"}
NEEDED = ("code", "name")
BETWEEN_ALIASES = "|"

NOT_UTF8 = N_("This line is not UTF-8. Save the table as “CSV UTF-8” and try again.")
NO_HEADER = N_("The first line must name the columns: code, name and, if wanted, aliases, parent, lat, lon.")
NO_COLUMN = N_("There is no column “%(name)s”. The first line must name the columns.")
TWO_COLUMNS = N_("The column “%(name)s” stands twice.")
UNREADABLE = N_("This line cannot be read as CSV: perhaps a quotation mark is not closed.")
TOO_MANY_LINES = N_("A table has at most %(most)s lines. Divide it.")
TOO_MANY_CELLS = N_("This line has more cells than the first one names.")
NO_CODE = N_("The code is missing. It needs a letter or a digit.")
NO_NAME = N_("The name is missing. It needs a letter or a digit.")
LONG = N_("“%(name)s” has more than %(most)s characters.")
MANY_ALIASES = N_("A place has at most %(most)s other names.")
HALF_A_POINT = N_("A point needs both numbers, lat and lon.")
NO_NUMBER = N_("“%(value)s” is no number of degrees, such as -0.0917.")
OUT_OF_RANGE = N_("%(value)s degrees are not on the earth: lat is -90 to 90, lon -180 to 180.")


@dataclass(frozen=True)
class Line:
    """One place as a line says it. None: the table has no such column, and what is known stays."""

    number: int
    code: str
    name: str
    aliases: tuple[str, ...] | None = None
    parent: str | None = None  # a code; "": it lies in none
    point: tuple[float, float] | None = None
    pointed: bool = False  # whether the table says anything of points

    @cached_property
    def key(self) -> str:
        """What makes two codes the same."""
        return folding.key(self.code)

    @cached_property
    def within(self) -> str | None:
        """The key of its parent's code; "": it lies in none."""
        return None if self.parent is None else folding.key(self.parent)


@dataclass(frozen=True)
class Wrong:
    """A line that cannot be read: its number, what it is about, and a sentence with named places."""

    number: int
    about: str
    sentence: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """What a table says."""

    lines: Sequence[Line]
    wrong: Sequence[Wrong]
    ignored: Sequence[str] = ()  # columns that mean nothing here


class _Unfit(Exception):
    """A line is wrong: its sentence and what fills it."""

    def __init__(self, sentence: str, **params: object) -> None:
        super().__init__(sentence)
        self.sentence, self.params = sentence, params


def read(content: bytes) -> Sheet:
    """What a table says, whatever it is."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        return Sheet((), [Wrong(content.count(b"\n", 0, problem.start) + 1, "", NOT_UTF8)])
    rows = _rows(text)
    head = next(rows, None)
    if head is None or isinstance(head, Wrong) or not any(cell.strip() for cell in head[1]):
        return Sheet((), [Wrong(1, "", NO_HEADER)])
    named = [COLUMNS.get(cell.strip().casefold().replace(" ", "_"), "") for cell in head[1]]
    ignored = [cell.strip() for cell, name in zip(head[1], named, strict=True) if not name and cell.strip()]
    unfit = _unfit_head(named)
    return Sheet((), [unfit], ignored) if unfit else _sheet(rows, named, ignored)


def _unfit_head(named: Sequence[str]) -> Wrong | None:
    for name in NEEDED:
        if name not in named:
            return Wrong(1, "", NO_COLUMN, {"name": name})
    twice = [name for name in named if name and named.count(name) > 1]
    return Wrong(1, "", TWO_COLUMNS, {"name": twice[0]}) if twice else None


def _rows(text: str) -> Iterator[tuple[int, list[str]] | Wrong]:
    """Each record with the number of the line it begins on; the last thing is a Wrong where reading ends early."""
    first = text[:text.find("\n") if "\n" in text else len(text)]
    apart = max(",;\t", key=first.count)
    reader, begins = csv.reader(io.StringIO(text, newline=""), delimiter=apart, strict=True), 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error:
        yield Wrong(begins, "", UNREADABLE)


def _sheet(rows: Iterator[tuple[int, list[str]] | Wrong], named: Sequence[str], ignored: Sequence[str]) -> Sheet:
    lines: list[Line] = []
    wrong: list[Wrong] = []
    for row in rows:
        if isinstance(row, Wrong):
            wrong.append(row)
            break
        number, cells = row
        if len(lines) + len(wrong) == MOST_LINES:
            wrong.append(Wrong(number, "", TOO_MANY_LINES, {"most": MOST_LINES}))
            break
        said = {name: clean(cell) for name, cell in zip(named, cells, strict=False) if name}
        try:
            if any(cell.strip() for cell in cells[len(named):]):
                raise _Unfit(TOO_MANY_CELLS)
            lines.append(_line(number, said))
        except _Unfit as problem:
            about = " ".join(part for part in (said.get("code"), said.get("name")) if part)
            wrong.append(Wrong(number, about[:codes.MOST_CODE], problem.sentence, problem.params))
    return Sheet(lines, wrong, ignored)


def clean(cell: str) -> str:
    """A cell as one line of harmless text."""
    if cell.isascii() and cell.isprintable():
        return " ".join(cell.split())
    plain = "".join(sign if unicodedata.category(sign) not in ("Cc", "Cs") else " " for sign in cell)
    return " ".join(unicodedata.normalize("NFC", plain).split())


def _line(number: int, said: Mapping[str, str]) -> Line:
    point = _point(said.get("lat", ""), said.get("lon", ""))
    return Line(
        number, _text(said.get("code", ""), codes.MOST_CODE, NO_CODE), _text(said.get("name", ""), MOST_NAME, NO_NAME),
        _aliases(said["aliases"]) if "aliases" in said else None, _parent(said), point, "lat" in said or "lon" in said,
    )


def _text(cell: str, most: int, missing: str) -> str:
    if len(cell) > most:
        raise _Unfit(LONG, name=cell[:40] + "…", most=most)
    if not folding.key(cell):
        raise _Unfit(missing)
    return cell


def _parent(said: Mapping[str, str]) -> str | None:
    return said["parent"] if "parent" in said and (not said["parent"] or _text(said["parent"], codes.MOST_CODE, NO_CODE)
                                                   ) else None


def _aliases(cell: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(each.strip() for each in cell.split(BETWEEN_ALIASES) if folding.key(each)))
    if len(found) > MOST_ALIASES:
        raise _Unfit(MANY_ALIASES, most=MOST_ALIASES)
    return tuple(_text(each, MOST_NAME, NO_NAME) for each in found)


def _point(lat: str, lon: str) -> tuple[float, float] | None:
    if not lat and not lon:
        return None
    if not lat or not lon:
        raise _Unfit(HALF_A_POINT)
    return _degrees(lat, 90), _degrees(lon, 180)


def _degrees(cell: str, most: int) -> float:
    try:
        found = float(cell.replace(",", "."))
    except ValueError:
        raise _Unfit(NO_NUMBER, value=cell[:20]) from None
    if not math.isfinite(found):
        raise _Unfit(NO_NUMBER, value=cell[:20])
    if abs(found) > most:
        raise _Unfit(OUT_OF_RANGE, value=cell[:20])
    return found
