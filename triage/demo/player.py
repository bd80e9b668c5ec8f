"""Plays a plan: text messages and posts into the simulator, forms over HTTP as browsers would send them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from channels.simulator import Store
from triage.demo.browser import Browser, Lost
from triage.demo.plan import FORM, Plan, Utterance

BATCH = 25  # messages of one transaction of the simulator, where nobody asks for a pace
BROWSERS = 24  # citizens who fill in a form at the same time


@dataclass
class Played:
    """What became of it: how many were said, and which could not be (position and why)."""

    said: int = 0
    lost: list[tuple[int, str]] = field(default_factory=list)


class Player:
    """Plays to the simulator's file at `path` and to the forms at `address`.

    `numbers` and `handles` are our shared accounts, at least one number; `tell` hears after each utterance.
    """

    def __init__(self, path: str, address: str, numbers: Sequence[str], handles: Sequence[str],
                 tell: Callable[[], object] = lambda: None) -> None:
        """Send nothing yet."""
        self._store, self._address = Store(path), address
        self._numbers, self._handles, self._tell = numbers, handles, tell
        self._codes: dict[int, Future[str | None]] = {}
        self._played = Played()
        self._lock = threading.Lock()

    def play(self, plan: Plan, rate: float = 0.0) -> Played:
        """Say everything, `rate` a second (0: as fast as it goes), and wait for the last form."""
        waiting: list[Utterance] = []
        pace = threading.Event()  # never set: its wait is the pause
        with ThreadPoolExecutor(BROWSERS) as browsers:
            for one in plan.utterances:
                if one.by == FORM:
                    self._codes[one.position] = browsers.submit(self._fill_in, one)
                else:
                    waiting.append(one)
                if rate or len(waiting) >= BATCH:
                    self._write(plan, waiting)
                if rate:
                    pace.wait(1 / rate)
            self._write(plan, waiting)
        return self._played

    def _write(self, plan: Plan, waiting: list[Utterance]) -> None:
        self._store.write_many(plan.written(one, self._numbers, self._handles) for one in waiting)
        self._count(len(waiting))
        waiting.clear()

    def _fill_in(self, one: Utterance) -> str | None:
        """Send a form or, to follow one up, come back with its code; the code of a new one."""
        browser = Browser(self._address)
        try:
            code = self._send(browser, one)
        except Lost as problem:
            with self._lock:
                self._played.lost.append((one.position, str(problem)))
            return None
        finally:
            browser.close()
        self._count(1)
        return code

    def _send(self, browser: Browser, one: Utterance) -> str | None:
        if one.follows is None:
            return browser.report(one.row)
        # The earlier form was handed in before this one, so a browser has begun it: no wait for ever.
        code = self._codes[one.follows].result()
        if code is None:
            raise Lost("the form it follows was lost")
        browser.add(code, one.row.text)
        return None

    def _count(self, number: int) -> None:
        with self._lock:
            self._played.said += number
        for _ in range(number):
            self._tell()
