"""What arrives goes before what is compared, and not for ever."""

from __future__ import annotations

import threading

import pytest
from flask import Flask

from tests.scene import Scene
from triage import clock
from triage.actions import comparing
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


def unblocked_after(loop: CompareLoop, seconds: float) -> float:
    """How long it gave way; what arrives has come to an end after `seconds`."""
    end = threading.Timer(seconds, lambda: setattr(loop._reach, "busy", False))
    began = clock.steady()
    end.start()
    loop._give_way()
    end.cancel()
    return clock.steady() - began


def test_nothing_is_compared_while_something_arrives(loop: CompareLoop) -> None:
    loop._patient_until = clock.steady() + 30
    assert 0.2 <= unblocked_after(loop, 0.2) < 5


def test_it_gives_way_no_longer_than_its_patience(loop: CompareLoop) -> None:
    loop._patient_until = clock.steady() + 0.2
    assert 0.2 <= unblocked_after(loop, 30) < 5


def test_it_gives_way_before_each_and_compares_all(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "compare", lambda: None)
    first, second = scene.sms(TEXT, "+254711000001"), scene.sms(TEXT, "+254711000002")
    gave_way: list[int] = []
    assert worker.compare_waiting(lambda: gave_way.append(1)) == 2
    assert len(gave_way) == 2
    assert scene.report(second.id).duplicate_of == first.id


def test_one_that_cannot_be_compared_stands_alone(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "compare", lambda: None)
    report = scene.sms(TEXT)
    monkeypatch.setattr(comparing, "look", lambda _: 1 / 0)
    assert worker.compare_waiting() == 0
    assert run_in_transaction(lambda: scene.report(report.id).compare_by) is None
    assert isinstance(report, Report)
