"""The operators' processes: each works for some of them, one thread an operator."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event

from benchmarks.rehearsal.desk import PASSWORD
from benchmarks.rehearsal.operator import Diary, Operator

FIRST_IDLE_SECONDS, LONGEST_IDLE_SECONDS = 0.5, 4.0  # nobody presses "Take next" four times a second all night
QUIET_TURNS = 3  # so often nothing to do, after the stream has ended, and an operator goes home
PATIENCE_SECONDS = 900.0


class Crew:
    """Operators at work from `start` until there is nothing left after `finish`."""

    def __init__(self, addresses: Sequence[str], emails: Sequence[str], processes: int, seed: int) -> None:
        """Divide the people among the processes; nobody works yet."""
        fresh = multiprocessing.get_context("spawn")
        self._ending = fresh.Event()
        self._lines: list[Connection] = []
        self._processes: list[SpawnProcess] = []
        for number in range(processes):
            here, there = fresh.Pipe()
            address = addresses[number % len(addresses)]
            arguments = (address, list(emails[number::processes]), seed, self._ending, there)
            self._processes.append(fresh.Process(target=work, args=arguments, daemon=True))
            self._lines.append(here)

    def start(self) -> None:
        """Everybody signs in and begins; returns when all have signed in."""
        for process in self._processes:
            process.start()
        for line in self._lines:
            _expect(line, "signed in")

    def finish(self) -> list[Diary]:
        """Let everybody go on until nothing is left, and give their diaries."""
        self._ending.set()
        diaries: list[Diary] = []
        for line in self._lines:
            _expect(line, "done")
            diaries += line.recv()
        for process in self._processes:
            process.join(30)
        return diaries


def _expect(line: Connection, word: str) -> None:
    if not line.poll(PATIENCE_SECONDS):
        raise TimeoutError(f"no process said {word!r}")
    said = line.recv()
    if said != word:
        raise RuntimeError(f"instead of {word!r}: {said}")


def work(address: str, emails: list[str], seed: int, ending: Event, line: Connection) -> None:
    """A process: its people work side by side. Says when they have signed in and when they are done."""
    crew = [Operator(address, email, PASSWORD, seed) for email in emails]
    try:
        for operator in crew:
            operator.sign_in()
        line.send("signed in")
        threads = [threading.Thread(target=_shift, args=(operator, ending)) for operator in crew]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        line.send("done")
        line.send([operator.diary for operator in crew])
    except Exception as problem:
        line.send(f"{type(problem).__name__}: {problem}")
        raise


def _shift(operator: Operator, ending: Event) -> None:
    quiet, idle = 0, FIRST_IDLE_SECONDS
    while quiet < QUIET_TURNS:
        last = ending.is_set()
        if operator.work():
            quiet, idle = 0, FIRST_IDLE_SECONDS
            continue
        quiet += last
        operator.rest()
        time.sleep(idle)
        idle = min(idle * 2, LONGEST_IDLE_SECONDS)
