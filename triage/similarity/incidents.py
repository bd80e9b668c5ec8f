"""Whether two tellings may be of the same incident: a suggestion for a person, never a decision.

Text alone does not tell (matching.md, section 3, 4): the day, the place and the codes of polling stations do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt

from triage.similarity import languages
from triage.similarity.codes import Code
from triage.similarity.preparing import Prepared
from triage.similarity.words import words_of

INCIDENT_VERSION = 1  # raised whenever a weight or the threshold changes
THRESHOLD = 0.5  # of the score, from which a pair is worth a person's glance
TEXT = 0.6  # for all words of content in common
SOON, DAY = timedelta(hours=12), timedelta(hours=36)
IN_TIME, OUT_OF_TIME = 0.15, -0.55  # within SOON; more than DAY apart
SAME_PLACE, INSIDE, OTHER_PLACE, OTHER_NAME = 0.2, 0.1, -0.3, -0.05
SAME_CODE, OTHER_CODE = 0.2, -0.45
HERE, NEAR, FAR = 1.0, 10.0, 50.0  # km between two points: the same place, the same neighbourhood, another
EARTH = 6371.0  # km


class Ground(StrEnum):
    """What speaks for one incident, or against it."""

    TEXT = "text"  # words in common
    TIME = "time"  # the same hours
    OTHER_TIME = "other_time"
    PLACE = "place"  # the same place
    INSIDE = "inside"  # one place lies in the other, or near
    OTHER_PLACE = "other_place"
    CODE = "code"  # the same code of a station
    OTHER_CODE = "other_code"
    EMPTY = "empty"  # too little said to compare


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a telling is about: codes of the desk's places from the smallest to its parents, a name as somebody
    wrote it, latitude and longitude in degrees. Whatever is unknown is left out."""

    name: str = ""
    codes: tuple[str, ...] = ()
    point: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """A message with what is known of it: when it was said (both of a pair with a zone, or neither), and where."""

    message: Prepared
    at: datetime | None = None
    where: Whereabouts = field(default_factory=Whereabouts)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much speaks for one incident (`score`, 0 to 1), whether to offer it, and why, strongest first.

    `apart` is the time between the two and `shared_codes` the station codes in both, for the sentence
    "same station, 20 minutes apart".
    """

    score: float
    offered: bool
    grounds: tuple[tuple[Ground, float], ...]
    apart: timedelta | None = None
    shared_codes: tuple[str, ...] = ()
    version: int = INCIDENT_VERSION


def likeness(a: Telling, b: Telling) -> Likeness:
    """How likely `a` and `b` tell of one incident. Symmetric; never raises on naive against naive times.

    Source: matching.md, section 1, step 5: text overlap, same day, place the same or near, same code, less a
    conflicting code, nothing for an empty text. The weights were chosen on hand-labelled pairs of the public set.
    """
    apart = abs(a.at - b.at) if a.at is not None and b.at is not None else None
    shared = _shared(a.message.codes, b.message.codes)
    if a.message.is_empty or b.message.is_empty:
        return Likeness(0.0, False, ((Ground.EMPTY, 0.0),), apart, shared)
    parts = (
        (Ground.TEXT, TEXT * overlap(a.message, b.message)),
        *_of_time(apart),
        *_of_place(a, b),
        *_of_codes(a.message.codes, b.message.codes),
    )
    score = min(1.0, max(0.0, sum(weight for _, weight in parts)))
    grounds = tuple(sorted(parts, key=lambda part: (-abs(part[1]), part[0])))
    return Likeness(round(score, 4), score >= THRESHOLD, grounds, apart, shared)


def overlap(a: Prepared, b: Prepared) -> float:
    """The share (0 to 1) of words of content in common, numbers aside: twice the common ones by all (Dice)."""
    ours, theirs = set(a.telling), set(b.telling)
    return 2 * len(ours & theirs) / (len(ours) + len(theirs)) if ours and theirs else 0.0


def _of_time(apart: timedelta | None) -> tuple[tuple[Ground, float], ...]:
    if apart is None or SOON < apart <= DAY:
        return ()
    return ((Ground.TIME, IN_TIME),) if apart <= SOON else ((Ground.OTHER_TIME, OUT_OF_TIME),)


def _of_codes(a: tuple[Code, ...], b: tuple[Code, ...]) -> tuple[tuple[Ground, float], ...]:
    """A code of one shape in both: the same, or another; ward 7 in both is outweighed by unit 6 against unit 7."""
    shapes = {_shape(code.text) for code in a} & {_shape(code.text) for code in b}
    ours, theirs = {code.text for code in a}, {code.text for code in b}
    if any(not _of_shape(ours, shape) & _of_shape(theirs, shape) for shape in shapes):
        return ((Ground.OTHER_CODE, OTHER_CODE),)
    return ((Ground.CODE, SAME_CODE),) if shapes else ()


def _shape(code: str) -> str:
    """Codes can be compared when they have the same label, or as many groups."""
    return code.rpartition(" ")[0] or str(code.count("/"))


def _of_shape(codes: set[str], shape: str) -> set[str]:
    return {code for code in codes if _shape(code) == shape}


def _shared(a: tuple[Code, ...], b: tuple[Code, ...]) -> tuple[str, ...]:
    return tuple(sorted({code.text for code in a} & {code.text for code in b}))


def _of_place(a: Telling, b: Telling) -> tuple[tuple[Ground, float], ...]:
    """By the desk's codes, else by points, else by names: the surest that both have decides."""
    if a.where.codes and b.where.codes:
        return _by_codes(a.where.codes, b.where.codes)
    if a.where.point and b.where.point:
        return _by_distance(kilometres(a.where.point, b.where.point))
    if a.where.name and b.where.name:
        return _by_names(a, b)
    return ()


def _by_codes(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[tuple[Ground, float], ...]:
    if a[0] == b[0]:
        return ((Ground.PLACE, SAME_PLACE),)
    related = a[0] in b or b[0] in a
    return ((Ground.INSIDE, INSIDE),) if related else ((Ground.OTHER_PLACE, OTHER_PLACE),)


def _by_distance(distance: float) -> tuple[tuple[Ground, float], ...]:
    if distance <= HERE:
        return ((Ground.PLACE, SAME_PLACE),)
    if distance <= NEAR:
        return ((Ground.INSIDE, INSIDE),)
    return ((Ground.OTHER_PLACE, OTHER_PLACE),) if distance > FAR else ()


def _by_names(a: Telling, b: Telling) -> tuple[tuple[Ground, float], ...]:
    """A place's name may also stand in the other's text. Other names are weak evidence: a town and its state differ."""
    ours, theirs = _name_words(a.where.name), _name_words(b.where.name)
    if not ours or not theirs:
        return ()
    if ours & (theirs | set(b.message.words)) or theirs & set(a.message.words):
        return ((Ground.PLACE, SAME_PLACE),)
    return ((Ground.OTHER_PLACE, OTHER_NAME),)


def _name_words(name: str) -> frozenset[str]:
    return frozenset(word for word in words_of(name).texts if word not in languages.PLACE_WORDS)


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The distance over ground between two points in degrees (haversine)."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(radians, point)) for point in (one, other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH * asin(min(1.0, sqrt(half)))
