"""Whether the database can be reached, found out without anybody waiting long for the answer.

A database that is frozen, or behind a network that swallows everything, says nothing: no time-out of
its own ends that. So a transaction which must not be waited for runs in another thread. Who waits for
it gives up after a moment; the transaction may still take place, and must be safe to repeat.

What arrives while others are being written waits for its turn and is written together with who waits
too: one transaction, one wait for the disk (a group commit). Where that fails, each goes alone.

While the database is away nobody waits for it any more: one transaction a second tries, for a blink,
and whoever comes in between is told at once.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar, cast

from flask import Flask, current_app
from sqlalchemy import make_url

from triage import clock
from triage.db import run_in_transaction, unavailable

T = TypeVar("T")
G = TypeVar("G")

LULL = 0.03  # seconds: what arrives faster than thirty a second is a storm
PATIENCE = 3.0  # seconds, for a database that was there a moment ago
BLINK = 0.25  # seconds, for one that was not
EVERY = 1.0  # seconds between tries while it is away
# How many write at a time. SQLite lets one; elsewhere one thinks while the others wait for the server.
RUNNERS = {"sqlite": 1, "postgresql": 3}
TOGETHER = 16  # transactions written as one, at most: what they lock is locked until the last is done
IDLE = 5.0  # seconds after which a runner without work ends


class OutOfReach(Exception):
    """The database is away, locked, full or silent; whether the transaction took place is not known."""


class Reach:
    """What one process knows of its database: is it there?"""

    def __init__(self, app: Flask) -> None:
        """Believe that it is there until it was not."""
        self._lock = threading.Lock()
        self._away = False
        self._trying = 0
        self._ended_at = -LULL
        self._next_try = 0.0
        url = make_url(app.config["SETTINGS"].database_url)
        self._line = _Line(app, self._end, RUNNERS[url.get_backend_name()])

    @property
    def busy(self) -> bool:
        """Whether anything that arrived is being written, or was a moment ago: more may follow."""
        return self._trying > 0 or clock.steady() - self._ended_at < LULL

    def together(self, write: Callable[[Sequence[G]], Sequence[T]], given: G) -> T:
        """What became of `given` in a transaction of `write([given, …])`, waited for as long as makes sense now.

        Whoever comes at the same moment with the same `write` shares it. Raises OutOfReach; `write` may then still
        be running, so it must touch nothing of the caller's and be safe to call twice.
        """
        patience = self._patience()
        if patience is None:
            raise OutOfReach
        return self._wait(_Attempt(write, given), patience)

    def insist(self, fn: Callable[[], T], seconds: float) -> T:
        """`fn` in a transaction, waited for `seconds` whatever is known: so it is noticed that the database is back."""
        with self._lock:
            self._trying += 1
        return self._wait(_Attempt(_each, fn), seconds)

    def _patience(self) -> float | None:
        with self._lock:
            if self._away and (self._trying or clock.steady() < self._next_try):
                return None
            self._trying += 1
            return BLINK if self._away else PATIENCE

    def _wait(self, attempt: _Attempt[T], patience: float) -> T:
        try:
            self._line.put(attempt)
        except RuntimeError as problem:  # no thread to be had
            self._end(1, away=True)
            raise OutOfReach from problem
        if not attempt.done.wait(patience):
            self._give_up(attempt)
            raise OutOfReach
        if attempt.problem is None:
            return cast(T, attempt.result)
        if unavailable(attempt.problem):
            raise OutOfReach from attempt.problem
        raise attempt.problem

    def _give_up(self, attempt: _Attempt[T]) -> None:
        if self._line.leave(attempt):
            self._end(1, away=True)
        else:
            self._note(away=True)

    def _end(self, count: int, *, away: bool) -> None:
        with self._lock:
            self._trying -= count
            self._ended_at = clock.steady()
        self._note(away=away)

    def _note(self, *, away: bool) -> None:
        with self._lock:
            self._away = away
            if away:
                self._next_try = clock.steady() + EVERY


class _Attempt(Generic[T]):
    """A transaction somebody waits for, and what became of it."""

    def __init__(self, write: Callable[[Sequence[G]], Sequence[T]], given: G) -> None:
        self.write: Callable[[Sequence[Any]], Sequence[T]] = write
        self.given = given
        self.done = threading.Event()
        self.result: T | None = None
        self.problem: BaseException | None = None
        self.runner: _Runner | None = None


class _Line:
    """Who waits, and the few threads that write."""

    def __init__(self, app: Flask, end: Callable[..., None], runners: int) -> None:
        self.app, self.end, self._most = app, end, runners
        self._changed = threading.Condition()
        self._waiting: deque[_Attempt[object]] = deque()
        self._runners: set[_Runner] = set()
        self._idle = 0

    def put(self, attempt: _Attempt[T]) -> None:
        """Stand in line; RuntimeError where nobody is there to write and no thread can be started."""
        with self._changed:
            self._call_one()
            self._waiting.append(cast("_Attempt[object]", attempt))
            self._changed.notify()

    def _call_one(self) -> None:
        if not self._idle and len(self._runners) < self._most:
            self._runners.add(_Runner(self))

    def take(self, runner: _Runner) -> list[_Attempt[object]]:
        """Whoever waits, as many as may go together; nobody where `runner` should end."""
        with self._changed:
            if runner in self._runners and not self._waiting:
                self._idle += 1
                self._changed.wait(IDLE)
                self._idle -= 1
            if runner not in self._runners or not self._waiting:
                self._runners.discard(runner)
                return []
            return self._batch(runner)

    def _batch(self, runner: _Runner) -> list[_Attempt[object]]:
        batch: list[_Attempt[object]] = []
        while self._waiting and len(batch) < TOGETHER and (not batch or self._waiting[0].write == batch[0].write):
            batch.append(self._waiting.popleft())
            batch[-1].runner = runner
        return batch

    def leave(self, attempt: _Attempt[T]) -> bool:
        """Wait no longer; whether it had not begun. Of a runner that is stuck nothing more is expected."""
        with self._changed:
            if attempt.runner is None:
                self._waiting.remove(cast("_Attempt[object]", attempt))
                return True
            if not attempt.done.is_set():  # else it was done at the last moment, and its runner waits for work
                self._replace(attempt.runner)
            return False

    def _replace(self, runner: _Runner) -> None:
        self._runners.discard(runner)
        if self._waiting:
            with suppress(RuntimeError):  # no thread to be had: whoever comes next tries again
                self._call_one()


class _Runner(threading.Thread):
    """Writes what waits, until nothing has for a while."""

    def __init__(self, line: _Line) -> None:
        super().__init__(daemon=True, name="transactions")
        self._of = line
        self.start()

    def run(self) -> None:
        """Batch after batch."""
        with self._of.app.app_context():
            while batch := self._of.take(self):
                _run(batch)
                self._tell(batch)

    def _tell(self, batch: Sequence[_Attempt[object]]) -> None:
        problems = [attempt.problem for attempt in batch if attempt.problem is not None]
        self._of.end(len(batch), away=any(unavailable(problem) for problem in problems))
        for attempt in batch:
            attempt.done.set()


def _each(work: Sequence[Callable[[], T]]) -> list[T]:
    return [fn() for fn in work]


def _run(batch: Sequence[_Attempt[object]]) -> None:
    try:
        results = run_in_transaction(lambda: batch[0].write([attempt.given for attempt in batch]))
    except BaseException as problem:
        if len(batch) == 1 or unavailable(problem):
            for attempt in batch:
                attempt.problem = problem
        else:  # one of them may be to blame: nobody else shall suffer for it
            for attempt in batch:
                _run([attempt])
        return
    for attempt, result in zip(batch, results, strict=True):
        attempt.result = result


def reach() -> Reach:
    """The one of the running application."""
    return cast(Reach, current_app.extensions["reach"])


def init_app(app: Flask) -> None:
    """Begin to know."""
    app.extensions["reach"] = Reach(app)
