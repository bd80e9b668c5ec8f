"""A lock that is had in the order in which it was asked for. Python's own goes to whoever comes at the right moment: a
thread that lets go of it and asks again at once has it again, and those that wait may wait for ever.
"""

from __future__ import annotations

import threading
from collections import deque


class FairLock:
    """First come, first served. Not for a thread that has it already."""

    def __init__(self) -> None:
        self._inside = threading.Lock()
        self._turns: deque[threading.Lock] = deque()
        self._taken = False

    def acquire(self, timeout: float) -> bool:
        """Wait for one's turn, at most so many seconds; whether it came."""
        with self._inside:
            if not self._taken:
                self._taken = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._turns.append(turn)
        return turn.acquire(timeout=timeout) or not self._left(turn)

    def release(self) -> None:
        """It is the turn of whoever has waited longest."""
        with self._inside:
            if self._turns:
                self._turns.popleft().release()
            else:
                self._taken = False

    def _left(self, turn: threading.Lock) -> bool:
        """Give up waiting; False: the turn came in the last moment, and is theirs."""
        with self._inside:
            if turn not in self._turns:
                return False
            self._turns.remove(turn)
            return True
