"""Places: what a text names, what lies in what, and what somebody may have meant by a few words."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, ColumnElement, Row, TextClause, func, select, text
from sqlalchemy.orm import aliased

from triage.db import db, is_postgresql
from triage.gazetteer import folding, settling, spotting, tree
from triage.gazetteer.sheet import Sheet
from triage.gazetteer.spotting import MOST_SHARED, Found, Spot
from triage.gazetteer.tree import Known
from triage.models import Operator, Place, PlaceName, Report
from triage.models.places import BETWEEN
from triage.queries import scope
from triage.queries.place_shapes import PlaceCount, PlaceView
from triage.rights import Right
from triage.statements import execute

MOST_CHOICES = 10
MOST_COUNTED = 200
SHOWN = 50
_UP = """
WITH RECURSIVE up(place, at, far) AS (
    SELECT id, parent_id, 1 FROM places WHERE id IN (SELECT {asked}) AND parent_id IS NOT NULL
    UNION ALL SELECT up.place, places.parent_id, up.far + 1 FROM up JOIN places ON places.id = up.at
    WHERE places.parent_id IS NOT NULL AND up.far < 20
) SELECT place, at FROM up ORDER BY place, far"""
# What is known under each key, at most so many places of each: a name that more of them bear names none.
_FIND = """
SELECT key, place_id, kind FROM (
    SELECT found.key, found.place_id, found.kind,
        row_number() OVER (PARTITION BY found.key ORDER BY found.place_id) AS nth
    FROM {asked} JOIN place_names AS found ON found.key = asked.value
) AS counted WHERE nth <= :most ORDER BY key, nth"""
ABOVE = {"sqlite": text(_UP.format(asked="value FROM json_each(:asked)")),
         "postgresql": text(_UP.format(asked="unnest(CAST(:asked AS bigint[]))"))}
FIND = {"sqlite": text(_FIND.format(asked="json_each(:asked) AS asked")),
        "postgresql": text(_FIND.format(asked="unnest(CAST(:asked AS varchar[])) AS asked(value)"))}


@dataclass(frozen=True)
class Seen:
    """What is named in some texts, and what the named places lie in, as far as that decided anything."""

    spots: Sequence[Spot]
    above: Mapping[int, Sequence[int]]

    @property
    def clear(self) -> int | None:
        """The one place that is meant: of what was asked for first, then of everything that was said."""
        asked = settling.clear([spot for spot in self.spots if spot.field], self.above)
        return asked if asked is not None else settling.clear(self.spots, self.above)


def look(said: str, asked: str = "") -> Seen:
    """The places that a text names; `asked` is what the person wrote where a place was asked for.

    One statement, and a second where several places are named.
    """
    known = named([*spotting.keys(asked), *spotting.keys(said)])
    spots = [*spotting.spots(asked, known, field=True), *spotting.spots(said, known)]
    around = above(settling.lookups(spots))
    return Seen(settling.settled(spots, around), around)


def named(keys: Sequence[str]) -> dict[str, Found]:
    """What is known under each of these keys; nothing where more than MOST_SHARED places are."""
    if not keys:
        return {}
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in _ask(FIND, list(dict.fromkeys(keys)), most=MOST_SHARED + 1):
        found[row.key].append(row)
    return {key: _found(rows) for key, rows in found.items() if len(rows) <= MOST_SHARED}


def _found(rows: Sequence[Row[Any]]) -> Found:
    coded = tuple(row.place_id for row in rows if row.kind == "code")
    return Found(coded, code=True) if coded else Found(tuple(row.place_id for row in rows))


def _ask(statement: Mapping[str, TextClause], asked: Sequence[object], **more: object) -> Iterable[Row[Any]]:
    if is_postgresql():
        return execute(statement["postgresql"], {"asked": asked, **more})
    return execute(statement["sqlite"], {"asked": json.dumps(asked), **more})


def above(ids: Collection[int]) -> dict[int, list[int]]:
    """What each of these places lies in, the nearest first."""
    found: dict[int, list[int]] = {number: [] for number in ids}
    for row in _ask(ABOVE, sorted(ids)) if ids else ():
        found[row.place].append(row.at)
    return found


def inside(place_id: int) -> CTE:
    """The numbers of a place and of everything in it, as a table of one column, `id`."""
    inner = select(Place.id).where(Place.id == place_id).cte("inside", recursive=True)
    below = aliased(Place)
    return inner.union(select(below.id).join(inner, below.parent_id == inner.c.id))


def reported(place_id: int) -> ColumnElement[bool]:
    """Reports at a place or at one in it: a condition."""
    return Report.place_id.in_(select(inside(place_id).c.id))


def counted() -> list[PlaceCount]:
    """How many reports, copies aside, there are at each place and in it, and how many of them are open; most first."""
    own = select(Report.place_id, func.count(), func.count().filter(Report.closed_at.is_(None)))
    own = own.where(Report.place_id.is_not(None), Report.duplicate_of.is_(None)).group_by(Report.place_id)
    rows = [(number, everything, still) for number, everything, still in db.session.execute(own) if number is not None]
    around = above({number for number, _every, _still in rows})
    found: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for number, everything, still in rows:
        for place in (number, *around[number]):
            found[place][0] += everything
            found[place][1] += still
    best = sorted(found, key=lambda number: (-found[number][0], number))[:MOST_COUNTED]
    named_ = views(best)
    return [PlaceCount(named_[number], *found[number]) for number in best]


def views(ids: Iterable[int | None]) -> dict[int, PlaceView]:
    """Places by number, with what they lie in; none is asked for where there is none."""
    wanted = {number for number in ids if number is not None}
    if not wanted:
        return {}
    around = above(wanted)
    everything = wanted.union(*around.values())
    found = {one.id: one for one in db.session.scalars(select(Place).where(Place.id.in_(everything)))}
    return {number: _view(found[number], [found[at].name for at in around[number] if at in found])
            for number in wanted if number in found}


def _view(place: Place, within: Sequence[str]) -> PlaceView:
    point = (place.lat, place.lon) if place.lat is not None and place.lon is not None else None
    return PlaceView(place.id, place.code, place.name, tuple(within), tuple(place.other_names), point)


def choices(words: str, most: int = MOST_CHOICES) -> list[PlaceView]:
    """What somebody may mean by a few words: the place if it is clear, else those so called, else those that begin so.

    Nothing where nothing is known by these words.
    """
    seen = look("", words)
    if seen.clear is not None:
        return list(views([seen.clear]).values())
    several = [place for spot in seen.spots for place in spot.places][:most]
    return _in_order(several or _beginning(folding.key(words), most))


def _beginning(key: str, most: int) -> list[int]:
    if not key:
        return []
    begins = PlaceName.key >= key, PlaceName.key < key + "\U0010ffff"
    query = select(PlaceName.place_id, func.min(PlaceName.key)).where(*begins).group_by(PlaceName.place_id)
    return [number for number, _key in db.session.execute(query.order_by(func.min(PlaceName.key)).limit(most))]


def _in_order(ids: Sequence[int]) -> list[PlaceView]:
    found = views(ids)
    return [found[number] for number in dict.fromkeys(ids) if number in found]


def by_code(code: str) -> PlaceView | None:
    """The place with this code, however its signs are written."""
    number = db.session.scalar(select(Place.id).where(Place.code_key == folding.key(code)))
    return views([number]).get(number) if number is not None else None


def any_known() -> bool:
    """Whether the desk has a list of places at all."""
    return db.session.scalar(select(Place.id).limit(1)) is not None


def listed(actor: Operator, words: str = "") -> tuple[list[PlaceView], int]:
    """The places found by some words, or the outermost ones; and how many the desk has. Forbidden."""
    scope.require(actor, Right.MANAGE_PLACES)
    total = db.session.scalar(select(func.count()).select_from(Place)) or 0
    if words:
        return choices(words, SHOWN), total
    outermost = select(Place.id).where(Place.parent_id.is_(None)).order_by(Place.code).limit(SHOWN)
    return _in_order(db.session.scalars(outermost).all()), total


def known() -> dict[str, Known]:
    """Every place as an import compares it, by the key of its code."""
    outer = aliased(Place)
    query = select(Place.id, Place.code_key, Place.code, Place.name, Place.aliases, outer.code_key.label("parent"),
                   Place.lat, Place.lon)
    rows = db.session.execute(query.join(outer, Place.parent_id == outer.id, isouter=True))
    return {key: Known(number, code, name, tuple(aliases.split(BETWEEN)) if aliases else (), parent,
                       (lat, lon) if lat is not None and lon is not None else None)
            for number, key, code, name, aliases, parent, lat, lon in rows}


def plan(sheet: Sheet, actor: Operator) -> tree.Plan:
    """What importing a table would change. Forbidden."""
    scope.require(actor, Right.MANAGE_PLACES)
    return tree.plan(sheet, known())
