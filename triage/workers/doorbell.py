"""The embedded doorbell: one thread looks what is due, a few threads send. The rows are the work; this is a hint.

A rung bell makes the look happen now; without it the look happens when the next row is due, at most
a second later.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from flask import Flask

from triage import clock
from triage.db import db
from triage.events import Kind
from triage.queries import outbox
from triage.workers.deliver import deliver
from triage.workers.sweep import sweep

log = logging.getLogger(__name__)

SENDERS = 16  # they wait on providers and, under load, for their turn to write beside as many requests
LONGEST_WAIT = 1.0
SWEEP_EVERY = 5.0
RINGS = frozenset({Kind.REPLY_ACCEPTED, Kind.ACKNOWLEDGEMENT_QUEUED, Kind.DELIVERY_DECIDED})


class Doorbell:
    """Threads of one process that send what is due. `start` once, `stop` at the end."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._bell = threading.Event()
        self._ending = threading.Event()
        self._work: queue.Queue[int] = queue.Queue()
        self._busy: set[int] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def ring(self, kinds: frozenset[str]) -> None:
        """A listener of events: look now if something may have to leave."""
        if kinds & RINGS:
            self._bell.set()

    def start(self) -> None:
        """Begin looking, sending and sweeping."""
        loops = [self._look, self._sweep, *[self._send] * SENDERS]
        self._threads = [threading.Thread(target=self._forever, args=(loop,), daemon=True) for loop in loops]
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Let what is being sent finish, for at most `seconds`."""
        self._ending.set()
        self._bell.set()
        for thread in self._threads:
            thread.join(seconds)

    def _forever(self, turn: Callable[[], None]) -> None:
        """Run `turn` until the end, each in a fresh application context; a failing turn is logged and repeated."""
        while not self._ending.is_set():
            with self._app.app_context():
                try:
                    turn()
                except Exception:
                    log.exception("doorbell: %s failed", turn.__name__)
                    self._ending.wait(LONGEST_WAIT)

    def _look(self) -> None:
        self._bell.wait(self._until_due())
        self._bell.clear()
        for delivery_id in outbox.due():
            if self._mark(delivery_id):
                self._work.put(delivery_id)

    def _until_due(self) -> float:
        earliest = outbox.earliest()
        db.session.remove()
        if earliest is None:
            return LONGEST_WAIT
        # Never less than a blink: what is due and already in hand must not make the look spin.
        return min(max((earliest - clock.now()).total_seconds(), 0.05), LONGEST_WAIT)

    def _mark(self, delivery_id: int) -> bool:
        with self._lock:
            fresh = delivery_id not in self._busy
            self._busy.add(delivery_id)
            return fresh

    def _send(self) -> None:
        try:
            delivery_id = self._work.get(timeout=LONGEST_WAIT)
        except queue.Empty:
            return
        try:
            deliver(delivery_id)
        finally:
            with self._lock:
                self._busy.discard(delivery_id)

    def _sweep(self) -> None:
        sweep()
        self._ending.wait(SWEEP_EVERY)
