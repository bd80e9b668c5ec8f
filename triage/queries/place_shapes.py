"""What queries give of places: plain frozen shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PlaceView:
    """A place as people see it; `within` names what it lies in, the nearest first."""

    id: int
    code: str
    name: str
    within: Sequence[str] = ()
    other_names: Sequence[str] = ()
    point: tuple[float, float] | None = None


@dataclass(frozen=True)
class MentionView:
    """A span of a message that names a place; without one a code nobody knows, or a name of several places."""

    id: int
    start: int
    stop: int
    said: str
    code: bool
    place: PlaceView | None
    by_person: bool


@dataclass(frozen=True)
class PlaceCount:
    """How many reports there are at a place and in it, and how many of those are not closed."""

    place: PlaceView
    reports: int
    still_open: int
