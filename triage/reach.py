"""Whether the database can be reached, found out without anybody waiting long for the answer.

A database that is frozen, or behind a network that swallows everything, says nothing: no time-out of
its own ends that. So a transaction which must not be waited for runs in a thread of its own. Who waits
for it gives up after a moment; the transaction may still take place, and must be safe to repeat.

While the database is away nobody waits for it any more: one transaction a second tries, for a blink,
and whoever comes in between is told at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar, cast

from flask import Flask, current_app

from triage import clock
from triage.db import run_in_transaction, unavailable

T = TypeVar("T")

PATIENCE = 3.0  # seconds, for a database that was there a moment ago
BLINK = 0.25  # seconds, for one that was not
EVERY = 1.0  # seconds between tries while it is away


class OutOfReach(Exception):
    """The database is away, locked, full or silent; whether the transaction took place is not known."""


class Reach:
    """What one process knows of its database: is it there?"""

    def __init__(self, app: Flask) -> None:
        """Believe that it is there until it was not."""
        self._app = app
        self._lock = threading.Lock()
        self._away = False
        self._trying = 0
        self._next_try = 0.0

    def transaction(self, fn: Callable[[], T]) -> T:
        """`run_in_transaction(fn)`, waited for as long as makes sense now.

        Raises OutOfReach; `fn` may then still be running, so it must touch nothing of the caller's
        and be safe to call twice.
        """
        patience = self._patience()
        if patience is None:
            raise OutOfReach
        return self._wait(fn, patience)

    def insist(self, fn: Callable[[], T], seconds: float) -> T:
        """The same, waited for `seconds` whatever is known: how a process finds out that the database is back."""
        with self._lock:
            self._trying += 1
        return self._wait(fn, seconds)

    def _patience(self) -> float | None:
        with self._lock:
            if self._away and (self._trying or clock.steady() < self._next_try):
                return None
            self._trying += 1
            return BLINK if self._away else PATIENCE

    def _wait(self, fn: Callable[[], T], patience: float) -> T:
        attempt = _Attempt(fn)
        try:
            threading.Thread(target=self._run, args=(attempt,), daemon=True, name="transaction").start()
        except RuntimeError as problem:  # no thread to be had
            self._end(away=True)
            raise OutOfReach from problem
        if not attempt.done.wait(patience):
            self._note(away=True)
            raise OutOfReach
        if attempt.problem is None:
            return cast(T, attempt.result)
        if unavailable(attempt.problem):
            raise OutOfReach from attempt.problem
        raise attempt.problem

    def _run(self, attempt: _Attempt[T]) -> None:
        with self._app.app_context():
            try:
                attempt.result = run_in_transaction(attempt.fn)
            except BaseException as problem:
                attempt.problem = problem
        self._end(away=attempt.problem is not None and unavailable(attempt.problem))
        attempt.done.set()

    def _end(self, *, away: bool) -> None:
        with self._lock:
            self._trying -= 1
        self._note(away=away)

    def _note(self, *, away: bool) -> None:
        with self._lock:
            self._away = away
            if away:
                self._next_try = clock.steady() + EVERY


class _Attempt(Generic[T]):
    """A transaction somebody waits for, and what became of it."""

    def __init__(self, fn: Callable[[], T]) -> None:
        self.fn = fn
        self.done = threading.Event()
        self.result: T | None = None
        self.problem: BaseException | None = None


def reach() -> Reach:
    """The one of the running application."""
    return cast(Reach, current_app.extensions["reach"])


def init_app(app: Flask) -> None:
    """Begin to know."""
    app.extensions["reach"] = Reach(app)
