"""What every loop beside requests is: threads of this process, begun once and ended once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from triage import clock


class Loop:
    """Threads that run until `_ending` is set. Who waits for more than that is woken by `_wake`."""

    def __init__(self, *runs: Callable[[], None]) -> None:
        """A thread for each of `runs`; none has begun."""
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in runs]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """End, within `seconds`: a thread that needs longer is left behind."""
        self._ending.set()
        self._wake()
        until = clock.steady() + seconds
        for thread in self._threads:
            thread.join(max(until - clock.steady(), 0.0))

    def _wake(self) -> None:
        """Nobody waits for more than the end."""
