"""What waited in the spool is taken in: oldest first, a few in a transaction, removed only after its commit.

A death in between means that they are taken in again, which changes nothing. Where a few cannot be taken in
together, each goes alone. A record that no key opens stays; one that cannot be taken in goes into quarantine;
neither keeps the others waiting.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from flask import Flask

from triage import clock, context, logs
from triage.actions import arrivals
from triage.crashpoints import crashpoint
from triage.reach import TOGETHER, OutOfReach, reach
from triage.sealing import SealBroken
from triage.workers.loop import Loop

log = logs.logger(__name__)

EVERY_SECONDS = 1.0
MOST_TRIES = 3  # that may fail for another reason than the database being away; then it goes into quarantine
PATIENCE = 10.0  # seconds for one transaction; the doors are not kept waiting by this
LONGEST = 15.0  # seconds until a record that could not be taken in is tried again; at first it is one


class _Later(NamedTuple):
    """How often a record was tried in vain, and the moment before which it is left alone."""

    tries: int
    moment: float


AT_ONCE = _Later(0, 0.0)


class Drain:
    """Takes in what waits on this machine. It remembers what to leave alone for a while."""

    def __init__(self) -> None:
        self._later: dict[str, _Later] = {}
        self._gone = 0  # records that left the spool in this round
        self._ending = threading.Event()

    def run(self) -> int:
        """One round, until the spool is empty or the database out of reach; how many records left the spool.

        Where another process of this machine is at it already, nothing is done.
        """
        with context.spool().turn() as ours:
            return self._round() if ours else 0

    def end(self) -> None:
        """Leave the round after the records in hand."""
        self._ending.set()

    def _round(self) -> int:
        spool, self._gone = context.spool(), 0
        spool.recover()
        names = spool.names()
        waiting, now = set(names), clock.steady()
        self._later = {name: later for name, later in self._later.items() if name in waiting}
        ready = [name for name in names if now >= self._later.get(name, AT_ONCE).moment]
        with suppress(OutOfReach):
            for first in range(0, len(ready), TOGETHER):
                self._few(ready[first : first + TOGETHER])
        return self._gone

    def _few(self, names: Sequence[str]) -> None:
        """Take in a few records as one; where that fails, each alone. Raises OutOfReach where the database is away."""
        read = {name: self._read(name) for name in names if not self._ending.is_set()}
        found = {name: arrived for name, arrived in read.items() if arrived is not None}
        try:
            if found:
                reach().insist(lambda: arrivals.take_in(list(found.values())), PATIENCE)
        except Exception as problem:
            _require_database(problem)
            for name, arrived in found.items():
                if not self._ending.is_set():
                    self._alone(name, arrived)
        else:
            self._let_go(found)

    def _read(self, name: str) -> arrivals.Arrived | None:
        """What a record says; None where it says nothing now, or never."""
        spool = context.spool()
        try:
            return arrivals.unpack(spool.open(name))
        except FileNotFoundError:
            return None
        except (SealBroken, OSError) as problem:
            self._leave(name, problem)
        except Exception as problem:
            log.error("spool.set_aside", problem=type(problem).__name__)
            self._leaves(name, spool.set_aside)
        return None

    def _let_go(self, names: Iterable[str]) -> None:
        crashpoint("spool.drained")
        for name in names:
            self._leaves(name, context.spool().remove)

    def _leaves(self, name: str, way: Callable[[str], None]) -> None:
        """A record leaves the spool by `way`. Should the disk not let it go, the others do not wait for it."""
        try:
            way(name)
        except OSError as problem:
            self._leave(name, problem)
        else:
            self._gone += 1

    def _alone(self, name: str, arrived: arrivals.Arrived) -> None:
        try:
            taken = self._take_in(name, arrived)
        except Exception as problem:
            _require_database(problem)
            self._leave(name, problem)
        else:
            self._let_go([name] if taken else [])

    def _take_in(self, name: str, arrived: arrivals.Arrived) -> bool:
        """Take in one record; whether it need not wait any more."""
        try:
            reach().insist(arrived.take_in, PATIENCE)
        except OutOfReach:
            raise
        except Exception as problem:
            if isinstance(problem, arrivals.NotYet) or self._later.get(name, AT_ONCE).tries + 1 < MOST_TRIES:
                self._leave(name, problem)
                return False
            reason = problem
            reach().insist(lambda: arrivals.set_aside(arrived, reason), PATIENCE)
        return True

    def _leave(self, name: str, problem: Exception) -> None:
        tries = self._later.get(name, AT_ONCE).tries
        if tries == 0:
            log.warning("spool.stays", problem=type(problem).__name__)
        self._later[name] = _Later(tries + 1, clock.steady() + min(2.0 ** min(tries, 10), LONGEST))


def _require_database(problem: Exception) -> None:
    """Raises OutOfReach where the database lets nobody write; else it was the record."""
    if isinstance(problem, OutOfReach):
        reach().insist(lambda: None, PATIENCE)


class DrainLoop(Loop):
    """Drains every second, in a thread of a web process."""

    def __init__(self, app: Flask) -> None:
        super().__init__(self._run)
        self._app = app
        self._drain = Drain()

    def _wake(self) -> None:
        self._drain.end()

    def _run(self) -> None:
        while not self._ending.wait(EVERY_SECONDS):
            with self._app.app_context():
                try:
                    self._drain.run()
                except Exception:
                    log.exception("spool.not_drained")
