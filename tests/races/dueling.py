"""Duels: two acts on one matter at the same moment, forty-eight times; in `make soak` a hundred.

Four pairs of processes play round after round, each pair on a matter of its own; both sides return a
word for what happened to them. Both orders must have occurred, else it was no race.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable

import config
from tests import checker
from tests.processes import SIZE, Crew, Seat
from triage.db import db, run_in_transaction
from triage.errors import TriageError
from triage.models import Operator

ROUNDS = int(os.environ.get("DUEL_ROUNDS", "12"))
PAIRS = SIZE // 2
DUELS = ROUNDS * PAIRS
# How long one may be late, in seconds: about as long as an act takes, so that either comes first, on any machine.
SHORTEST, LONGEST = 0.003, 0.1
Act = Callable[..., object]


def duel(seat: Seat, acts: tuple[Act, Act], matters: list[tuple[object, ...]]) -> list[str]:
    """Round after round: the even place does the first act, the odd one the second, on their pair's matter."""
    act, chance, words, spent = acts[seat.place % 2], seat.chance(), [], 0.0
    for number in range(ROUNDS):
        matter = matters[number * PAIRS + seat.place // 2]
        seat.meet()
        seat.stumble(chance, min(max(SHORTEST, spent), LONGEST))
        began = time.monotonic()
        words.append(_word(act, matter))
        spent = time.monotonic() - began
    return words


def _word(act: Act, matter: tuple[object, ...]) -> str:
    try:
        run_in_transaction(lambda: act(*matter))
    except TriageError as refusal:
        return refusal.code
    return "done"


def play(crew: Crew, settings: config.Settings, acts: tuple[Act, Act], matters: list[tuple[object, ...]]) -> Counter:
    """Play every duel; how often each pair of words was said."""
    assert len(matters) == DUELS
    said = crew.race(settings, duel, acts, matters)
    checker.check(settings)
    return Counter(pair for even, odd in zip(said[::2], said[1::2], strict=True)
                   for pair in zip(even, odd, strict=True))


def operator(number: int) -> Operator:
    """The person as the database has them now."""
    return db.session.get_one(Operator, number)
