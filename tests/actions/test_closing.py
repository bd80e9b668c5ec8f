"""Reopening against a person who writes again at the same moment."""

from __future__ import annotations

import pytest

from tests.scene import Scene
from triage.actions import closing
from triage.errors import LiveReportExists


def test_reopening_beside_a_newer_report_that_is_seen_too_late_names_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL the newer report may be committed between the look and the change."""
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    scene.claim(report, maya)
    scene.do(lambda: closing.close(report.id, maya, "actionable"))
    with scene.later(hours=100):
        newer = scene.sms("Another matter.")
    real, looks = closing.live_report, []

    def early(thread_key: str) -> object:
        looks.append(thread_key)
        return None if len(looks) == 1 else real(thread_key)

    monkeypatch.setattr(closing, "live_report", early)
    with pytest.raises(LiveReportExists, match=f"#{newer.id}"):
        scene.do(lambda: closing.reopen(report.id, maya))
    assert scene.report(report.id).status == "closed"
