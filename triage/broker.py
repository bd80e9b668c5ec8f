"""The desk's Redis, asked without ever waiting long for it.

Redis carries hints and counts: who rings which worker, who tried to sign in how often. All of it may be
lost at any moment. So whoever asks gives up within half a second, and after a failure does not ask again
for a while.
"""

from __future__ import annotations

from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from triage import clock

CONNECT_SECONDS = 0.2
ANSWER_SECONDS = 0.5
BREAK_SECONDS = 2.0


def impatient() -> dict[str, Any]:
    """Options of a connection that gives up at once: no second try, no long wait."""
    return {"socket_connect_timeout": CONNECT_SECONDS, "socket_timeout": ANSWER_SECONDS,
            "retry": Retry(NoBackoff(), 0)}


def client(url: str) -> Redis:
    """An impatient connection. Raises redis.RedisError when used, within a moment, where Redis is away."""
    return Redis.from_url(url, **impatient())


class Breaker:
    """Remembers for BREAK_SECONDS that somebody did not answer, so that nobody waits for them again meanwhile."""

    def __init__(self) -> None:
        """Nothing is known against them yet."""
        self._until = clock.steady()

    @property
    def open(self) -> bool:
        """Whether they failed a moment ago: do not ask."""
        return clock.steady() < self._until

    def trip(self) -> bool:
        """They failed now; whether that is news."""
        fresh = clock.steady() > self._until + BREAK_SECONDS
        self._until = clock.steady() + BREAK_SECONDS
        return fresh
