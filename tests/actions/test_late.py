"""What should have been compared by now and was not, as nobody came to it, is compared by whoever would take it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.scene import Scene
from triage import clock
from triage.actions import comparing, taking
from triage.db import db
from triage.errors import NotClaimable
from triage.models import Operator, Report

LONG = "The polling station at the old school in Kibera has run out of ballot papers and people are leaving"
OTHER = "Police fired into the air near Gatina market and the queue of voters ran away around noon"
ROSA, TOM, EVE = "+254711000001", "+254711000002", "+254711000003"


@pytest.fixture
def amina(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Operator:
    """Somebody who takes reports, on a desk where nothing is compared by itself."""
    monkeypatch.setattr(scene, "compare", lambda: None)
    return scene.operator("Amina")


def late(scene: Scene) -> None:
    """Time has gone by."""
    before = clock.now() - timedelta(seconds=1)
    scene.do(lambda: db.session.execute(update(Report).where(Report.compare_by.is_not(None)).values(compare_by=before)))


def test_a_copy_is_taken_by_nobody_however_late_it_is_compared(scene: Scene, amina: Operator) -> None:
    first, copy = scene.sms(LONG, ROSA), scene.sms(LONG, TOM)
    late(scene)
    taken = taking.take_next(amina)
    assert taken is not None
    assert taken.report_id == first.id
    assert taking.take_next(amina) is None
    with pytest.raises(NotClaimable):
        taking.take(copy.id, amina)
    assert scene.report(copy.id).duplicate_of == first.id


def test_what_comes_first_is_taken_first_though_it_has_to_be_compared(scene: Scene, amina: Operator) -> None:
    calm = scene.sms(OTHER, ROSA)
    comparing.settle(calm.id)
    urgent = scene.sms(LONG, TOM)
    scene.do(lambda: setattr(scene.report(urgent.id), "priority", 0))
    late(scene)
    taken = taking.take_next(amina)
    assert taken is not None
    assert taken.report_id == urgent.id


def test_what_cannot_be_compared_is_taken_all_the_same(
        scene: Scene, amina: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    report = scene.sms(LONG, ROSA)
    monkeypatch.setattr(comparing, "_look", lambda _: 1 / 0)
    late(scene)
    taken = taking.take_next(amina)
    assert taken is not None
    assert taken.report_id == report.id


def test_so_many_copies_that_come_first_keep_nobody_waiting_for_ever(scene: Scene, amina: Operator) -> None:
    reports = [scene.sms(LONG, f"+2547110001{number:02}") for number in range(2 * taking.AT_ONCE + 2)]
    last = scene.sms(OTHER, EVE)
    late(scene)
    assert [getattr(taking.take_next(amina), "report_id", None) for _ in range(3)] == [reports[0].id, last.id, None]
