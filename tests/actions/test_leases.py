"""Leases begin when a report begins to wait for its holder, and an absent pair cannot stop the clocks for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.base import DeliveryUpdate
from tests.scene import Scene
from triage import clock
from triage.actions import assignments, doubt, leases, replies, routing
from triage.db import db
from triage.models import Assignment, Delivery, Desk, Operator, Report


def _swept(scene: Scene) -> int:
    """A sweep of a desk that was up all the time."""
    scene.do(lambda: db.session.query(Desk).update({"last_sweep_at": clock.now()}))
    return scene.do(leases.sweep)


def _answered(scene: Scene, who: Operator) -> tuple[Report, Delivery]:
    report = scene.sms("The station is closed.")
    held = scene.claim(report, who)
    delivery = scene.do(lambda: replies.reply(report.id, who, held.id, scene.head(), "Which one?", "key-0001"))
    scene.carry()
    return report, delivery


def test_a_follow_up_after_a_long_wait_gives_its_holder_a_whole_lease(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report, _ = _answered(scene, maya)
    with scene.later(hours=2):
        scene.sms("Ward nine.")
        assert _swept(scene) == 0
        assert scene.holder(report) == "Maya"
    with scene.later(hours=2, minutes=21):
        assert _swept(scene) == 1


def test_an_answer_that_fails_late_gives_its_holder_a_whole_lease(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report, delivery = _answered(scene, maya)
    with scene.later(hours=2):
        sent = scene.delivery(delivery)
        update = DeliveryUpdate("sms", "", str(sent.provider_id), "failed")
        scene.do(lambda: doubt.apply_update(sent.account_id, update))
        assert scene.report(report.id).unanswered_since is not None
        assert _swept(scene) == 0


@pytest.mark.parametrize("how", ["early", "inbound", "time"])
def test_a_report_that_wakes_gives_its_holder_a_whole_lease(scene: Scene, how: str) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    scene.do(lambda: routing.snooze(report.id, maya, clock.now() + timedelta(minutes=50)))
    wakes = {
        "early": lambda: routing.wake(report.id, maya), "time": leases.wake_snoozed,
        "inbound": lambda: None,
    }
    with scene.later(minutes=55 if how == "time" else 40):
        if how == "inbound":
            scene.sms("Hurry.")
        scene.do(wakes[how])
        assert scene.report(report.id).snoozed_until is None
        assert _swept(scene) == 0
        assert scene.holder(report) == "Maya"


def test_people_who_stay_away_freeze_the_clocks_once_and_not_again_after_a_coordinator_spoke(scene: Scene) -> None:
    maya, _, zawadi = scene.operator("Maya"), scene.operator("Ben"), scene.operator("Zawadi", "coordinator")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    with scene.later(minutes=6):
        scene.do(lambda: setattr(db.session.merge(zawadi), "last_seen_at", clock.now()))
        _swept(scene)
        assert db.session.get_one(Desk, 1).freeze_reason == "silence"
        seen = maya.last_seen_at
        scene.do(lambda: leases.resume(zawadi))
        assert maya.last_seen_at == seen, "nobody looks present who is not"
    with scene.later(minutes=12):
        assert _swept(scene) == 0
        assert db.session.get_one(Desk, 1).leases_frozen_at is None
    with scene.later(minutes=27):
        assert _swept(scene) == 1
    assert scene.holder(report) is None


def test_a_lease_that_was_renewed_while_the_sweep_waited_for_the_lock_does_not_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL the holder's "still on it" may commit between finding a late lease and locking its report."""
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    real = leases.matters.lock

    def slow_lock(report_id: int, actor: Operator | None = None) -> Report:
        db.session.query(Assignment).update({"last_active_at": clock.now()}, synchronize_session=False)
        return real(report_id, actor)

    with scene.later(minutes=21):
        scene.do(lambda: setattr(db.session.merge(maya), "last_seen_at", clock.now()))
        monkeypatch.setattr(leases.matters, "lock", slow_lock)
        assert _swept(scene) == 0
        monkeypatch.undo()
    assert scene.holder(report) == "Maya"


def test_a_returned_answer_does_not_bring_the_late_holder_back(scene: Scene) -> None:
    maya, ben = scene.operator("Maya"), scene.operator("Ben")
    report, delivery = _answered(scene, maya)
    scene.do(lambda: assignments.release(report.id, maya))
    scene.claim(report, ben)
    scene.do(lambda: doubt.apply_update(scene.delivery(delivery).account_id, DeliveryUpdate(
        "sms", "", str(scene.delivery(delivery).provider_id), "failed")))
    assert scene.holder(report) == "Ben"
