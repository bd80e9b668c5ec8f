"""What waited in the spool is taken in: oldest first, each in a transaction of its own, removed only after its commit.

A death in between means that it is taken in again, which changes nothing. A record that no key opens
stays; one that cannot be taken in goes into quarantine; neither keeps the others waiting.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

from flask import Flask

from triage import clock, context, logs
from triage.actions import arrivals
from triage.crashpoints import crashpoint
from triage.reach import OutOfReach, reach
from triage.sealing import SealBroken

log = logs.logger(__name__)

EVERY_SECONDS = 1.0
MOST_TRIES = 3  # that may fail for another reason than the database being away; then it goes into quarantine
PATIENCE = 10.0  # seconds for one record; the doors are not kept waiting by this
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
        self._ending = threading.Event()

    def run(self) -> int:
        """One round, until the spool is empty or the database out of reach; how many records left the spool.

        Where another process of this machine is at it already, nothing is done.
        """
        with context.spool().turn() as ours:
            return self._round() if ours else 0

    def end(self) -> None:
        """Leave the round after the record in hand."""
        self._ending.set()

    def _round(self) -> int:
        spool, taken = context.spool(), 0
        spool.recover()
        names = spool.names()
        waiting = set(names)
        self._later = {name: later for name, later in self._later.items() if name in waiting}
        for name in names:
            if self._ending.is_set():
                break
            if clock.steady() < self._later.get(name, AT_ONCE).moment:
                continue
            try:
                taken += self._one(name)
            except Exception as problem:
                if isinstance(problem, OutOfReach) and not _there():
                    break
                self._leave(name, problem)
        return taken

    def _one(self, name: str) -> bool:
        """Take in one record; whether it left the spool. Raises OutOfReach."""
        spool = context.spool()
        try:
            arrived = arrivals.unpack(spool.open(name))
        except FileNotFoundError:
            return False
        except (SealBroken, OSError) as problem:
            return self._leave(name, problem)
        except Exception as problem:
            log.error("spool.set_aside", problem=type(problem).__name__)
            spool.set_aside(name)
            return True
        if not self._take_in(name, arrived):
            return False
        crashpoint("spool.drained")
        spool.remove(name)
        return True

    def _take_in(self, name: str, arrived: arrivals.Arrived) -> bool:
        try:
            reach().insist(arrived.take_in, PATIENCE)
        except OutOfReach:
            raise
        except Exception as problem:
            if isinstance(problem, arrivals.NotYet) or self._later.get(name, AT_ONCE).tries + 1 < MOST_TRIES:
                return self._leave(name, problem)
            reason = problem
            reach().insist(lambda: arrivals.set_aside(arrived, reason), PATIENCE)
        return True

    def _leave(self, name: str, problem: Exception) -> bool:
        tries = self._later.get(name, AT_ONCE).tries
        if tries == 0:
            log.warning("spool.stays", problem=type(problem).__name__)
        self._later[name] = _Later(tries + 1, clock.steady() + min(2.0 ** min(tries, 10), LONGEST))
        return False


def _there() -> bool:
    """Whether the database lets anybody write: then it was the record."""
    try:
        reach().insist(lambda: None, PATIENCE)
    except OutOfReach:
        return False
    return True


class DrainLoop:
    """Drains every second, in a thread of a web process."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._drain = Drain()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """End, within `seconds`."""
        self._ending.set()
        self._drain.end()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._ending.wait(EVERY_SECONDS):
            with self._app.app_context():
                try:
                    self._drain.run()
                except Exception:
                    log.exception("spool.not_drained")
