"""The server dies by SIGKILL at each of the 12 named points and is started again.

What must come of it was written down before it was run, in `INBOUND`, `OUTBOUND` and `REPEATABLE` below.
`requests` and `accepted` are counted by the simulator's ledger, which never forgets.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.faults.stage import CITIZEN, Stage
from tests.patience import until
from tests.reliability import Cell, Matrix
from triage import crashpoints

pytestmark = [pytest.mark.faults, pytest.mark.either, pytest.mark.timeout(300)]

# Held for a second, so that what dies right after the commit cannot have begun to leave already.
CALM = {"demo": False, "acknowledge": False, "undo_seconds": 1, "attempt_seconds": 2}
desk = pytest.mark.parametrize("settings", [pytest.param(CALM, id="desk")], indirect=True)

SEEN_OTHER = 303
ANSWER = "We are on our way."
HOLDER = "maya@desk.example"
DESK, POSTER = "@harbour@social.example", "@rosa@social.example"


class Inbound(NamedTuple):
    """At the death the journal holds so many items. The network never heard yes; afterwards there is one of each."""

    items: int


class Outbound(NamedTuple):
    """What the operator heard, what stood there at the death, and how it must end."""

    heard: bool  # the operator was told that the answer is accepted
    at_death: str | None  # state of the delivery, None: there is none
    requests: int  # of the desk at the simulator, in the end
    accepted: int  # by the simulator, in the end
    end: str


INBOUND = {
    "in.arrived": Inbound(items=0),
    "in.verified": Inbound(items=0),
    "in.journalled": Inbound(items=0),  # the transaction died with the server
    "in.filed": Inbound(items=0),
    "in.committed": Inbound(items=1),  # kept, and not said so: it comes again and is known
}
OUTBOUND = {
    "out.accepted": Outbound(False, None, 1, 1, "delivered"),  # never committed: the same form again is the first
    "out.committed": Outbound(False, "held", 1, 1, "delivered"),  # the same form again is the same answer
    "out.begun": Outbound(True, "waiting", 1, 1, "delivered"),  # the attempt died with its transaction
    "out.intent": Outbound(True, "sending", 0, 0, "uncertain"),  # it never left, and nobody can know
    "out.answered": Outbound(True, "sending", 1, 1, "uncertain"),  # it left, and nobody can know
    "out.settling": Outbound(True, "sending", 1, 1, "uncertain"),  # the same, a few statements later
    "out.settled": Outbound(True, "sent", 1, 1, "delivered"),
}
REPEATABLE = {  # a public post: the key makes a second request harmless, so the machine may ask again
    "out.begun": Outbound(True, "waiting", 1, 1, "delivered"),
    "out.intent": Outbound(True, "sending", 1, 1, "delivered"),
    "out.answered": Outbound(True, "sending", 2, 1, "delivered"),
    "out.settling": Outbound(True, "sending", 2, 1, "delivered"),
    "out.settled": Outbound(True, "delivered", 1, 1, "delivered"),
}


def test_every_named_point_is_in_the_matrix() -> None:
    spooled = tuple(point for point in crashpoints.NAMES if point.startswith("spool."))  # in test_spool.py
    asked = ("poll.asked", "doubt.asked")  # in test_asking.py
    alike = tuple(point for point in crashpoints.NAMES if point.startswith("like."))  # in test_comparing.py
    assert (*INBOUND, *spooled, *OUTBOUND, *asked, *alike) == crashpoints.NAMES


def row(stage: Stage, point: str, struck: str, at_death: object) -> Cell:
    """A cell of the matrix, counted afresh from the desk's database and the network's ledger."""
    kept = [name for (name,) in stage.ask("SELECT external_id FROM messages WHERE direction = 'in'")]
    lost, doubled = set(stage.store.received()) - set(kept), len(kept) - len(set(kept))
    requests, accepted = len(stage.store.requests()), len(stage.store.accepted())
    end, twice = stage.one("SELECT state FROM deliveries"), len(stage.store.accepted_twice())
    desk = "scaled out" if stage.sender else "embedded"
    return Cell(desk, point, struck, str(at_death or "nothing"), requests, accepted, end, len(lost), doubled, twice)


def answer(stage: Stage) -> tuple[dict[str, str], int | None]:
    """The operator signs in, takes the one report and answers it; the form, and the status heard."""
    report = stage.report()
    stage.browser.sign_in(HOLDER)
    stage.browser.take(report)
    form = stage.browser.form(report)
    assert form is not None
    return form, stage.browser.reply(report, form, ANSWER)


@desk
@pytest.mark.parametrize("point", INBOUND)
def test_a_message_survives_a_death_between_received_and_said_so(stage: Stage, point: str, matrix: Matrix) -> None:
    stage.arm(point)
    name = stage.writes("The doors are locked")
    assert stage.carry() == 0
    assert stage.dies()
    at_death = stage.one("SELECT count(*) FROM inbound")
    assert at_death == INBOUND[point].items
    stage.fell()
    stage.open()
    assert stage.carry_all()
    assert answer(stage)[1] == SEEN_OTHER
    assert ends(stage, "delivered")
    stage.nothing_lost_or_doubled()
    tries = [one.status for one in stage.store.tries(name)]
    assert tries[0] is None
    assert tries.count(200) == 1
    assert stage.ask("SELECT count(*), min(state) FROM inbound WHERE result = 'opened'") == [(1, "ingested")]
    matrix(row(stage, point, "server, sms", f"{at_death} items"))


def die_sending(stage: Stage, point: str, expected: Outbound) -> str | None:
    """Answer, die at the point, start again; then the operator who heard nothing sends the same form again.

    Gives the state the delivery had at the death.
    """
    stage.arm(point)
    assert until(lambda: stage.carry() == 1)
    form, status = answer(stage)
    assert (status == SEEN_OTHER) is expected.heard
    assert stage.dies()
    found: str | None = stage.one("SELECT state FROM deliveries")
    assert found == expected.at_death or (expected.at_death == "waiting" and found in ("held", "queued"))
    stage.fell()
    stage.open()
    if not expected.heard:
        assert stage.browser.reply(stage.report(), form, ANSWER) == SEEN_OTHER
    return found


def ends(stage: Stage, state: str) -> bool:
    """Carry until the one answer is in this state; a status may come while what it is about is still written down."""
    return until(lambda: (stage.carry(), stage.ask("SELECT state FROM deliveries") == [(state,)])[-1])


def check_end(stage: Stage, expected: Outbound) -> None:
    """One answer, in the expected end state; the ledger says how often it was asked for and accepted."""
    assert ends(stage, expected.end)
    assert len(stage.store.requests()) == expected.requests
    assert len(stage.store.accepted()) == expected.accepted
    assert stage.one("SELECT count(*) FROM messages WHERE direction = 'out'") == 1
    stage.nothing_lost_or_doubled()


@desk
@pytest.mark.parametrize("point", OUTBOUND)
def test_an_answer_survives_a_death_and_is_never_sent_twice(stage: Stage, point: str, matrix: Matrix) -> None:
    expected = OUTBOUND[point]
    stage.writes("The doors are locked")
    at_death = die_sending(stage, point, expected)
    check_end(stage, expected)
    matrix(row(stage, point, "who sends, sms", at_death))
    if expected.end == "uncertain":
        decide(stage, expected)


def decide(stage: Stage, expected: Outbound) -> None:
    """A person settles the doubt: what never left leaves once, what had left is not sent again."""
    stage.browser.get("/desk/reports/1")
    verdict = "sent" if expected.accepted else "again"
    decided = stage.browser.post("/desk/deliveries/1/decide", report=1, verdict=verdict)
    assert decided is not None
    assert decided.ok
    assert until(lambda: (stage.carry(), stage.one("SELECT state FROM deliveries") in ("sent", "delivered"))[-1])
    assert len(stage.store.sent_to(CITIZEN)) == 1
    stage.nothing_lost_or_doubled()


@desk
@pytest.mark.parametrize("point", REPEATABLE)
def test_an_answer_that_may_be_repeated_arrives_once_whatever_happened(
    stage: Stage, point: str, matrix: Matrix
) -> None:
    expected = REPEATABLE[point]
    stage.writes("The doors are locked", POSTER, "mastodon", DESK)
    at_death = die_sending(stage, point, expected)
    check_end(stage, expected)
    matrix(row(stage, point, "who sends, post", at_death))
