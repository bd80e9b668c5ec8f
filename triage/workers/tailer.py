"""The tailer: one thread a web process reads how far the events have come, and hints at it.

Events of commands, sweeps, other nodes and dead processes reach the screens this way too; a commit of our own
process, or a call on the line between processes, only makes the look happen sooner. Whoever's rights or sessions
ended, wherever that was decided, loses the sockets of this process with the same look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import Flask

from triage import events, logs
from triage.queries import sessions
from triage.workers.loop import Loop

log = logs.logger(__name__)

EVERY_SECONDS = 0.25
HEARTBEAT_SECONDS = 15.0
BREATH_SECONDS = 0.05  # between two looks: a hundred commits a second need no hundred hints to every page


class Tailer(Loop):
    """Hints whenever the highest event number grew, and every HEARTBEAT_SECONDS."""

    def __init__(self, app: Flask, hint: Callable[[int], None], end: Callable[[int], None]) -> None:
        """`hint(head)` is told how far the events are, `end(operator_id)` whose sockets must not stay open."""
        super().__init__(self._run)
        self._app = app
        self._hint, self._end = hint, end
        self._nudge = threading.Event()
        self._head = -1
        self._quiet = 0.0

    def nudge(self, _kinds: frozenset[str] = frozenset()) -> None:
        """A listener of events, and of the line between processes: look now."""
        self._nudge.set()

    def _wake(self) -> None:
        self._nudge.set()

    def _run(self) -> None:
        while not self._ending.is_set():
            nudged = self._nudge.wait(EVERY_SECONDS)
            self._nudge.clear()
            self._quiet += 0.0 if nudged else EVERY_SECONDS
            try:
                self._look()
            except Exception:
                log.exception("tailer.failed")
                self._ending.wait(1.0)
            self._ending.wait(BREATH_SECONDS)

    def _look(self) -> None:
        with self._app.app_context():
            head = events.head()
            parted = sessions.parted(self._head, head) if 0 <= self._head < head else set()
        for operator_id in parted:
            self._end(operator_id)
        if head != self._head or self._quiet >= HEARTBEAT_SECONDS:
            self._head, self._quiet = head, 0.0
            self._hint(head)
