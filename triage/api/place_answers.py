"""What programs are given of places."""

from __future__ import annotations

from collections.abc import Sequence

from triage.api.answer import Answer
from triage.queries import place_shapes


class Place(Answer):
    """A place of the desk's list; `within` names what it lies in, the nearest first."""

    code: str
    name: str
    within: Sequence[str]
    other_names: Sequence[str]
    lat: float | None
    lon: float | None


class Places(Answer):
    """What some words may mean: one where it is clear."""

    items: Sequence[Place]


class PlaceCount(Answer):
    """How many reports there are at a place and in it, copies aside."""

    code: str
    name: str
    reports: int
    still_open: int


class Mention(Answer):
    """A span of the text, in characters, that names a place; without a code of ours nobody knows which."""

    start: int
    stop: int
    said: str
    place_code: str | None


def place(view: place_shapes.PlaceView) -> Place:
    """A place of the list."""
    lat, lon = view.point or (None, None)
    return Place(code=view.code, name=view.name, within=view.within, other_names=view.other_names, lat=lat, lon=lon)


def mention(view: place_shapes.MentionView) -> Mention:
    """A span of a message."""
    code = view.place.code if view.place else None
    return Mention(start=view.start, stop=view.stop, said=view.said, place_code=code)


def count(counted: place_shapes.PlaceCount) -> PlaceCount:
    """The reports of a place."""
    return PlaceCount(code=counted.place.code, name=counted.place.name, reports=counted.reports,
                      still_open=counted.still_open)
