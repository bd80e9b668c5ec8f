"""New reports are compared right after they came: one thread looks when one is opened, and at least once a second.

Several processes may do it at once: they take turns, and what one has compared the others leave alone. What arrives
goes first, for a while: in a storm of messages each is kept and answered for before they are compared.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from flask import Flask

from triage import clock, logs
from triage.actions import comparing
from triage.actions.matters import COMPARED_WITHIN
from triage.db import db, let_go
from triage.events import Kind
from triage.queries import candidates
from triage.workers.loop import Loop

log = logs.logger(__name__)

LONGEST_WAIT = 1.0
SPARED = COMPARED_WITHIN / 2  # of the time for which what was not compared cannot be claimed
BEAT = 0.02
OPENS = frozenset({Kind.REPORT_OPENED, Kind.REPORT_SPLIT, Kind.REPORT_WRITTEN})


def compare_waiting(give_way: Callable[[datetime], object] = bool) -> int:
    """Compare all that waits for it; how many. One that fails is logged, and stands alone once its time is over.

    `give_way` is called before each, with the moment after which it should wait no longer.
    """
    done = 0
    tried: set[int] = set()
    while some := {number: by for number, by in candidates.waiting().items() if number not in tried}:
        let_go()
        for number, by in some.items():
            tried.add(number)
            give_way(by - SPARED)
            done += comparing.settle(number)
    let_go()
    return done


class CompareLoop(Loop):
    """Compares in a thread of a web process."""

    def __init__(self, app: Flask) -> None:
        super().__init__(self._run)
        self._app, self._reach = app, app.extensions["reach"]
        self._rung = threading.Event()

    def ring(self, kinds: frozenset[str]) -> None:
        """A listener of events: look now if a report was opened."""
        if kinds & OPENS:
            self._rung.set()

    def _wake(self) -> None:
        self._rung.set()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._rung.wait(LONGEST_WAIT)
            self._rung.clear()
            with self._app.app_context():
                try:
                    compare_waiting(self._give_way)
                except Exception:
                    log.exception("comparing.failed")
                finally:
                    db.session.remove()

    def _give_way(self, until: datetime) -> None:
        """Wait while something is arriving at this process, but for no longer than `until`."""
        while self._reach.busy and clock.now() < until and not self._ending.is_set():
            self._ending.wait(BEAT)
