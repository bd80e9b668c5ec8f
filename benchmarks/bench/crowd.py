"""Sixteen callers at once, as processes with an application each or as threads of one, begun together and timed."""

from __future__ import annotations

import multiprocessing
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Protocol

from flask import Flask

import config
from benchmarks.bench.results import Figures, figures
from triage.app import create_app

SIZE = 16
PATIENCE = 60.0


class Barrier(Protocol):
    """Of threads or of processes."""

    def wait(self, timeout: float | None = None) -> int:
        """Until everybody is here."""
        ...


@dataclass(frozen=True)
class Tally:
    """What one caller did: what it got each time, how long each took, and the processor time of all."""

    got: list[int]
    latencies: list[float]
    cpu: float = 0.0


Caller = Callable[[], int | None]


def repeat(caller: Caller, seconds: float) -> Tally:
    """Call again and again until the time is over, or until there is nothing to get."""
    got, latencies, spent, until = [], [], time.process_time(), time.perf_counter() + seconds
    while (began := time.perf_counter()) < until:
        found = caller()
        latencies.append(time.perf_counter() - began)
        if found is None:
            break
        got.append(found)
    return Tally(got, latencies, time.process_time() - spent)


def together(tallies: Sequence[Tally], seconds: float) -> Figures:
    """One round of everybody as one set of figures."""
    latencies = [each for tally in tallies for each in tally.latencies]
    return figures(latencies, seconds, sum(tally.cpu for tally in tallies))


def threads(app: Flask, callers: Sequence[Caller], seconds: float) -> list[Tally]:
    """Every caller in a thread of this process, inside its own application context."""
    barrier, found = threading.Barrier(len(callers)), [Tally([], []) for _ in callers]

    def live(place: int) -> None:
        with app.app_context():
            barrier.wait(PATIENCE)
            found[place] = repeat(callers[place], seconds)

    running = [threading.Thread(target=live, args=(place,)) for place in range(len(callers))]
    for each in running:
        each.start()
    for each in running:
        each.join()
    return found


def processes(make: Callable[..., Caller], arguments: Sequence[tuple[Any, ...]], seconds: float,
              environment: Mapping[str, str] | None = None) -> list[Tally]:
    """A process for each of `arguments`, which makes its caller with `make(*arguments)` and then waits for all.

    With `environment` each has an application of its own, made before the start.
    """
    fresh = multiprocessing.get_context("forkserver")
    fresh.set_forkserver_preload(["triage.app"])
    barrier = fresh.Barrier(len(arguments))
    lines = []
    for given in arguments:
        ours, theirs = fresh.Pipe()
        fresh.Process(target=_live, args=(theirs, barrier, make, given, seconds, environment), daemon=True).start()
        theirs.close()
        lines.append(ours)
    answers = [line.recv() if line.poll(PATIENCE + seconds) else "no answer" for line in lines]
    problems = [answer for answer in answers if isinstance(answer, str)]
    if problems:
        raise RuntimeError(problems[0])
    return answers


def _live(line: Connection, barrier: Barrier, make: Callable[..., Caller], given: tuple[Any, ...], seconds: float,
          environment: Mapping[str, str] | None) -> None:
    try:
        if environment is None:
            line.send(_begun(barrier, make(*given), seconds))
        else:
            with create_app(config.load(environment)).app_context():
                line.send(_begun(barrier, make(*given), seconds))
    except BaseException:  # whatever it is, the parent must hear of it
        line.send(traceback.format_exc())


def _begun(barrier: Barrier, caller: Caller, seconds: float) -> Tally:
    barrier.wait(PATIENCE)
    return repeat(caller, seconds)
