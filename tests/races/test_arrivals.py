"""Arriving at the same moment: one contact, one report, each message once."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

import config
from tests import checker
from tests.processes import SIZE, Crew, Figures, Seat
from tests.races import stock
from tests.scene import Scene
from triage import clock
from triage.db import db, run_in_transaction
from triage.models import Contact, InboundItem, Message, Report

pytestmark = [pytest.mark.races, pytest.mark.timeout(240)]

ROUNDS = 25
TIMES = 100


def count(model: type) -> int:
    """How many rows a table has."""
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def write_first(seat: Seat, rounds: int) -> None:
    """In each round write to the desk from the round's new number, all at once, each another message."""
    for number in range(rounds):
        seat.meet()
        message = stock.text(f"SM-{number}-{seat.place}", stock.phone(number))
        run_in_transaction(lambda arriving=message: stock.arrive(arriving))


def test_first_messages_of_one_new_person_at_once_make_one_contact_and_one_report(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    crew.race(settings, write_first, ROUNDS)
    assert (count(Contact), count(Report)) == (ROUNDS, ROUNDS)
    per_report = select(func.count()).where(Message.direction == "in").group_by(Message.report_id)
    assert list(db.session.scalars(per_report)) == [SIZE] * ROUNDS
    acknowledgements = select(func.count()).where(Message.direction == "out")
    assert db.session.scalar(acknowledgements) == ROUNDS  # one each, whoever came first
    checker.check(settings)
    figures(f"{ROUNDS} rounds of {SIZE} first messages: {count(Contact)} contacts, {count(Report)} reports")


def open_carelessly(seat: Seat) -> bool:
    """Look for a live report in one transaction and open one in another: whether it went through."""
    query = select(Report.id).where(Report.thread_key == "phone:1", Report.status != "closed")
    found = db.session.scalar(query)
    db.session.remove()
    seat.meet()
    now = clock.now()
    new = Report(channel="sms", thread_key="phone:1", status="open", received_at=now, unanswered_since=now)
    try:
        run_in_transaction(lambda: found or db.session.add(new))
    except IntegrityError:
        return False
    return True


@pytest.mark.parametrize("indexed", [True, False], ids=["with the index", "with the index dropped"])
def test_a_careless_opening_is_refused_by_the_index_and_by_nothing_else(
    settings: config.Settings, crew: Crew, figures: Figures, indexed: bool
) -> None:
    if not indexed:
        stock.without_index(settings, "uq_reports_live_thread")
    opened = sum(crew.race(settings, open_carelessly))
    assert opened == (1 if indexed else SIZE)
    assert any("I3" in said for said in checker.problems(settings)) is not indexed
    figures(f"{opened} of {SIZE} opened a report")


def bring(seat: Seat, keys: list[str]) -> None:
    """Bring one and the same message, journalled under each of these keys."""
    for key in keys[seat.place::SIZE]:
        run_in_transaction(lambda name=key: stock.arrive(stock.text("SM-same", stock.phone(1)), name))


def test_the_same_message_100_times_in_parallel_is_one_item_and_one_message(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    crew.race(settings, bring, ["SM-same"] * TIMES)
    assert (count(InboundItem), count(Report)) == (1, 1)
    assert db.session.scalars(select(Message.external_id).where(Message.direction == "in")).all() == ["SM-same"]
    checker.check(settings)
    figures(f"{TIMES} arrivals by {SIZE} processes: {count(InboundItem)} item, {count(Report)} report")


def test_the_same_message_under_100_names_is_100_items_and_one_message(
    scene: Scene, settings: config.Settings, crew: Crew, figures: Figures
) -> None:
    crew.race(settings, bring, [f"name-{number}" for number in range(TIMES)])
    results = dict(db.session.execute(select(InboundItem.result, func.count()).group_by(InboundItem.result)).all())
    assert results == {"opened": 1, "copy": TIMES - 1}
    assert db.session.scalars(select(Message.external_id).where(Message.direction == "in")).all() == ["SM-same"]
    checker.check(settings)
    figures(f"{TIMES} items: {results}")
