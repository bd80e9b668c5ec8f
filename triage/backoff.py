"""When to try a send again, and when to ask what became of one. Pure."""

from __future__ import annotations

import random
from datetime import timedelta

FIRST_SECONDS = 2.0
CEILING_SECONDS = 15 * 60.0
MAX_ATTEMPTS = 12
LOOKS = tuple(timedelta(seconds=at) for at in (5, 30, 120))  # behind the doubt; then it would be there
SHORTEST_LOOK, LONGEST_LOOK = timedelta(seconds=30), timedelta(minutes=10)  # while the provider cannot be asked
LAST_LOOK = timedelta(hours=6)


def delay(attempts: int, *, jitter: float | None = None) -> timedelta:
    """How long to wait after `attempts` failed tries (1 or more).

    Exponential with full jitter between half and the whole step, so that many deliveries that
    failed together do not come back together (Brooker, "Exponential Backoff and Jitter", 2015).
    `jitter` in 0..1 replaces the random number.
    """
    step = min(FIRST_SECONDS * 2 ** max(attempts - 1, 0), CEILING_SECONDS)
    share = random.random() if jitter is None else jitter  # noqa: S311 - spreads load, protects nothing
    return timedelta(seconds=step * (0.5 + 0.5 * share))


def exhausted(attempts: int) -> bool:
    """Whether a person must look instead of another try (12 tries take about an hour and a half)."""
    return attempts >= MAX_ATTEMPTS


def next_look(doubted: timedelta, *, silent: bool = False) -> timedelta | None:
    """When to ask again about a send that has been in doubt for so long; None: it is a person's turn.

    `silent`: the provider could not be asked this time, so that nothing is known yet.
    """
    for at in LOOKS:
        if at > doubted:
            return at - doubted
    if silent and doubted < LAST_LOOK:
        return min(max(doubted / 2, SHORTEST_LOOK), LONGEST_LOOK)
    return None
