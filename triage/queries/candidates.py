"""Which reports may be the same as a new one: few, found by an index, however many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from math import sqrt
from typing import Any, cast

from sqlalchemy import Executable, Select, Table, bindparam, func, literal_column, select, union_all

from triage.db import BigKey, UtcDateTime, db, let_go
from triage.models import Message, Report, Shingle, TextKey
from triage.similarity.incidents import DAY
from triage.statements import execute

NEWEST = 100  # of each shingle: what keeps the cost bounded (matching.md, section 1, step 3)
MOST = 20  # reports that are looked at
MOST_OF_ONE = 2  # of one matter: its first may have been cut short or typed badly
LOOKED_THROUGH, SLICE = 300, 60  # of the likest, for those MOST
MOST_ALIKE = 5  # of those with the very same body
KEYS, TEXTS, MESSAGES, REPORTS = (cast(Table, model.__table__) for model in (Shingle, TextKey, Message, Report))


@dataclass(frozen=True)
class Candidate:
    """A report as it is compared: its telling text, who said it, where and when, and what has become of it."""

    report_id: int
    primary_id: int  # itself, where it is no copy
    status: str
    channel: str
    contact_id: int | None
    place_id: int | None
    place_text: str | None
    incident_id: int | None
    received_at: datetime
    text: str

    @property
    def id(self) -> int:
        """Its number, as a report itself calls it."""
        return self.report_id


def by_shingles(shingles: Sequence[int], report_id: int) -> list[int]:
    """The reports that share most with these shingles, at most MOST, the likest first; never `report_id` itself.

    A shingle weighs the less the more have it: 1/sqrt(how many), as in matching.md, section 1, step 3.
    """
    if not shingles:
        return []
    bound = {f"h{place}": h for place, h in enumerate(shingles)}
    # Plain pairs of numbers: there are thousands, and a row object around each costs more than finding them.
    found = execute(_newest(len(shingles)), {**bound, "number": report_id}).cursor.fetchall()
    weight = {h: 1 / sqrt(count) for h, count in Counter(h for h, _ in found).items()}
    weights: dict[int, float] = {}
    for h, other in found:
        weights[other] = weights.get(other, 0.0) + weight[h]
    return _of_many_matters(sorted(weights, key=lambda other: (-weights[other], -other)))


def _of_many_matters(ranked: Sequence[int]) -> list[int]:
    """The first MOST, few of one matter: a text that five hundred repeat does not hide what else is alike."""
    chosen: list[int] = []
    seen: Counter[int] = Counter()
    for first in range(0, min(len(ranked), LOOKED_THROUGH), SLICE):
        some = ranked[first:first + SLICE]
        matter = _matters(some) if len(ranked) > MOST else {}
        for number in some:
            primary = matter.get(number, number)
            seen[primary] += 1
            if seen[primary] <= MOST_OF_ONE:
                chosen.append(number)
        if len(chosen) >= MOST:
            break
    return chosen[:MOST]


def _matters(numbers: Sequence[int]) -> Mapping[int, int]:
    """Of each of the reports the one that stands for it."""
    return {row.id: row.matter for row in execute(MATTERS, {"numbers": numbers}).all()}


@cache
def _newest(count: int) -> Executable:
    """The newest reports of each shingle, in one statement that neither database reads further than it must."""
    def of_one(place: int) -> Any:
        h = bindparam(f"h{place}", type_=BigKey)
        rows = select(KEYS.c.h, KEYS.c.report_id).where(KEYS.c.h == h, KEYS.c.report_id != bindparam("number"))
        return select(rows.order_by(KEYS.c.report_id.desc()).limit(literal_column(str(NEWEST))).subquery())

    return union_all(*[of_one(place) for place in range(count)])


def by_hash(body_hash: str, report_id: int) -> list[int]:
    """The newest reports with the very same body, but for `report_id`."""
    return list(execute(SAME_BODY, {"body_hash": body_hash, "number": report_id}).scalars())


def at_place(place_id: int, around: datetime, report_id: int) -> list[int]:
    """The newest reports about the same place within DAY of a moment, at most MOST, but for `report_id`."""
    bound = {"place": place_id, "number": report_id, "since": around - DAY, "until": around + DAY}
    return list(execute(AT_PLACE, bound).scalars())


def load(report_ids: Sequence[int]) -> Mapping[int, Candidate]:
    """Those of the reports that have a telling text, by their numbers."""
    rows = execute(LOAD, {"numbers": report_ids}).all() if report_ids else ()
    return {row.id: Candidate(row.id, row.duplicate_of or row.id, row.status, row.channel, row.contact_id, row.place_id,
                              row.place_text, row.incident_id, row.received_at, row.body) for row in rows}


def _of_numbers(*columns: Any) -> Select[Any]:
    return select(*columns).where(REPORTS.c.id.in_(bindparam("numbers", expanding=True)))


# Built once: to build a statement costs several times as much as to run it.
ANOTHER = bindparam("number", type_=BigKey)
SAME_BODY = (select(TEXTS.c.report_id).where(TEXTS.c.body_hash == bindparam("body_hash"), TEXTS.c.report_id != ANOTHER)
             .order_by(TEXTS.c.report_id.desc()).limit(MOST_ALIKE))
SINCE, UNTIL = (bindparam(name, type_=UtcDateTime) for name in ("since", "until"))
AT_PLACE = (select(REPORTS.c.id).where(REPORTS.c.place_id == bindparam("place", type_=BigKey), REPORTS.c.id != ANOTHER,
                                       REPORTS.c.received_at.between(SINCE, UNTIL))
            .order_by(REPORTS.c.id.desc()).limit(MOST))
MATTERS = _of_numbers(REPORTS.c.id, func.coalesce(REPORTS.c.duplicate_of, REPORTS.c.id).label("matter"))
LOAD = _of_numbers(*REPORTS.c["id", "duplicate_of", "status", "channel", "contact_id", "place_id", "place_text",
                              "incident_id", "received_at"], MESSAGES.c.body).select_from(
    REPORTS.join(TEXTS, TEXTS.c.report_id == REPORTS.c.id).join(MESSAGES, MESSAGES.c.id == TEXTS.c.message_id))


def waiting(most: int = 20) -> list[int]:
    """The reports that were not compared yet, the oldest first, at most so many."""
    pending = select(REPORTS.c.id).where(REPORTS.c.compare_by.is_not(None))
    return list(db.session.scalars(pending.order_by(REPORTS.c.id).limit(most)))


def waits(report_id: int) -> bool:
    """Whether a report was not compared yet. Ends what was being read."""
    found = db.session.scalar(select(REPORTS.c.compare_by).where(REPORTS.c.id == report_id))
    let_go()
    return found is not None
