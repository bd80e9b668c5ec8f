"""The tailer: one thread a web process reads how far the events have come, and hints at it.

Events of commands, sweeps and dead processes reach the screens this way too; a commit of our own
process only makes the look happen sooner.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from flask import Flask

from triage import events

log = logging.getLogger(__name__)

EVERY_SECONDS = 0.25
HEARTBEAT_SECONDS = 15.0


class Tailer:
    """Calls `hint(head)` whenever the highest event number grew, and every HEARTBEAT_SECONDS."""

    def __init__(self, app: Flask, hint: Callable[[int], None]) -> None:
        self._app = app
        self._hint = hint
        self._nudge = threading.Event()
        self._ending = threading.Event()
        self._head = -1
        self._quiet = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def nudge(self, _kinds: frozenset[str]) -> None:
        """A listener of events: look now."""
        self._nudge.set()

    def start(self) -> None:
        """Begin looking."""
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """End, within `seconds`."""
        self._ending.set()
        self._nudge.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._ending.is_set():
            nudged = self._nudge.wait(EVERY_SECONDS)
            self._nudge.clear()
            self._quiet += 0.0 if nudged else EVERY_SECONDS
            try:
                self._look()
            except Exception:
                log.exception("tailer: could not read how far the events are")
                self._ending.wait(1.0)

    def _look(self) -> None:
        with self._app.app_context():
            head = events.head()
        if head != self._head or self._quiet >= HEARTBEAT_SECONDS:
            self._head, self._quiet = head, 0.0
            self._hint(head)
