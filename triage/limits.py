"""May this account send now, and when may it? Pure arithmetic on the sliding windows of an account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Window:
    """At most `count` attempts in any `seconds`; `nth_newest` is when the one that ended count-th last ended.

    None means that fewer than `count` attempts exist at all.
    """

    count: int
    seconds: int
    nth_newest: datetime | None


@dataclass(frozen=True)
class Past:
    """The same window with the moments at which what may still count in it ended, the oldest first."""

    count: int
    seconds: int
    moments: Sequence[datetime]


def next_slot(now: datetime, windows: Iterable[Window]) -> datetime:
    """The earliest moment at or after `now` at which one more attempt fits every sliding window."""
    return max([now, *(_free_at(window) for window in windows if window.nth_newest)])


def _free_at(window: Window) -> datetime:
    assert window.nth_newest is not None  # noqa: S101 - narrowed by the caller
    return window.nth_newest + timedelta(seconds=window.seconds)


def schedule(now: datetime, windows: Sequence[Past], most: int, takes: timedelta = timedelta()) -> list[datetime]:
    """When the next `most` attempts may begin if each begins as soon as every window has room for it.

    The first of them at or after `now`; none before the one before it. `takes` is how long each is on its way.
    """
    begun = [list(window.moments) for window in windows]
    found: list[datetime] = []
    at = now
    for _ in range(most):
        full = [pair for pair in zip(windows, begun, strict=True) if len(pair[1]) >= pair[0].count]
        at = max([at, *(moments[-window.count] + timedelta(seconds=window.seconds) for window, moments in full)])
        for moments in begun:
            moments.append(at + takes)
        found.append(at)
    return found

