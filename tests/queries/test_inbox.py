"""The list: what stands in each view, and cursors that nobody of ours wrote."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest

from tests.scene import Scene
from triage import clock
from triage.actions import routing
from triage.errors import BadInput
from triage.queries import inbox


def test_what_sleeps_is_not_next_up_even_for_its_holder(scene: Scene) -> None:
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    assert [row.id for row in inbox.page(maya, "next").rows] == [report.id]
    scene.do(lambda: routing.snooze(report.id, maya, clock.now() + timedelta(hours=1)))
    assert not inbox.page(maya, "next").rows
    assert [row.id for row in inbox.page(maya, "snoozed").rows] == [report.id]


WRONG = {
    "beyond time": [2, "9999-12-31T23:59:59-10:00", 5],
    "huge number": [2, "2026-01-01T00:00:00+00:00", 10**30], "huge priority": [10**30, "2026-01-01T00:00:00+00:00", 5],
    "infinite": [float("inf"), "2026-01-01T00:00:00+00:00", 5], "words": ["a", "b", "c"], "object": {"a": 1},
}


@pytest.mark.parametrize("key", WRONG.values(), ids=list(WRONG))
@pytest.mark.parametrize("view", ["next", "resolved"])
def test_a_cursor_that_is_none_is_refused_with_a_sentence(scene: Scene, key: object, view: str) -> None:
    maya = scene.operator("Maya")
    with pytest.raises(BadInput):
        inbox.page(maya, view, after=base64.urlsafe_b64encode(json.dumps(key).encode()).decode())


def test_a_cursor_of_brackets_is_refused_with_a_sentence(scene: Scene) -> None:
    maya = scene.operator("Maya")
    for text in ("[" * 100_000, "\0", "é", "===="):
        with pytest.raises(BadInput):
            inbox.page(maya, "next", after=base64.urlsafe_b64encode(text.encode()).decode())
        with pytest.raises(BadInput):
            inbox.page(maya, "next", after=text)


def test_a_cursor_without_a_zone_does_no_harm(scene: Scene) -> None:
    key = json.dumps([2, "2026-01-01T00:00:00", 5]).encode()
    assert not inbox.page(scene.operator("Maya"), "next", after=base64.urlsafe_b64encode(key).decode()).rows
