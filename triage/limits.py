"""May this account send now? Pure arithmetic on the windows of an account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Window:
    """At most `count` attempts in any `seconds`; `nth_newest` is when the count-th newest attempt began.

    None means that fewer than `count` attempts exist at all.
    """

    count: int
    seconds: int
    nth_newest: datetime | None


def next_slot(now: datetime, windows: Iterable[Window]) -> datetime:
    """The earliest moment at or after `now` at which one more attempt fits every sliding window."""
    return max([now, *(_free_at(window) for window in windows if window.nth_newest)])


def _free_at(window: Window) -> datetime:
    assert window.nth_newest is not None  # noqa: S101 - narrowed by the caller
    return window.nth_newest + timedelta(seconds=window.seconds)
