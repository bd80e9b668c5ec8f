"""The table of the house: what happens to answers under way when an assignment ends. And leases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.scene import Scene
from triage import clock
from triage.actions import assignments, closing, deliveries, leases, replies, routing
from triage.actions.deliveries import Settlement
from triage.db import db
from triage.errors import NotTheHolder
from triage.events import Kind
from triage.models import Assignment, Delivery, Desk, Operator, Report
from triage.queries import reports

TEXT = "Which station is it?"


class Room:
    """Maya holds a report and has answered; Ben and the coordinator stand by."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.maya, self.ben = scene.operator("Maya"), scene.operator("Ben")
        self.zawadi = scene.operator("Zawadi", "coordinator")
        self.report: Report = scene.sms("The station is closed.")
        scene.carry()
        self.held: Assignment = scene.claim(self.report, self.maya)
        self.delivery: Delivery = scene.do(lambda: self.answer(self.maya, self.held))

    def answer(self, who: Operator, held: Assignment, key: str = "k1") -> Delivery:
        """Accept an answer."""
        return replies.reply(self.report.id, who, held.id, self.scene.head(), TEXT, key)

    def end(self, how: str) -> None:
        """End Maya's assignment in one of the four ways."""
        ends = {
            "closed": lambda: closing.close(self.report.id, self.maya, "actionable"),
            "released": lambda: assignments.release(self.report.id, self.maya),
            "reassigned": lambda: assignments.assign(self.report.id, self.ben.id, self.zawadi),
            "lease": self._lease,
        }
        self.scene.do(ends[how])

    def _lease(self) -> None:
        report = self.scene.report(self.report.id)
        assignments.put_back(report, db.session.get_one(Assignment, self.held.id), "lease")

    def state(self) -> str:
        """Where the answer stands."""
        return self.scene.delivery(self.delivery).state


@pytest.fixture
def room(scene: Scene) -> Room:
    return Room(scene)


@pytest.mark.parametrize("settings", [{"undo_seconds": 8}, {"undo_seconds": 0}], indirect=True)
@pytest.mark.parametrize("how", ["released", "reassigned", "lease"])
def test_a_waiting_answer_is_cancelled_and_becomes_the_next_holders_draft(room: Room, how: str) -> None:
    room.end(how)
    assert room.state() == "cancelled"
    if how != "reassigned":
        room.scene.claim(room.report, room.ben)
    assert reports.view(room.report.id, room.ben).draft == TEXT
    with room.scene.later(minutes=1):
        assert room.scene.carry() == 0
    assert Kind.REPLY_CANCELLED in room.scene.kinds(room.report)


@pytest.mark.parametrize("settings", [{"undo_seconds": 8}, {"undo_seconds": 0}], indirect=True)
def test_a_waiting_answer_goes_on_when_the_holder_closes(room: Room) -> None:
    room.end("closed")
    with room.scene.later(seconds=9):
        assert room.scene.carry() == 1
    assert room.state() == "sent"


@pytest.mark.parametrize("how", ["closed", "released", "reassigned", "lease"])
def test_an_answer_being_sent_finishes(room: Room, how: str) -> None:
    order = room.scene.do(lambda: deliveries.begin_attempt(room.delivery.id))
    room.end(how)
    room.scene.do(lambda: deliveries.settle(order.attempt_id, Settlement("accepted", provider_id="OUT1")))
    assert room.state() == "sent"


@pytest.mark.parametrize("how", ["released", "reassigned", "lease"])
def test_an_answer_that_did_not_get_through_is_not_tried_again_after_the_hand_over(room: Room, how: str) -> None:
    order = room.scene.do(lambda: deliveries.begin_attempt(room.delivery.id))
    room.end(how)
    room.scene.do(lambda: deliveries.settle(order.attempt_id, Settlement("retry", error="unreachable")))
    assert room.state() == "cancelled"
    if how != "reassigned":
        room.scene.claim(room.report, room.ben)
    assert reports.view(room.report.id, room.ben).draft == TEXT


