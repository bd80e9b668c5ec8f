"""How often a network did something lately, without keeping an address anywhere.

Counted per address prefix (/24, /48), under a fingerprint whose key is made when the process starts
and lives in memory only; entries are forgotten when their window has passed. Each process counts
for itself. A counter that is full forgets its oldest networks: limits here slow, they never refuse
a report, so forgetting is the safe side.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

from flask import current_app

from triage import clock
from triage.web import throttle

KEY = os.urandom(32)
MOST_NETWORKS = 50_000
EVERYBODY = ""


class Pace:
    """Sliding counts of the last `window`, per network. Safe to use from several threads."""

    def __init__(self, window: timedelta) -> None:
        """Count nothing yet."""
        self.window = window
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, network: str) -> int:
        """How often within the window, as far as known."""
        with self._lock:
            return len(self._recent(network))

    def add(self, network: str) -> int:
        """Note one more and give the count with it."""
        with self._lock:
            seen = self._recent(network)
            seen.append(clock.now())
            self._seen[network] = seen
            self._seen.move_to_end(network)
            while len(self._seen) > MOST_NETWORKS:
                self._seen.popitem(last=False)
            return len(seen)

    def wait(self, network: str, most: int) -> timedelta:
        """How long until the count is below `most`; zero where it is already."""
        with self._lock:
            seen = self._recent(network)
            if len(seen) < most:
                return timedelta()
            return seen[len(seen) - most] + self.window - clock.now()

    def _recent(self, network: str) -> deque[datetime]:
        seen = self._seen.get(network, deque())
        since = clock.now() - self.window
        while seen and seen[0] <= since:
            seen.popleft()
        if not seen:
            self._seen.pop(network, None)
        return seen


def of_app(name: str, window: timedelta) -> Pace:
    """This application's own counter called `name`."""
    paces: dict[str, Pace] = current_app.extensions.setdefault("triage_paces", {})
    return paces.setdefault(name, Pace(window))


def asker() -> str:
    """A fingerprint of the network this request comes from."""
    return hashlib.blake2b(throttle.network().encode(), key=KEY, digest_size=16).hexdigest()
