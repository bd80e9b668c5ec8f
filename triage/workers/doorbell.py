"""The doorbell: one thread looks what is due and hands it on. The rows are the work; every ring is a hint.

Without Redis, senders of this process send it. With Redis, RQ's workers are rung for it; and what nobody has
begun to send a while after it was due is sent from here after all, so that no answer waits for Redis, for a
worker that hangs, or for workers that nobody started. A look costs one query; it is made when something was
committed that may have to leave, when the next row is due, and at the latest after a second.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from flask import Flask
from redis import RedisError
from rq import Queue

from config import Settings
from triage import broker, clock, context, logs
from triage.db import db
from triage.events import Kind
from triage.queries import outbox
from triage.workers.deliver import SETTLE_SECONDS
from triage.workers.loop import Loop
from triage.workers.senders import Senders
from triage.workers.sweep import sweep

log = logs.logger(__name__)

QUEUE = "triage-deliveries"
SEND = "triage.workers.jobs.send"
SENDERS = 16  # where this process alone sends
STAND_INS = 4  # where workers send, and this process only in their place
OVERDUE = timedelta(seconds=15)  # workers were rung and none has begun: something is wrong with them
RING_AGAIN = 5.0
FAILURES_KEPT = 60  # seconds for which RQ remembers a job that failed
LONGEST_WAIT = 1.0
SWEEP_EVERY = 5.0
RINGS = frozenset({Kind.REPLY_ACCEPTED, Kind.ACKNOWLEDGEMENT_QUEUED, Kind.DELIVERY_DECIDED, Kind.ACCOUNT_TESTED})

Due = Sequence[tuple[int, datetime]]


class Bell:
    """RQ's queue, from the side of who rings. A job is a name with a number in it; RQ's record of it is not made."""

    def __init__(self, url: str) -> None:
        """Speak to nobody yet."""
        self._redis = broker.client(url)
        self._queue = Queue(QUEUE, connection=self._redis)
        self._breaker = broker.Breaker()

    def ring(self, due: Due) -> bool:
        """Ask RQ's workers to send these; whether Redis took it. Takes half a second at most, and nothing after that.

        All processes of a desk find the same rows: each is rung for once in RING_AGAIN seconds, not once a process.
        """
        if self._breaker.open:
            return False
        try:
            fresh = self._not_rung_yet(due)
            if fresh:
                self._redis.rpush(self._queue.key, *map(_name, fresh))
        except RedisError as problem:
            if self._breaker.trip():
                log.warning("doorbell.redis_away", problem=type(problem).__name__)
            return False
        return True

    def _not_rung_yet(self, due: Due) -> list[int]:
        with self._redis.pipeline() as asking:
            for number, at in due:
                asking.set(f"triage:rung:{number}:{at.timestamp():.3f}", 1, nx=True, px=int(RING_AGAIN * 1000))
            return [number for (number, _), first in zip(due, asking.execute(), strict=True) if first]


def _name(number: int) -> str:
    """A job, which is nothing but its name. It is never used twice: none can stand in the way of another."""
    return f"dlv-{number}-{secrets.token_hex(4)}"


def longest_job() -> int:
    """Seconds after which RQ may cut a job off: later than any channel and any outage that a settlement waits out."""
    return context.settings().attempt_seconds + SETTLE_SECONDS + 60


class Doorbell(Loop):
    """The look, the sweep and the senders of one process. `start` once, `stop` at the end."""

    def __init__(self, app: Flask, *, patience: float = 0.0) -> None:
        """`patience`: while Redis is away, for how many seconds others may send what is due before we do."""
        super().__init__(partial(self._forever, self._look), partial(self._forever, self._sweep))
        settings: Settings = app.config["SETTINGS"]
        self._app, self._patience = app, timedelta(seconds=patience)
        self._bell = Bell(settings.redis_url) if settings.redis_url else None
        self._senders = Senders(app, STAND_INS if self._bell else SENDERS)
        self._rung = threading.Event()
        self._looked_at, self._found = clock.now(), True

    def ring(self, kinds: frozenset[str]) -> None:
        """A listener of events: look now if something may have to leave. Nobody waits for what comes of it."""
        if kinds & RINGS:
            self._rung.set()

    def start(self) -> None:
        """Begin looking, sending and sweeping."""
        self._senders.start()
        super().start()

    def stop(self, seconds: float = 5.0) -> None:
        """Look and sweep no more, then let what is being sent finish: each for at most `seconds`."""
        super().stop(seconds)
        self._senders.stop(seconds)

    def _wake(self) -> None:
        self._rung.set()

    def _forever(self, turn: Callable[[], None]) -> None:
        """Run `turn` until the end, each in a fresh application context; a failing turn is logged and repeated."""
        while not self._ending.is_set():
            with self._app.app_context():
                try:
                    turn()
                except Exception:
                    log.exception("doorbell.failed", part=turn.__name__)
                    self._ending.wait(LONGEST_WAIT)

    def _look(self) -> None:
        self._rung.wait(self._until_due())
        self._rung.clear()
        self._looked_at = clock.now()
        due = outbox.due_since()
        self._found = bool(due)
        db.session.remove()
        late = self._hand_over(due) if due else timedelta()
        for number, at in due:
            if clock.now() - at >= late:
                self._senders.send(number)

    def _hand_over(self, due: Due) -> timedelta:
        """Ring for what is due; how long after that it is ours to send."""
        if self._bell is None:
            return timedelta()
        return OVERDUE if self._bell.ring(due) else self._patience

    def _until_due(self) -> float:
        # Never less than a blink: what is due and already in hand must not make the look spin.
        blink = 0.05 if self._bell is None else 0.5
        if self._found:
            return blink
        earliest = outbox.earliest(self._looked_at)
        db.session.remove()
        if earliest is None:
            return LONGEST_WAIT
        return min(max((earliest - clock.now()).total_seconds(), blink), LONGEST_WAIT)

    def _sweep(self) -> None:
        sweep()
        self._ending.wait(SWEEP_EVERY)