def test_the_fence_refuses_whoever_lost_the_report(room: Room) -> None:
    room.end("reassigned")
    with pytest.raises(NotTheHolder, match="Ben"):
        room.scene.do(lambda: room.answer(room.maya, room.held, "k2"))
    room.scene.do(lambda: assignments.assign(room.report.id, room.maya.id, room.zawadi))
    with pytest.raises(NotTheHolder):
        room.scene.do(lambda: room.answer(room.maya, room.held, "k3"))


def test_a_reply_after_release_by_a_stale_page_is_refused(room: Room) -> None:
    room.end("released")
    with pytest.raises(NotTheHolder):
        room.scene.do(lambda: room.answer(room.maya, room.held, "k2"))


def _silent(scene: Scene, minutes: int) -> None:
    """Nobody has done anything for so long; sweeps went on all the time."""
    long_ago = clock.now() - timedelta(minutes=minutes)
    scene.do(lambda: db.session.query(Assignment).update({"last_active_at": long_ago}))
    scene.do(lambda: db.session.query(Desk).update({"last_sweep_at": clock.now()}))


def test_an_unanswered_report_returns_to_the_queue_when_its_lease_ends(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    _silent(scene, 19)
    assert scene.do(leases.sweep) == 0
    _silent(scene, 21)
    assert scene.do(leases.sweep) == 1
    row = reports.view(report.id, maya).row
    assert (row.status, row.was_with, row.ended_by) == ("open", "Maya", "lease")
    assert Kind.REPORT_LEASE_ENDED in scene.kinds(report)


def test_waiting_snoozed_and_sending_reports_have_no_lease(room: Room) -> None:
    snoozed = room.scene.sms("Another.", "+254711000998")
    room.scene.claim(snoozed, room.maya)
    room.scene.do(lambda: routing.snooze(snoozed.id, room.maya, clock.now() + timedelta(hours=1)))
    _silent(room.scene, 60)
    assert room.scene.do(leases.sweep) == 0


def test_still_on_it_and_typing_renew_the_lease(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    _silent(scene, 60)
    scene.do(lambda: assignments.touch(report.id, maya))
    assert scene.do(leases.sweep) == 0


def test_after_an_outage_the_clocks_freeze_until_a_coordinator_speaks(scene: Scene) -> None:
    maya, zawadi = scene.operator("Maya"), scene.operator("Zawadi", "coordinator")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    scene.do(leases.sweep)
    with scene.later(hours=2):
        assert scene.do(leases.sweep) == 0
        assert scene.holder(report) == "Maya"
        assert db.session.get_one(Desk, 1).freeze_reason == "outage"
        scene.do(lambda: leases.resume(zawadi))
        assert scene.do(leases.sweep) == 0
        _silent(scene, 30)
        assert scene.do(leases.sweep) == 1
    assert {Kind.LEASES_FROZEN, Kind.LEASES_RESUMED} <= set(scene.kinds())


def test_when_many_fall_silent_together_the_clocks_freeze(scene: Scene) -> None:
    people = [scene.operator(name) for name in ("Maya", "Ben", "Chidi", "Amina", "Rui")]
    report = scene.sms("The station is closed.")
    scene.claim(report, people[0])
    gone = clock.now() - timedelta(minutes=25)
    for person in people[:2]:
        scene.do(lambda who=person: setattr(db.session.merge(who), "last_seen_at", gone))
    _silent(scene, 25)
    assert scene.do(leases.sweep) == 0
    assert db.session.get_one(Desk, 1).freeze_reason == "silence"


def test_one_silent_person_does_not_freeze_the_clocks(scene: Scene) -> None:
    maya = scene.operator("Maya")
    scene.operator("Ben")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    gone = clock.now() - timedelta(minutes=25)
    scene.do(lambda: setattr(db.session.merge(maya), "last_seen_at", gone))
    _silent(scene, 25)
    assert scene.do(leases.sweep) == 1
