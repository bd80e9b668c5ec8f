"""Which reports may be the same as a new one: few, found by an index, however many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from math import sqrt
from typing import Any, cast

from sqlalchemy import Executable, Table, bindparam, literal_column, select, union_all

from triage.db import BigKey, db, let_go
from triage.models import Message, Report, Shingle, TextKey
from triage.similarity.incidents import DAY
from triage.statements import execute

NEWEST = 100  # of each shingle: what keeps the cost bounded (matching.md, section 1, step 3)
MOST = 20  # reports that are looked at
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
    found: dict[int, set[int]] = {}
    for h, other in execute(_newest(len(shingles)), {**bound, "number": report_id}):  # type: ignore[misc]  # it gives two
        found.setdefault(h, set()).add(other)
    weights: dict[int, float] = {}
    for others in found.values():
        for other in others:
            weights[other] = weights.get(other, 0.0) + 1 / sqrt(len(others))
    return sorted(weights, key=lambda other: (-weights[other], -other))[:MOST]


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
    same = select(TEXTS.c.report_id).where(TEXTS.c.body_hash == body_hash, TEXTS.c.report_id != report_id)
    return list(db.session.scalars(same.order_by(TEXTS.c.report_id.desc()).limit(MOST_ALIKE)))


def at_place(place_id: int, around: datetime, report_id: int) -> list[int]:
    """The newest reports about the same place within DAY of a moment, at most MOST, but for `report_id`."""
    near = select(REPORTS.c.id).where(REPORTS.c.place_id == place_id, REPORTS.c.id != report_id,
                                      REPORTS.c.received_at.between(around - DAY, around + DAY))
    return list(db.session.scalars(near.order_by(REPORTS.c.id.desc()).limit(MOST)))


WHAT = (REPORTS.c.id, REPORTS.c.duplicate_of, REPORTS.c.status, REPORTS.c.channel, REPORTS.c.contact_id,
        REPORTS.c.place_id, REPORTS.c.place_text, REPORTS.c.incident_id, REPORTS.c.received_at, MESSAGES.c.body)


def load(report_ids: Sequence[int]) -> Mapping[int, Candidate]:
    """Those of the reports that have a telling text, by their numbers."""
    if not report_ids:
        return {}
    query = select(*WHAT).select_from(REPORTS.join(TEXTS, TEXTS.c.report_id == REPORTS.c.id)
                                      .join(MESSAGES, MESSAGES.c.id == TEXTS.c.message_id))
    rows = db.session.execute(query.where(REPORTS.c.id.in_(report_ids))).all()
    return {row.id: Candidate(row.id, row.duplicate_of or row.id, row.status, row.channel, row.contact_id, row.place_id,
                              row.place_text, row.incident_id, row.received_at, row.body) for row in rows}


def waiting(most: int = 20) -> list[int]:
    """The reports that were not compared yet, the oldest first, at most so many."""
    pending = select(REPORTS.c.id).where(REPORTS.c.compare_by.is_not(None))
    return list(db.session.scalars(pending.order_by(REPORTS.c.id).limit(most)))


def waits(report_id: int) -> bool:
    """Whether a report was not compared yet. Ends what was being read."""
    found = db.session.scalar(select(REPORTS.c.compare_by).where(REPORTS.c.id == report_id))
    let_go()
    return found is not None
