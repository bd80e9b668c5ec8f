"""No sequence of what people, providers and accidents do makes an answer leave that must not."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as shape
from hypothesis.stateful import run_state_machine_as_test

from tests.flows.sending_model import Sending
from tests.scene import Scene

# The same each time, on one of the two databases; long runs are others each time, and more must have happened.
RUNS, STEPS = int(os.environ.get("MODEL_RUNS", "100")), int(os.environ.get("MODEL_STEPS", "12"))
LONG = 20_000  # steps
HAPPENS = ("left", "may not leave now", "died in its transaction", "called back", "taken back", "transfer", "pause",
           "refused to somebody who said STOP", "refused to others",
           *(f"accepted by the rule {rule}" for rule in ("holder", "pool", "arrival")))
HAPPENS_LATER = ("given up", "decided: again", "decided: sent", "decided: failed")


@pytest.mark.either
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("settings", [{"undo_seconds": 1, "attempt_seconds": 60}], indirect=True)
def test_nothing_leaves_wrongly_whatever_happens(scene: Scene) -> None:
    """Never by another's number, to somebody who said STOP, over a limit, or twice."""
    tally: Counter[str] = Counter()
    machine = type("Machine", (Sending,), {"scene": scene, "tally": tally})
    limits = shape(max_examples=RUNS, stateful_step_count=STEPS, deadline=None, print_blob=True,
                   derandomize=RUNS * STEPS < LONG,
                   suppress_health_check=list(HealthCheck), database=None,
                   phases=[Phase.generate, *([Phase.shrink] if "MODEL_SHRINK" in os.environ else [])])
    run_state_machine_as_test(machine, settings=limits)
    wanted = HAPPENS + (HAPPENS_LATER if RUNS * STEPS >= LONG else ())
    assert not [what for what in wanted if not tally[what]], f"never happened: {tally}"
