"""Times of day in a text: "08:00", "8h30", "8 am", "10:15 pm"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from triage.similarity.folding import folded

APART = 15  # minutes from which two times are others: people's clocks differ
HALF_DAY, DAY = 12 * 60, 24 * 60
TIME = re.compile(
    r"(?<![\d/.:,-])(?P<hour>\d{1,2})(?:\s?[:h]\s?(?P<minute>\d{2}))?"
    r"(?:\s?(?P<half>[ap])\.?m\b\.?)?(?![\d/:,-]\d|\d)", re.I)


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day: `minutes` since midnight, where it stands; `half_known`: it is said in which half of the day."""

    minutes: int
    half_known: bool
    start: int
    end: int


def times_in(text: str) -> tuple[Time, ...]:
    """The times of day in `text`, in order. No bare number, none with a dot (a sum), no "4 h" (how long it took)."""
    return tuple(time for found in TIME.finditer(text) if (time := _time(found)) is not None)


def _time(found: re.Match[str]) -> Time | None:
    half = (found["half"] or "").lower()
    if not (half or found["minute"]):
        return None
    hour, minute = int(folded(found["hour"])), int(folded(found["minute"] or "0"))
    if minute > 59 or hour > 23 or (half and not 1 <= hour <= 12):
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return Time(hour * 60 + minute, bool(half) or hour > 12 or hour == 0, *found.span())


def apart(one: Time, other: Time) -> int:
    """Minutes between two times of day; where of either it is not said which half of the day is meant, the fewest."""
    whole = DAY if one.half_known and other.half_known else HALF_DAY
    between = abs(one.minutes - other.minutes) % whole
    return min(between, whole - between)
