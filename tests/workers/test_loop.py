"""Loops beside requests end when they are told to, and nobody waits for them longer than was said."""

from __future__ import annotations

import threading

import pytest

from triage import clock
from triage.workers.loop import Loop


class Waiting(Loop):
    """Three threads that wait for a call, not for the end."""

    def __init__(self) -> None:
        self.called = threading.Event()
        super().__init__(*[self._run] * 3)

    def _run(self) -> None:
        self.called.wait(30)

    def alive(self) -> int:
        """How many threads are still there."""
        return sum(thread.is_alive() for thread in self._threads)


def test_who_waits_for_something_else_is_woken_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Waiting()
    monkeypatch.setattr(loop, "_wake", loop.called.set)
    loop.start()
    assert loop.alive() == 3
    loop.stop(30)
    assert loop.alive() == 0


def test_all_threads_together_are_waited_for_as_long_as_was_said() -> None:
    loop, began = Waiting(), clock.steady()
    loop.start()
    loop.stop(1)
    assert 1 <= clock.steady() - began < 2.5, "three waits of a second, else"
    assert loop.alive() == 3
    loop.called.set()
