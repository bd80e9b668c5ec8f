"""What queries give of incidents: plain frozen shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from triage.queries.shapes import Row
from triage.similarity.conflicts import Conflict


@dataclass(frozen=True)
class Named:
    """What an incident is called: as a person wrote it, else the place and the first words of its first report."""

    id: int
    title: str
    by_person: bool


@dataclass(frozen=True)
class Belonging:
    """The incident of a report and the others of it that the reader may see; `hidden` counts those they may not."""

    incident: Named
    reports: Sequence[int]  # all that the reader may see, the oldest first
    others: Sequence[Row]
    hidden: int
    may_change: bool


@dataclass(frozen=True)
class Voice:
    """A report of an incident and the words that tell what it is about."""

    row: Row
    text: str


@dataclass(frozen=True)
class Clash:
    """Two voices that contradict each other, and in what."""

    a: Voice
    b: Voice
    conflict: Conflict


@dataclass(frozen=True)
class IncidentView:
    """An incident, as one reader sees it: its reports, the oldest first; `hidden` counts those they may not see.

    `first` and `last` are when the first and the last of them came. Of more than 20 reports only the newest 20 are
    compared with each other.
    """

    incident: Named
    state: str
    voices: Sequence[Voice]
    hidden: int
    first: datetime
    last: datetime
    places: Sequence[tuple[str, str | None]]  # name, and code where it is one of the desk's list
    clashes: Sequence[Clash]
    may_change: bool
