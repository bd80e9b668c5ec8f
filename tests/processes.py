"""A crew of real processes that race on one database, each with an application of its own.

A *player* is a module-level function `player(seat, *args)`. All players of one race start together; a
player that wants a round meets the others again with `seat.meet()`. What a player returns comes back;
what it raises fails the test with its traceback.
"""

from __future__ import annotations

import multiprocessing
import random
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Barrier
from typing import Any

import pytest
from flask import has_app_context

import config
from tests.reliability import FIGURE
from triage.db import db

SIZE = 8
PATIENCE = 90.0  # seconds, until everybody is at the barrier
LONGEST_RACE = 300.0

Player = Callable[..., Any]
Figures = Callable[[str], None]


@dataclass
class Seat:
    """Where a player sits: its place from 0, and the barrier it shares with all the others."""

    place: int
    barrier: Barrier

    def meet(self) -> None:
        """Wait until every process of the crew is here."""
        self.barrier.wait(PATIENCE)

    def chance(self, seed: int = 0) -> random.Random:
        """Random numbers of this place, the same in every run."""
        return random.Random(f"{seed}:{self.place}")

    def stumble(self, chance: random.Random, most: float = 0.003) -> None:
        """Lose a little time, so that now one and now the other comes first."""
        time.sleep(chance.random() * most)


class Crew:
    """`SIZE` processes, started once and used for race after race."""

    def __init__(self) -> None:
        # Forked off a server of their own, which has imported the application and opened nothing: they share
        # no connection, no lock and no memory with each other or with pytest.
        fresh = multiprocessing.get_context("forkserver")
        fresh.set_forkserver_preload(["tests.conftest"])
        self._barrier = fresh.Barrier(SIZE)
        self._lines: list[Connection] = []
        self._processes = []
        for place in range(SIZE):
            ours, theirs = fresh.Pipe()
            process = fresh.Process(target=_live, args=(theirs, Seat(place, self._barrier)), daemon=True)
            process.start()
            theirs.close()
            self._lines.append(ours)
            self._processes.append(process)

    def race(self, settings: config.Settings, player: Player, *args: Any) -> list[Any]:
        """Every process plays `player(seat, *args)`; what each gave back, by place."""
        return self.match(settings, [(player, *args)] * SIZE)

    def match(
        self, settings: config.Settings, parts: Sequence[tuple[Any, ...]], longest: float = LONGEST_RACE,
    ) -> list[Any]:
        """Process n plays `parts[n]`, a player and its arguments; places without a part stay away.

        Whoever has not answered after `longest` seconds has failed.
        """
        self._barrier.reset()
        padded = [*parts, *[(None,)] * (SIZE - len(parts))]
        for line, part in zip(self._lines, padded, strict=True):
            line.send((settings, *part))
        answers = [line.recv() if line.poll(longest) else (False, "no answer") for line in self._lines]
        problems = [f"place {place}: {said}" for place, (well, said) in enumerate(answers) if not well]
        assert not problems, "\n".join(problems)
        if has_app_context():
            db.session.rollback()  # what the test itself has read is old now
        return [said for _, said in answers[: len(parts)]]

    def close(self) -> None:
        """End every process of the crew."""
        for line in self._lines:
            line.send(None)
        for process in self._processes:
            process.join(5)
            process.kill()


def _live(line: Connection, seat: Seat) -> None:
    while (task := line.recv()) is not None:
        line.send(_play(seat, *task))


def _play(seat: Seat, settings: config.Settings, player: Player | None, *args: Any) -> tuple[bool, Any]:
    from tests.conftest import dispose  # conftest itself may want a crew
    from triage.app import create_app

    if player is None:
        seat.meet()
        return True, None
    app = create_app(settings)
    with app.app_context():
        try:
            db.session.connection()
            db.session.remove()
            seat.meet()
            return True, player(seat, *args)
        except BaseException:  # whatever it is, the parent must hear of it
            seat.barrier.abort()
            return False, traceback.format_exc()
        finally:
            dispose(app)


@pytest.fixture(scope="session")
def crew() -> Iterator[Crew]:
    """Eight real processes, started once for all races."""
    made = Crew()
    yield made
    made.close()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Leave a measured figure, which is said at the end of the run even when every test passes."""

    def say(sentence: str) -> None:
        request.node.user_properties.append((FIGURE, sentence))

    return say
