"""Threads that speak with providers. They wait on them and, under load, for their turn to write beside requests."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from flask import Flask

from triage import logs
from triage.workers.deliver import deliver
from triage.workers.loop import Loop

log = logs.logger(__name__)

LOOK_UP = 1.0  # seconds after which an idle sender sees that the end has come


class Senders(Loop):
    """A few threads of this process. What is in hand here already is not taken in hand twice.

    At the end, what is being sent is waited for.
    """

    def __init__(self, app: Flask, count: int, act: Callable[[int], object] = deliver) -> None:
        """Start nothing yet. `act` is what is done with each number: usually its delivery is sent."""
        super().__init__(*[self._run] * count)
        self._app, self._act = app, act
        self._work: queue.Queue[int] = queue.Queue()
        self._busy: set[int] = set()
        self._lock = threading.Lock()

    def send(self, delivery_id: int) -> None:
        """Send this one as soon as a thread is free. Begin_attempt decides whether it may leave."""
        with self._lock:
            if delivery_id in self._busy:
                return
            self._busy.add(delivery_id)
        self._work.put(delivery_id)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                delivery_id = self._work.get(timeout=LOOK_UP)
            except queue.Empty:
                continue
            self._deliver(delivery_id)

    def _deliver(self, delivery_id: int) -> None:
        try:
            with self._app.app_context():
                self._act(delivery_id)
        except Exception:  # it stays due: the next look finds it again
            log.exception("delivery.failed_to_send", part=self._act.__name__, delivery_id=delivery_id)
        finally:
            with self._lock:
                self._busy.discard(delivery_id)
