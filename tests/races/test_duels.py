"""Two verbs on one report at the same moment: whoever comes first, everything still adds up afterwards."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select

import config
from tests import checker
from tests.processes import Crew, Figures
from tests.races import stock
from tests.races.dueling import DUELS, operator, play
from tests.scene import Scene
from triage.actions import assignments, closing, deliveries, replies
from triage.db import db
from triage.models import Delivery, Draft, Message, Report

pytestmark = [pytest.mark.races, pytest.mark.timeout(300)]

# The acts: module-level, because other processes must find them. `fence` is the holder's assignment.


def answer(report: int, fence: int, holder: int, *_others: int) -> None:
    """The holder replies."""
    replies.reply(report, operator(holder), fence, stock.MANY, "We are on our way.", f"duel-{report}")


def give(report: int, _fence: int, _holder: int, to: int, coordinator: int, *_others: int) -> None:
    """A coordinator gives it to somebody."""
    assignments.assign(report, to, operator(coordinator))


def give_other(report: int, _fence: int, _holder: int, _to: int, coordinator: int, other: int) -> None:
    """A coordinator gives it to somebody else."""
    assignments.assign(report, other, operator(coordinator))


def give_back(report: int, _fence: int, holder: int, *_others: int) -> None:
    """The holder releases it."""
    assignments.release(report, operator(holder))


def test_an_answer_and_a_reassignment(scene: Scene, settings: config.Settings, crew: Crew, figures: Figures) -> None:
    holder, to = stock.people(scene, 2)
    chief = scene.operator("Chief", "coordinator").id
    matters = [(*pair, holder, to, chief) for pair in stock.held(DUELS, holder)]
    said = play(crew, settings, (answer, give), matters)
    assert set(said) == {("done", "done"), ("not_the_holder", "done")}
    accepted = select(Delivery.state).where(Delivery.purpose == "reply")
    assert list(db.session.scalars(accepted)) == ["cancelled"] * said["done", "done"]  # it came before the hand-over
    kept = select(Draft.body).where(Draft.operator_id == to)
    assert list(db.session.scalars(kept)) == ["We are on our way."] * said["done", "done"]
    figures(f"{dict(said)}")


def test_an_answer_and_a_release(scene: Scene, settings: config.Settings, crew: Crew, figures: Figures) -> None:
    (holder,) = stock.people(scene, 1)
    matters = [(*pair, holder) for pair in stock.held(DUELS, holder)]
    said = play(crew, settings, (answer, give_back), matters)
    assert set(said) == {("done", "done"), ("not_the_holder", "done")}
    assert checker.states(settings) == {"cancelled": said["done", "done"]}
    assert set(db.session.scalars(select(Report.status))) == {"open"}
    figures(f"{dict(said)}")


def test_two_reassignments_to_two_people(scene: Scene, settings: config.Settings, crew: Crew,
                                         figures: Figures) -> None:
    holder, to, other = stock.people(scene, 3)
    chief = scene.operator("Chief", "coordinator").id
    matters = [(*pair, holder, to, chief, other) for pair in stock.held(DUELS, holder)]
    said = play(crew, settings, (give, give_other), matters)
    assert set(said) == {("done", "done")}
    last = Counter(scene.holder(scene.report(matter[0])) for matter in matters)
    assert set(last) == {"Player1", "Player2"}  # now the one, now the other came last
    figures(f"{dict(last)}")


def say_stop(_delivery: int, sender: str) -> None:
    """The person says STOP."""
    stock.arrive(stock.text(f"SM-stop-{sender}", sender, "STOP"))


def begin(delivery: int, _sender: str) -> None:
    """A worker begins to send."""
    deliveries.begin_attempt(delivery)


def test_stop_and_the_begin_of_an_attempt(scene: Scene, settings: config.Settings, crew: Crew,
                                          figures: Figures) -> None:
    (holder,) = stock.people(scene, 1)
    waiting = stock.due(DUELS, holder)
    matters = [(one, stock.phone(number)) for number, one in enumerate(waiting)]
    play(crew, settings, (say_stop, begin), matters)
    states = checker.states(settings)
    assert set(states) == {"sending", "cancelled"}
    assert sum(states.values()) == DUELS
    figures(f"{states['sending']} had begun before STOP, {states['cancelled']} were stopped")


def follow_up(report: int, _fence: int, _holder: int, sender: str) -> None:
    """The person writes again."""
    stock.arrive(stock.text(f"SM-again-{report}", sender, "And now they are counting"))


def close(report: int, _fence: int, holder: int, _sender: str) -> None:
    """The holder closes it."""
    closing.close(report, operator(holder), "actionable")


def reopen(report: int, _fence: int, holder: int, _sender: str) -> None:
    """The last holder opens it again."""
    closing.reopen(report, operator(holder))


def with_senders(pairs: list[tuple[int, int]], holder: int) -> list[tuple[object, ...]]:
    """Matters of a duel between a person and the holder of their report."""
    return [(*pair, holder, stock.phone(number)) for number, pair in enumerate(pairs)]


def test_a_follow_up_and_closing(scene: Scene, settings: config.Settings, crew: Crew, figures: Figures) -> None:
    (holder,) = stock.people(scene, 1)
    said = play(crew, settings, (follow_up, close), with_senders(stock.held(DUELS, holder), holder))
    assert set(said) == {("done", "done")}
    status = Counter(db.session.scalars(select(Report.status)))
    assert set(status) == {"closed", "assigned"}  # joined and closed with it; or it came back to its holder
    every = select(Message.report_id).where(Message.direction == "in")
    assert set(Counter(db.session.scalars(every)).values()) == {2}
    figures(f"{dict(status)}")


@pytest.mark.parametrize("settings", [{"reopen_hours": 72}, {"reopen_hours": 0}], indirect=True,
                         ids=["follow-ups reopen", "follow-ups open a new report"])
def test_a_follow_up_and_reopening(scene: Scene, settings: config.Settings, crew: Crew, figures: Figures) -> None:
    (holder,) = stock.people(scene, 1)
    pairs = stock.held(DUELS, holder)
    stock.in_batches(pairs, lambda pair: close(*pair, holder, ""))
    said = play(crew, settings, (follow_up, reopen), with_senders(pairs, holder))
    refusal = "bad_input" if settings.reopen_hours else "live_report_exists"
    assert set(said) == {("done", "done"), ("done", refusal)}
    expected = DUELS if settings.reopen_hours else DUELS + said["done", refusal]
    assert len(db.session.scalars(select(Report.id)).all()) == expected
    assert stock.deadlocks_broken(settings) <= DUELS // 10, "both lock the person first"
    figures(f"{dict(said)}{stock.deadlocks(settings)}")


def send(_report: int, _fence: int, _holder: int, _to: int, _chief: int, one: int) -> None:
    """A worker sends one answer, both transactions."""
    order = deliveries.begin_attempt(one)
    if order is not None:
        deliveries.settle(order.attempt_id, deliveries.Settlement("accepted", provider_id=f"OUT{order.attempt_id}"))


def test_sending_and_a_reassignment(scene: Scene, settings: config.Settings, crew: Crew, figures: Figures) -> None:
    holder, to = stock.people(scene, 2)
    chief = scene.operator("Chief", "coordinator").id
    waiting = stock.due(DUELS, holder)
    of = dict(db.session.execute(select(Delivery.id, Delivery.report_id)).all())
    matters = [(of[one], 0, holder, to, chief, one) for one in waiting]
    play(crew, settings, (send, give), matters)
    states = checker.states(settings)
    assert set(states) == {"sent", "cancelled"}
    assert sum(states.values()) == DUELS
    figures(f"{states['sent']} had left before the hand-over, {states['cancelled']} were cancelled")
