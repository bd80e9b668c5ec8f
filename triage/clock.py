"""The only source of time. Moments are aware and UTC; spans are measured by a clock that is never set."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def steady() -> float:
    """Seconds since some moment, never set back: only differences mean anything."""
    return time.monotonic()
