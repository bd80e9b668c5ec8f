"""Taking as the pages and the API do it: in one statement where that is possible, the long way where it is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from tests.scene import Scene
from triage import clock, engines, events
from triage.actions import assignments, drafts, taking
from triage.db import db
from triage.errors import AlreadyAssigned, AtCapacity, Forbidden, NotClaimable, NotFound
from triage.events import Kind
from triage.models import Assignment, Draft, Operator, Report, Team


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the database is asked inside the block."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def claims() -> list[tuple[int | None, int | None, object]]:
    """Who took what, as the history tells it."""
    return [(one.report_id, one.operator_id, one.data["assignment"]) for one in events.after(0)
            if one.kind == Kind.REPORT_CLAIMED]


@pytest.mark.only("postgresql")
@pytest.mark.parametrize("named", [True, False])
def test_one_statement_takes_assigns_and_writes_it_down(scene: Scene, named: bool) -> None:
    maya, report = scene.operator("Maya"), scene.sms("The station is closed.")
    with statements() as asked:
        held = taking.take(report.id, maya) if named else taking.take_next(maya)
    assert asked == [], "the long way was not needed"
    made_by = db.session.execute(text("""SELECT xmin::text FROM reports UNION SELECT xmin::text FROM assignments
        UNION SELECT xmin::text FROM events WHERE kind = 'report.claimed'""")).all()
    assert len(made_by) == 1, "one transaction"
    assert held is not None
    assert scene.holder(report) == "Maya"
    assert scene.report(report.id).status == "assigned"
    assert claims() == [(report.id, maya.id, held.id)]
    kept = db.session.get_one(Assignment, held.id)
    assert kept.started_at == kept.last_active_at


def test_the_queue_is_taken_in_its_order_and_each_once(scene: Scene) -> None:
    maya, ben = scene.operator("Maya"), scene.operator("Ben")
    first, second = scene.sms("One", "+254711000001"), scene.sms("Two", "+254711000002")
    third = scene.sms("Three", "+254711000003")
    scene.do(lambda: setattr(db.session.get_one(Report, third.id), "priority", 0))
    taken = [taking.take_next(who) for who in (maya, ben, maya)]
    assert [one.report_id if one else None for one in taken] == [third.id, first.id, second.id]
    assert taking.take_next(ben) is None
    assert len(claims()) == 3


def test_whoever_comes_second_hears_who_was_first(scene: Scene) -> None:
    maya, ben, report = scene.operator("Maya"), scene.operator("Ben"), scene.sms("One")
    held = taking.take(report.id, maya)
    with pytest.raises(AlreadyAssigned) as refusal:
        taking.take(report.id, ben)
    assert refusal.value.params["holder"] == "Maya"
    assert taking.take(report.id, maya).id == held.id
    with pytest.raises(NotFound):
        taking.take(report.id + 1, ben)


def test_nobody_holds_more_than_they_may(scene: Scene) -> None:
    maya = scene.operator("Maya", capacity=2)
    reports = [scene.sms("Words", f"+25471100000{number}") for number in range(3)]
    taking.take(reports[2].id, maya)
    assert taking.take_next(maya) is not None
    with pytest.raises(AtCapacity):
        taking.take_next(maya)
    with pytest.raises(AtCapacity):
        taking.take(reports[1].id, maya)


def test_who_may_not_handle_reports_takes_none(scene: Scene) -> None:
    report, admin = scene.sms("One"), scene.operator("Ada", "admin")
    for take in (lambda: taking.take(report.id, admin), lambda: taking.take_next(admin)):
        with pytest.raises(Forbidden):
            take()
    assert scene.holder(report) is None


def test_a_report_of_another_team_is_not_taken(scene: Scene) -> None:
    maya, report = scene.operator("Maya"), scene.sms("One")
    scene.do(lambda: db.session.add(Team(id=1, name="Coast")))
    scene.do(lambda: setattr(db.session.get_one(Report, report.id), "team_id", 1))
    assert taking.take_next(maya) is None
    with pytest.raises((NotFound, NotClaimable)):
        taking.take(report.id, maya)


def test_taking_begins_a_shift_and_inherits_what_was_typed(scene: Scene) -> None:
    maya, ben, report = scene.operator("Maya"), scene.operator("Ben", shift="off"), scene.sms("One")
    scene.do(lambda: drafts.save(report.id, maya, "We are on our"))
    assert taking.take_next(ben) is not None
    assert db.session.get_one(Operator, ben.id).shift == "taking"
    assert db.session.scalar(select(Draft.body).where(Draft.operator_id == ben.id)) == "We are on our"


def test_others_hear_of_it(scene: Scene) -> None:
    heard: list[frozenset[str]] = []
    maya, report = scene.operator("Maya"), scene.sms("One")
    events.listen(heard.append)
    taking.take(report.id, maya)
    assert heard == [frozenset({Kind.REPORT_CLAIMED})]


@pytest.mark.only("postgresql")
@pytest.mark.parametrize("took_place", [True, False])
def test_a_lost_answer_is_found_out_and_nothing_is_taken_twice(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, took_place: bool
) -> None:
    maya = scene.operator("Maya")
    first, second = scene.sms("One", "+254711000001"), scene.sms("Two", "+254711000002")
    real = taking.run_statement

    def lost(*given: Any) -> None:
        if took_place:
            real(*given)
        raise OperationalError("SELECT", {}, ConnectionError("gone"), connection_invalidated=True)

    monkeypatch.setattr(taking, "run_statement", lost)
    held = taking.take_next(maya)
    assert held is not None
    assert held.report_id == first.id
    assert scene.report(second.id).status == "open"
    assert taking.take(first.id, maya).id == held.id
    assert len(db.session.scalars(select(Assignment)).all()) == 1
    assert len(claims()) == 1


@pytest.mark.only("postgresql")
def test_what_somebody_else_has_locked_for_a_moment_is_waited_for(scene: Scene) -> None:
    """Its acknowledgement may just be leaving: "nothing is waiting" would be untrue."""
    maya, report = scene.operator("Maya"), scene.sms("One")
    with db.engine.connect() as sender:
        sender.execute(select(Report.id).where(Report.id == report.id).with_for_update(key_share=True))
        release = threading.Timer(0.3, sender.rollback)
        release.start()
        held = taking.take_next(maya)
        release.join()
    assert held is not None
    assert held.report_id == report.id
    assert taking.take_next(maya) is None


@pytest.mark.only("postgresql")
@pytest.mark.parametrize("named", [True, False])
def test_what_was_given_back_after_the_moment_of_taking_is_taken_the_long_way(scene: Scene, named: bool) -> None:
    maya, ben, report = scene.operator("Maya"), scene.operator("Ben"), scene.sms("One")
    before = clock.now()
    taking.take(report.id, maya)
    scene.do(lambda: assignments.release(report.id, maya))
    which, statement = ({"number": report.id}, taking.NAMED) if named else ({}, taking.FIRST)
    assert taking._try(statement, ben, before, **which) is None
    held = taking.take(report.id, ben)
    given_back = db.session.scalars(select(Assignment.ended_at)).first()
    assert given_back <= db.session.get_one(Assignment, held.id).started_at


@pytest.mark.only("postgresql")
def test_what_was_held_by_another_while_one_waited_is_taken_the_long_way(scene: Scene, app: Flask) -> None:
    maya, ben, report = scene.operator("Maya"), scene.operator("Ben"), scene.sms("One")
    said: list[object] = []

    def take() -> None:
        with app.app_context():
            said.append(taking._try(taking.NAMED, ben, clock.now(), number=report.id))

    with db.engine.begin() as other:
        other.execute(select(Operator.id).where(Operator.id == ben.id).with_for_update(key_share=True))
        thread = threading.Thread(target=take)
        thread.start()
        time.sleep(0.5)  # it waits for the lock on Ben
        taking.take(report.id, maya)
        scene.do(lambda: assignments.release(report.id, maya))
    thread.join(10)
    assert said == [None]


@pytest.mark.only("postgresql")
def test_a_connection_that_commits_by_itself_never_serves_a_transaction(scene: Scene) -> None:
    class Stumbling(dict[str, object]):
        def __getitem__(self, key: str) -> object:
            raise ZeroDivisionError

    for problem, values in ((ZeroDivisionError, Stumbling()), (DBAPIError, {"number": object()})):
        with pytest.raises(problem):
            engines.at_once(db.engine, "SELECT %(number)s", values)
        with db.engine.connect() as connection:
            assert connection.connection.driver_connection.autocommit is False
