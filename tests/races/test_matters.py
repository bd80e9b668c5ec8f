"""Duels over copies and hand-overs: two reports at once, locked by two who come from both sides."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import func, select

import config
from tests import checker
from tests.processes import Crew, Figures
from tests.races import stock
from tests.races.dueling import DUELS, operator, play
from tests.scene import Scene
from triage.actions import assignments, closing, copies, handover, replies
from triage.db import db
from triage.events import Kind
from triage.models import Assignment, Delivery, Event, InboundItem, Message, Report

pytestmark = [pytest.mark.races, pytest.mark.timeout(300)]

QUIET = pytest.mark.parametrize("settings", [{"acknowledge": False}], indirect=True)


def link(copy: int, primary: int, _holder: int, chief: int, *_others: object) -> None:
    """A coordinator marks the one as a copy of the other."""
    copies.link(copy, primary, operator(chief))


def link_back(copy: int, primary: int, _holder: int, chief: int) -> None:
    """Another coordinator says that it is the other way round."""
    copies.link(primary, copy, operator(chief))


def close_primary(_copy: int, primary: int, holder: int, _chief: int, *_others: object) -> None:
    """The primary's holder closes it."""
    closing.close(primary, operator(holder), "actionable")


def give_back_copy(copy: int, _primary: int, holder: int, _chief: int) -> None:
    """Who holds the one that is to be a copy releases it."""
    assignments.release(copy, operator(holder))


def pairs(holder: int, chief: int) -> list[tuple[int, int, int, int]]:
    """As many pairs of reports as there are duels: the first and the second of every pair are held."""
    held = [number for number, _ in stock.held(2 * DUELS, holder)]
    return [(first, second, holder, chief) for first, second in zip(held[::2], held[1::2], strict=True)]


def by_status() -> Counter:
    """How many reports are in which status."""
    return Counter(dict(db.session.execute(select(Report.status, func.count()).group_by(Report.status)).all()))


@QUIET
def test_linking_and_closing_the_primary(scene: Scene, settings: config.Settings, crew: Crew,
                                         figures: Figures) -> None:
    (holder,) = stock.people(scene, 1)
    said = play(crew, settings, (link, close_primary), pairs(holder, scene.operator("Chief", "coordinator").id))
    assert set(said) == {("done", "done"), ("already_closed", "done")}
    assert by_status() == {"closed": DUELS + said["done", "done"], "assigned": said["already_closed", "done"]}
    figures(f"{dict(said)}{stock.deadlocks(settings)}")


@QUIET
def test_linking_and_releasing_the_copy(scene: Scene, settings: config.Settings, crew: Crew,
                                        figures: Figures) -> None:
    (holder,) = stock.people(scene, 1)
    said = play(crew, settings, (link, give_back_copy), pairs(holder, scene.operator("Chief", "coordinator").id))
    assert set(said) == {("done", "done"), ("done", "not_the_holder")}
    assert by_status() == {"duplicate": DUELS, "assigned": DUELS}
    ended = Counter(db.session.scalars(select(Assignment.end_reason).where(Assignment.ended_at.is_not(None))))
    assert ended == {"released": said["done", "done"], "linked": said["done", "not_the_holder"]}
    figures(f"{dict(said)}{stock.deadlocks(settings)}")


@QUIET
def test_each_linked_to_the_other_makes_one_copy_and_never_a_ring(scene: Scene, settings: config.Settings, crew: Crew,
                                                                  figures: Figures) -> None:
    (holder,) = stock.people(scene, 1)
    said = play(crew, settings, (link, link_back), pairs(holder, scene.operator("Chief", "coordinator").id))
    assert set(said) == {("done", "is_a_copy"), ("is_a_copy", "done")}
    assert by_status() == {"duplicate": DUELS, "assigned": DUELS}
    figures(f"{dict(said)}{stock.deadlocks(settings)}")


def write_again(_copy: int, _primary: int, _holder: int, _chief: int, sender: str) -> None:
    """Who sent the copy writes again."""
    stock.arrive(stock.text(f"SM-again-{sender}", sender, "And now they are counting"))


def with_sender(matters: list[tuple[int, int, int, int]]) -> list[tuple[object, ...]]:
    """The same pairs with the number of who sent the first of each."""
    return [(*matter, stock.phone(2 * number)) for number, matter in enumerate(matters)]


@QUIET
def test_a_follow_up_on_a_copy_and_closing_its_primary(scene: Scene, settings: config.Settings, crew: Crew,
                                                       figures: Figures) -> None:
    (holder,) = stock.people(scene, 1)
    chief = scene.operator("Chief", "coordinator").id
    matters = pairs(holder, chief)
    stock.in_batches(matters, lambda matter: link(*matter))
    said = play(crew, settings, (write_again, close_primary), with_sender(matters))
    assert set(said) == {("done", "done")}
    status = by_status()
    assert set(status) == {"closed", "assigned", "duplicate"}  # joined and closed with it; or both came back
    assert status["assigned"] == status["duplicate"]
    figures(f"{dict(status)}{stock.deadlocks(settings)}")


