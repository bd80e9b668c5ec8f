"""The desk in figures: what the floor shows, and how many reports there are of each kind. No words, no names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from triage.db import db
from triage.models import Operator, Report
from triage.models.reports import OUTCOMES, STATUSES
from triage.queries import floor, places
from triage.queries.place_shapes import PlaceCount


@dataclass(frozen=True)
class Stats:
    """Figures true at event number `seq`."""

    seq: int
    reports: Mapping[str, int]  # by status
    outcomes: Mapping[str, int]  # of closed reports
    new: int
    longest_wait_since: datetime | None
    danger_open: int
    on_shift: int
    people: int
    waiting_sends: int
    send_problems: int
    quarantined: int
    leases_frozen_at: datetime | None
    places: Sequence[PlaceCount]


def stats(actor: Operator) -> Stats:
    """The figures of this moment, the floor's own among them."""
    seen = floor.floor(actor)
    return Stats(
        seq=seen.seq, reports=_counted(Report.status, STATUSES), outcomes=_counted(Report.outcome, OUTCOMES),
        new=seen.new, longest_wait_since=seen.longest_wait_since, danger_open=seen.danger_open,
        on_shift=seen.on_shift, people=seen.people, waiting_sends=seen.waiting_sends,
        send_problems=seen.send_problems, quarantined=seen.quarantined, leases_frozen_at=seen.leases_frozen_at,
        places=places.counted(),
    )


def _counted(column: object, words: tuple[str, ...]) -> dict[str, int]:
    query = select(column, func.count()).group_by(column)  # type: ignore[call-overload]  # any column of words
    found = dict(db.session.execute(query).all())
    return {word: found.get(word, 0) for word in words}
