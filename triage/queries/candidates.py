"""Which reports may be the same as a new one: few, found by an index, however many there are."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from math import sqrt
from typing import Any, cast

from sqlalchemy import Executable, Row, Select, Table, bindparam, select, text

from triage import clock
from triage.db import BigKey, UtcDateTime, db, let_go
from triage.models import Message, Operator, Report, TextKey
from triage.queries import scope
from triage.similarity.incidents import DAY
from triage.statements import execute

NEWEST = 100  # of each shingle: what keeps the cost bounded (matching.md, section 1, step 3)
MOST = 20  # reports that are looked at
MOST_OF_ONE = 2  # of one matter: its first may have been cut short or typed badly
LOOKED_THROUGH, SLICE = 300, 60  # of the likest, for those MOST
MOST_ALIKE = 5  # of those with the very same body
TEXTS, MESSAGES, REPORTS = (cast(Table, model.__table__) for model in (TextKey, Message, Report))
STANDS = REPORTS.c["id", "duplicate_of", "status", "channel", "contact_id", "place_id", "place_text", "incident_id",
                   "received_at"]


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


def by_shingles(shingles: Sequence[int], report_id: int) -> list[Candidate]:
    """The reports that share most with these shingles, at most MOST, the likest first; never `report_id` itself.

    A shingle weighs the less the more have it: 1/sqrt(how many), as in matching.md, section 1, step 3.
    """
    if not shingles:
        return []
    own, found = str(report_id), defaultdict[int, list[str]](list)
    for (line,) in execute(_newest(db.session.get_bind().dialect.name), {"hashes": json.dumps(shingles)}):
        others = line.split(",") if line else []
        if own in others:
            others.remove(own)
        found[min(len(others), NEWEST)] += others[:NEWEST]
    weights: Counter[str] = Counter()
    for how_many, numbers in found.items():
        weight = 1 / sqrt(how_many or 1)
        for number, shared in Counter(numbers).items():
            weights[number] += shared * weight  # type: ignore[assignment]  # typed as whole numbers
    likest = sorted(zip(weights.values(), map(int, weights), strict=True), reverse=True)
    return _of_many_matters([number for _, number in likest[:LOOKED_THROUGH]])


def _of_many_matters(ranked: Sequence[int]) -> list[Candidate]:
    """The first MOST, few of one matter: a text that five hundred repeat does not hide what else is alike."""
    chosen: list[Candidate] = []
    seen: Counter[int] = Counter()
    first, size = 0, MOST  # most often nothing but the first is looked at
    while first < len(ranked) and len(chosen) < MOST:
        for one in _in_order(ranked[first:first + size]):
            seen[one.primary_id] += 1
            if seen[one.primary_id] <= MOST_OF_ONE:
                chosen.append(one)
        first, size = first + size, SLICE
    return chosen[:MOST]


def _in_order(numbers: Sequence[int]) -> list[Candidate]:
    found = load(numbers)
    return [found[number] for number in numbers if number in found]


@cache
def _newest(dialect: str) -> Executable:
    """Of each shingle its newest reports, as one line of numbers, in one statement: a row for each would cost more
    than to find them. Neither database reads further than it must.

    BETWEEN, not =: PostgreSQL would rather read all that have a shingle, and sort them, than walk its index.
    """
    line = "group_concat(report_id)" if dialect == "sqlite" else "string_agg(CAST(report_id AS text), ',')"
    newest = NEWEST + 1  # the report itself is one of them
    return text(f"""SELECT (SELECT {line} FROM (SELECT report_id FROM shingles
        WHERE h BETWEEN each.h AND each.h ORDER BY h DESC, report_id DESC LIMIT {newest}) AS newest)
        FROM ({numbered(dialect)}) AS each""")  # noqa: S608 - words and numbers of ours


def numbered(dialect: str) -> str:
    """A query of `h`, each number of `:hashes`, a list in JSON: one statement for however many there are."""
    each = "json_each(:hashes)" if dialect == "sqlite" else "json_array_elements_text(CAST(:hashes AS json))"
    return f"SELECT CAST(value AS bigint) AS h FROM {each}"  # noqa: S608 - words of ours


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
    return {row.id: told(row, row.body) for row in rows}


def told(row: Row[Any], text: str) -> Candidate:
    """A report, of which STANDS was read, with its telling text."""
    return Candidate(row.id, row.duplicate_of or row.id, row.status, row.channel, row.contact_id, row.place_id,
                     row.place_text, row.incident_id, row.received_at, text)


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
LOAD = _of_numbers(*STANDS, MESSAGES.c.body).select_from(
    REPORTS.join(TEXTS, TEXTS.c.report_id == REPORTS.c.id).join(MESSAGES, MESSAGES.c.id == TEXTS.c.message_id))


def waiting(most: int = 20) -> dict[int, datetime]:
    """The reports that were not compared yet, the oldest first, at most so many; until when each is to be."""
    pending = select(REPORTS.c.id, REPORTS.c.compare_by).where(REPORTS.c.compare_by.is_not(None))
    return {row.id: row.compare_by for row in db.session.execute(pending.order_by(REPORTS.c.id).limit(most))}


def heads(actor: Operator, most: int) -> list[int]:
    """Of what `actor` could take and was not compared yet, what they would be given first, at most so many."""
    query = select(REPORTS.c.id).where(scope.waiting_for(actor.id, clock.now()), REPORTS.c.compare_by.is_not(None))
    first = query.order_by(REPORTS.c.priority, REPORTS.c.unanswered_since, REPORTS.c.id).limit(most)
    return list(db.session.execute(first).scalars())


def waits(report_id: int) -> bool:
    """Whether a report was not compared yet. Ends what was being read."""
    found = db.session.scalar(select(REPORTS.c.compare_by).where(REPORTS.c.id == report_id))
    let_go()
    return found is not None
