"""What arrives goes before what is compared, and not for ever."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from flask import Flask

from tests.scene import Scene
from triage import clock
from triage.actions import comparing
from triage.actions.matters import COMPARED_WITHIN
from triage.db import run_in_transaction
from triage.models import Report
from triage.workers import comparing as worker
from triage.workers.comparing import CompareLoop

TEXT = "The polling station at the old school in Kibera has run out of ballot papers and people are leaving"


class Arriving:
    """What the loop sees of arrivals."""

    busy = True


@pytest.fixture
def loop(app: Flask) -> CompareLoop:
    found = CompareLoop(app)
    found._reach = Arriving()
    return found


def unblocked_after(loop: CompareLoop, seconds: float, patience: float) -> float:
    """How long it gave way, where it should for `patience`; what arrives has come to an end after `seconds`."""
    end = threading.Timer(seconds, lambda: setattr(loop._reach, "busy", False))
    began = clock.steady()
    end.start()
    loop._give_way(clock.now() + timedelta(seconds=patience))
    end.cancel()
    return clock.steady() - began


def test_nothing_is_compared_while_something_arrives(loop: CompareLoop) -> None:
    assert 0.2 <= unblocked_after(loop, 0.2, patience=30) < 5


def test_it_gives_way_no_longer_than_its_patience(loop: CompareLoop) -> None:
    assert 0.2 <= unblocked_after(loop, 30, patience=0.2) < 5


def test_it_gives_way_before_each_and_compares_all(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "compare", lambda: None)
    first, second = scene.sms(TEXT, "+254711000001"), scene.sms(TEXT, "+254711000002")
    gave_way: list[datetime] = []
    assert worker.compare_waiting(gave_way.append) == 2
    assert len(gave_way) == 2
    assert max(gave_way) <= clock.now() + COMPARED_WITHIN / 2  # each may be claimed long after it should be compared
    assert scene.report(second.id).duplicate_of == first.id


def test_one_that_cannot_be_compared_stands_alone(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "compare", lambda: None)
    report = scene.sms(TEXT)
    monkeypatch.setattr(comparing, "_look", lambda _: 1 / 0)
    assert worker.compare_waiting() == 0
    assert run_in_transaction(lambda: scene.report(report.id).compare_by) is None
    assert isinstance(report, Report)
