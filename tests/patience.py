"""Waiting for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60.0  # seconds: a desk that was killed must have recovered by then


def until(true: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Wait for something; whether it came true in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
