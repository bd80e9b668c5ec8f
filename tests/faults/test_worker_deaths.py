"""A worker is struck at each point of sending: its parent, the process that sends, both; or it stands still.

What must come of it was written down before it was run. A forking worker's child outlives its parent, and
finishes what it was at; a worker that stood still past its lease finds that the doubt was noted meanwhile.
"""

from __future__ import annotations

import pytest

from tests.faults.stage import CITIZEN, SENDING, Stage
from tests.faults.test_kill_matrix import CALM, SEEN_OTHER, Outbound, answer, check_end, row
from tests.patience import until
from tests.processes import Figures
from tests.reliability import Matrix

pytestmark = [pytest.mark.faults, pytest.mark.redis, pytest.mark.only("postgresql"), pytest.mark.timeout(300)]
desk = pytest.mark.parametrize("settings", [pytest.param(CALM, id="desk")], indirect=True)

FINISHED = Outbound(True, None, 1, 1, "delivered")
CUT_OFF = {
    "out.begun": FINISHED,  # the attempt died with its transaction: another one sends
    "out.intent": Outbound(True, "sending", 0, 0, "uncertain"),
    "out.answered": Outbound(True, "sending", 1, 1, "uncertain"),
    "out.settling": Outbound(True, "sending", 1, 1, "uncertain"),
    "out.settled": FINISHED,
}
STRUCK = {  # who is struck, and what must come of the answer
    "self": CUT_OFF,  # the child dies: as if the power failed
    "parent": dict.fromkeys(SENDING, FINISHED),  # the child is an orphan and goes on
    "both": CUT_OFF,
}
STOOD_STILL = {
    "out.begun": FINISHED,
    "out.intent": Outbound(True, "sending", 0, 0, "uncertain"),  # too late to send: somebody has noted the doubt
    "out.answered": FINISHED,  # the network had said yes, and that is still true
    "out.settling": FINISHED,
    "out.settled": FINISHED,
}
# On every commit the two points at which most can go wrong, in `make soak` all of them.
TOLD = ("out.intent", "out.answered")
NOT_EVERY_TIME = [pytest.param(point, marks=() if point in TOLD else pytest.mark.soak) for point in SENDING]


def answered(stage: Stage, point: str, *options: str, stroke: str) -> None:
    """A report is answered while a worker waits that will be struck at this point."""
    stage.arm_worker(point, *options, stroke=stroke)
    stage.writes("The doors are locked", CITIZEN)
    assert until(lambda: stage.carry() == 1)
    assert answer(stage)[1] == SEEN_OTHER


@desk
@pytest.mark.parametrize("stroke", STRUCK)
@pytest.mark.parametrize("point", NOT_EVERY_TIME)
def test_a_forking_worker_is_struck_and_another_takes_over(
    stage: Stage, point: str, stroke: str, matrix: Matrix
) -> None:
    answered(stage, point, "--fork", stroke=stroke)
    if stroke != "self":
        assert stage.dies()
    assert stage.rescued()
    check_end(stage, STRUCK[stroke][point])
    matrix(row(stage, point, f"worker forks, {stroke}", "-"))


@desk
@pytest.mark.parametrize("point", NOT_EVERY_TIME)
def test_a_worker_that_stood_still_past_its_lease_does_no_harm_when_it_goes_on(
    stage: Stage, point: str, matrix: Matrix
) -> None:
    answered(stage, point, stroke="stop")
    assert until(stage.stands_still)
    expected = STOOD_STILL[point]
    if point in ("out.intent", "out.answered"):  # in no transaction: the sweep can note the doubt meanwhile
        assert until(lambda: stage.one("SELECT state FROM deliveries") == "uncertain")
    stage.goes_on()
    check_end(stage, expected)
    matrix(row(stage, point, "worker stopped", "-"))


@desk
def test_the_servers_send_where_no_worker_was_ever_started(stage: Stage, figures: Figures) -> None:
    stage.open_web()
    stage.writes("The doors are locked", CITIZEN)
    assert until(lambda: stage.carry() == 1)
    assert answer(stage)[1] == SEEN_OTHER
    check_end(stage, FINISHED)
    figures("sent by the server after a while")
