"""What a table would change of the places that are known, and which of its lines do not fit together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from triage.errors import N_
from triage.gazetteer import codes, folding
from triage.gazetteer.sheet import Line, Sheet, Wrong
from triage.gazetteer.spotting import MOST_KEY

DEEPEST = 12  # places around a place

TWICE = N_("The code stands on line %(other)s already.")
NO_PARENT = N_("There is no place with the code “%(parent)s” for it to lie in, neither here nor on the desk.")
WRONG_PARENT = N_("It lies in “%(parent)s”, whose line %(other)s is wrong.")
CIRCLE = N_("It lies in itself: %(way)s.")
TOO_DEEP = N_("It lies in more than %(most)s places, one in the other.")


@dataclass(frozen=True)
class Known:
    """A place as the desk has it."""

    id: int
    code: str
    name: str
    aliases: tuple[str, ...]
    parent: str | None  # the key of its parent's code
    point: tuple[float, float] | None


@dataclass(frozen=True)
class Plan:
    """What an import does: places in an order in which each comes after the one it lies in."""

    new: Sequence[Line]
    changed: Sequence[Line]
    unchanged: int
    wrong: Sequence[Wrong]
    ignored: Sequence[str]


def plan(sheet: Sheet, known: Mapping[str, Known]) -> Plan:
    """What this table would change of `known`, by the keys of codes; its wrong lines in the order of the table."""
    lines, wrong = _once(sheet.lines)
    bad = {folding.key(one.about.split(" ")[0]): one.number for one in sheet.wrong if one.about}
    fit, unfit = _rooted(lines, known, bad)
    order = sorted(fit, key=lambda one: one[0])
    new = [line for _depth, line in order if line.key not in known]
    changed = [line for _depth, line in order if line.key in known and differs(line, known[line.key])]
    return Plan(new, changed, len(order) - len(new) - len(changed),
                sorted([*sheet.wrong, *wrong, *unfit], key=lambda one: one.number), sheet.ignored)


def differs(line: Line, known: Known) -> bool:
    """Whether a line says something else than the desk knows."""
    said: list[tuple[object, object]] = [(line.code, known.code), (line.name, known.name)]
    said += [(line.aliases, known.aliases)] if line.aliases is not None else []
    said += [(line.within or None, known.parent)] if line.within is not None else []
    said += [(line.point, known.point)] if line.pointed else []
    return any(new != old for new, old in said)


def _once(lines: Sequence[Line]) -> tuple[dict[str, Line], list[Wrong]]:
    first: dict[str, Line] = {}
    wrong = []
    for line in lines:
        other = first.setdefault(line.key, line)
        if other is not line:
            wrong.append(_wrong(line, TWICE, other=other.number))
    return first, wrong


def _wrong(line: Line, sentence: str, **params: object) -> Wrong:
    return Wrong(line.number, f"{line.code} {line.name}"[:60], sentence, params)


def _rooted(lines: Mapping[str, Line], known: Mapping[str, Known],
            bad: Mapping[str, int]) -> tuple[list[tuple[int, Line]], list[Wrong]]:
    """The lines that lie somewhere, with how deep; and those that do not, or lie in one that does not.

    Looked through again without what was wrong, until nothing is: at most as often as places may lie in one another.
    """
    fit, out, wrong = dict(lines), dict(bad), dict[str, Wrong]()
    while True:
        depths, circles = _depths(fit, known)
        unfit = {key: found for key in fit if (found := _unfit(key, fit, known, out, depths[key], circles)) is not None}
        if not unfit:
            return [(depths[key], line) for key, line in fit.items()], list(wrong.values())
        wrong |= unfit
        out |= {key: one.number for key, one in unfit.items()}
        fit = {key: line for key, line in fit.items() if key not in unfit}


def _parent(key: str, lines: Mapping[str, Line], known: Mapping[str, Known]) -> str | None:
    line = lines.get(key)
    if line is not None and line.within is not None:
        return line.within or None
    return known[key].parent if key in known else None


def _depths(lines: Mapping[str, Line], known: Mapping[str, Known]) -> tuple[dict[str, int], set[str]]:
    """In how many places each lies, as far as they are there; and which go round in a circle."""
    depths: dict[str, int] = {}
    circles: set[str] = set()
    for key in lines:
        way: dict[str, None] = {}
        at: str | None = key
        while at is not None and at not in depths and at not in way:
            way[at] = None
            parent = _parent(at, lines, known)
            at = parent if parent in lines or parent in known else None
        if at in way:
            circles.update(list(way)[list(way).index(at):])
        above = depths.get(at, -1) if at is not None else -1
        for deeper, one in enumerate(reversed(way), 1):
            depths[one] = above + deeper
    return depths, circles


def _unfit(key: str, lines: Mapping[str, Line], known: Mapping[str, Known],
           out: Mapping[str, int], depth: int, circles: set[str]) -> Wrong | None:
    line, parent = lines[key], _parent(key, lines, known)
    if key in circles:
        return _wrong(line, CIRCLE, way=_way(key, lines, known))
    if depth > DEEPEST:
        return _wrong(line, TOO_DEEP, most=DEEPEST)
    if parent is None or parent in lines or parent in known:
        return None
    said = line.parent or parent
    return _wrong(line, WRONG_PARENT, parent=said, other=out[parent]) if parent in out else (
        _wrong(line, NO_PARENT, parent=said))


def _way(key: str, lines: Mapping[str, Line], known: Mapping[str, Known]) -> str:
    """The circle in codes, at most six of them."""
    way, at = [key], _parent(key, lines, known)
    while at is not None and at != key and len(way) < 6:
        way.append(at)
        at = _parent(at, lines, known)
    return " → ".join([*(lines[one].code if one in lines else known[one].code for one in way),
                       lines[key].code if at == key else "…"])


def names(code: str, name: str, aliases: Sequence[str]) -> dict[str, str]:
    """Under what a place is found: key -> code, name or alias. What is a code and a name too is a code."""
    found = dict.fromkeys(codes.keys(code), "code")
    for kind, said in (("name", name), *(("alias", alias) for alias in aliases)):
        found.setdefault(folding.key(said)[:MOST_KEY], kind)
    return found