@QUIET
def test_a_follow_up_and_linking_what_it_joins(scene: Scene, settings: config.Settings, crew: Crew,
                                               figures: Figures) -> None:
    (holder,) = stock.people(scene, 1)
    matters = pairs(holder, scene.operator("Chief", "coordinator").id)
    said = play(crew, settings, (write_again, link), with_sender(matters))
    assert set(said) == {("done", "done")}
    assert by_status() == {"duplicate": DUELS, "assigned": DUELS}
    first = Counter(order(Kind.REPORT_JOINED, Kind.REPORT_LINKED))
    assert set(first) == {Kind.REPORT_JOINED, Kind.REPORT_LINKED}
    figures(f"came first: {dict(first)}{stock.deadlocks(settings)}")


def order(*kinds: Kind) -> list[str]:
    """Which of these kinds came first, for every report that had any."""
    query = select(Event.report_id, Event.kind).where(Event.kind.in_(kinds)).order_by(Event.seq.desc())
    return list(dict(db.session.execute(query).all()).values())


def hand_on(one: int, _other: int, first: int, second: int, chief: int) -> None:
    """A coordinator moves a report from the first person to the second."""
    handover.give(one, first, second, operator(chief))


def hand_back(one: int, _other: int, first: int, second: int, chief: int) -> None:
    """A coordinator moves the same report the other way, if it is there."""
    handover.give(one, second, first, operator(chief))


def hand_other_back(_one: int, other: int, first: int, second: int, chief: int) -> None:
    """A coordinator moves another report the other way."""
    handover.give(other, second, first, operator(chief))


@QUIET
def test_a_report_handed_on_and_back(scene: Scene, settings: config.Settings, crew: Crew, figures: Figures) -> None:
    first, second = stock.people(scene, 2)
    chief = scene.operator("Chief", "coordinator").id
    matters = [(number, 0, first, second, chief) for number, _ in stock.held(DUELS, first)]
    said = play(crew, settings, (hand_on, hand_back), matters)
    assert set(said) == {("done", "done"), ("done", "holder_changed")}
    last = Counter(scene.holder(scene.report(matter[0])) for matter in matters)
    assert last == {"Player0": said["done", "done"], "Player1": said["done", "holder_changed"]}
    figures(f"{dict(said)}{stock.deadlocks(settings)}")


@QUIET
def test_two_reports_handed_on_in_both_directions(scene: Scene, settings: config.Settings, crew: Crew,
                                                  figures: Figures) -> None:
    first, second = stock.people(scene, 2)
    chief = scene.operator("Chief", "coordinator").id
    mine, theirs = stock.held(DUELS, first), stock.held(DUELS, second, first=DUELS)
    matters = [(one, other, first, second, chief) for (one, _), (other, _) in zip(mine, theirs, strict=True)]
    said = play(crew, settings, (hand_on, hand_other_back), matters)
    assert set(said) == {("done", "done")}
    moved = dict(db.session.execute(select(Event.report_id, Event.seq).where(Event.kind == Kind.REPORT_ASSIGNED)).all())
    earlier = Counter(moved[one] < moved[other] for one, other, *_ in matters)
    assert set(earlier) == {True, False}
    figures(f"onward first {earlier[True]}, back first {earlier[False]}{stock.deadlocks(settings)}")


def answer(report: int, fence: int, holder: int, _sender: str) -> None:
    """The holder replies."""
    replies.reply(report, operator(holder), fence, stock.MANY, "We are on our way.", f"duel-{report}")


def say_stop(_report: int, _fence: int, _holder: int, sender: str) -> None:
    """The person says STOP."""
    stock.arrive(stock.text(f"SM-stop-{sender}", sender, "STOP"))


@QUIET
def test_stop_and_an_answer_that_is_put_into_the_outbox(scene: Scene, settings: config.Settings, crew: Crew,
                                                        figures: Figures) -> None:
    (holder,) = stock.people(scene, 1)
    matters = [(*pair, holder, stock.phone(number)) for number, pair in enumerate(stock.held(DUELS, holder))]
    said = play(crew, settings, (answer, say_stop), matters)
    assert set(said) == {("done", "done"), ("opted_out", "done")}
    assert checker.states(settings) == {"cancelled": said["done", "done"]}
    errors = select(Delivery.last_error).where(Delivery.purpose == "reply")
    assert set(db.session.scalars(errors)) == {"opted_out"}
    figures(f"{dict(said)}{stock.deadlocks(settings)}")


def write_first(sender: str) -> None:
    """Somebody new writes."""
    stock.arrive(stock.text(f"SM-first-{sender}", sender, "The first"))


def write_too(sender: str) -> None:
    """The same person writes something else at the same moment."""
    stock.arrive(stock.text(f"SM-second-{sender}", sender, "The second"))


@QUIET
def test_two_first_messages_of_one_new_person(scene: Scene, settings: config.Settings, crew: Crew,
                                              figures: Figures) -> None:
    said = play(crew, settings, (write_first, write_too), [(stock.phone(number),) for number in range(DUELS)])
    assert set(said) == {("done", "done")}
    assert by_status() == {"open": DUELS}
    results = dict(db.session.execute(select(InboundItem.result, func.count()).group_by(InboundItem.result)).all())
    assert results == {"opened": DUELS, "joined": DUELS}
    opening = select(func.min(Message.id)).group_by(Message.report_id)
    first = Counter(db.session.scalars(select(Message.body).where(Message.id.in_(opening))))
    assert set(first) == {"The first", "The second"}
    figures(f"opened by {dict(first)}{stock.deadlocks(settings)}")
