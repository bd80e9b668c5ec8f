"""SIGKILL at random moments under load: citizens write, an operator answers, the power fails again and again."""

from __future__ import annotations

import os
import random
import threading
import time

import pytest

from tests.faults.stage import Stage
from tests.patience import until
from tests.processes import Figures
from tests.verdict import Said

pytestmark = [pytest.mark.either, pytest.mark.faults, pytest.mark.timeout(600)]

ROUNDS = int(os.environ.get("POWER_CUTS", "4"))
MESSAGES = 12  # a round
SENDERS = 40  # so that some write again
MOST_STEPS = 20  # of the operator, before the server dies
MOST_MORE = 0.15  # seconds after the last of them
SEED = random.randrange(10**6)
LOADED = {"demo": False, "undo_seconds": 0, "attempt_seconds": 2, "capacity": 1000}


class Answering:
    """An operator who goes on where the death of the server left off: a form nobody answered is sent again."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._browser = stage, stage.browser
        self._report: int | None = None
        self._form: dict[str, str] | None = None
        self.steps = 0
        self.said: list[Said] = []  # the key of every answer sent, and whether the desk said yes

    def step(self) -> None:
        """One thing an operator does next."""
        if self._report is None:
            self._report = self._browser.take_next()
        elif self._form is None:
            self._form = self._browser.form(self._report)
        else:
            self._send(self._report, self._form)

    def _send(self, report: int, form: dict[str, str]) -> None:
        status = self._browser.reply(report, form, "We are on our way.")
        self.said.append(Said(form["key"], status == 303))
        if status == 303:
            self._report = self._form = None
        elif status is not None:
            self._form = None  # something new was said: read it first

    def run(self, ended: threading.Event) -> None:
        """Go on until told."""
        while not ended.is_set():
            self.step()
            self.steps += 1
            time.sleep(0.01)


def carry(stage: Stage, ended: threading.Event) -> None:
    """The network, until told."""
    while not ended.is_set():
        stage.store.hurry()
        stage.carry()
        time.sleep(0.02)


def live_and_die(stage: Stage, operator: Answering, chance: random.Random) -> None:
    """One round: load on a fresh server, and its death at a random moment."""
    for number in range(MESSAGES):
        stage.writes(f"Report {number}", f"+4477009{chance.randrange(SENDERS):05d}")
    stage.open()
    ended = threading.Event()
    threads = [threading.Thread(target=operator.run, args=(ended,)),
               threading.Thread(target=carry, args=(stage, ended))]
    for thread in threads:
        thread.start()
    last = operator.steps + chance.randint(1, MOST_STEPS)
    assert until(lambda: operator.steps >= last)
    time.sleep(chance.random() * MOST_MORE)
    stage.fell()
    ended.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("settings", [pytest.param(LOADED, id="desk")], indirect=True)
def test_power_cuts_at_random_moments_lose_double_and_repeat_nothing(stage: Stage, figures: Figures) -> None:
    figures(f"seed {SEED}")
    chance = random.Random(SEED)
    stage.open()
    stage.browser.sign_in("maya@desk.example")
    stage.fell()
    operator = Answering(stage)
    for _ in range(ROUNDS):
        live_and_die(stage, operator, chance)
    stage.open()
    assert stage.carry_all()
    for _ in range(3):
        operator.step()
    assert stage.settled()
    check(stage, operator, figures)
    say(stage, operator, figures)


def check(stage: Stage, operator: Answering, figures: Figures) -> None:
    """Everything the network and the operator were told is true, once."""
    assert len(stage.store.received()) == ROUNDS * MESSAGES
    figures(stage.nothing_lost_or_doubled(operator.said).brief)
    assert sum(one.yes for one in operator.said) >= ROUNDS  # there was something to lose
    endings = {state for (state,) in stage.ask("SELECT DISTINCT state FROM deliveries")}
    assert endings <= {"delivered", "uncertain"}
    assert stage.ask("SELECT id FROM inbound WHERE state = 'quarantined'") == []


def say(stage: Stage, operator: Answering, figures: Figures) -> None:
    """The figures of the run."""
    unheard = sum(status is None for _, status in stage.browser.log)
    states = dict(stage.ask("SELECT state, count(*) FROM deliveries GROUP BY 1"))
    counts = stage.store.ledger_counts()
    figures(f"{ROUNDS} kills; {counts.written} messages in {counts.tries} tries, all kept once; "
            f"{sum(one.yes for one in operator.said)} answers said yes to, {unheard} requests unheard; "
            f"deliveries {states}; accepted {counts.accepted}, twice {counts.sent_twice}")
