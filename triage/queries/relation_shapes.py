"""What queries give of reports that belong together: plain frozen shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triage.queries.shapes import Row


@dataclass(frozen=True)
class Linked:
    """A report that goes with another, and why: `a` of a difference are the words of the copy, `b` of its primary."""

    row: Row
    why: Mapping[str, Any]
    by: str | None  # public name of who said so; None: the desk by itself


@dataclass(frozen=True)
class Offer:
    """Another report that may be the same, for a person to decide; `a` are the words of the report that is shown."""

    match: int
    kind: str  # same_message | same_incident
    row: Row
    why: Mapping[str, Any]
    other_person: bool  # both are known, and differ
    may_confirm: bool
    may_reject: bool


@dataclass(frozen=True)
class May:
    """What somebody may say of two reports: that one is a copy of the other; that they are not the same."""

    link: bool
    answer: bool


@dataclass(frozen=True)
class Relations:
    """What goes with a report, or what it goes with, and what may belong to it: at most three of these."""

    copy_of: Linked | None = None
    copies: Sequence[Linked] = ()
    offers: Sequence[Offer] = ()
    may_unlink: bool = False
