"""Drafts: kept for whoever typed them, inherited while nobody has answered, saved by two windows at once."""

from __future__ import annotations

import pytest

from tests.scene import Scene
from triage.actions import assignments, drafts, replies
from triage.db import db
from triage.models import Draft
from triage.queries import reports


def test_a_text_that_was_answered_since_is_not_offered_to_the_next_holder(scene: Scene) -> None:
    maya, ben, chidi = (scene.operator(name) for name in ("Maya", "Ben", "Chidi"))
    report = scene.sms("The station is closed.")
    scene.carry()
    scene.claim(report, maya)
    scene.do(lambda: drafts.save(report.id, maya, "Which station?"))
    scene.do(lambda: assignments.release(report.id, maya))
    held = scene.claim(report, ben)
    assert reports.view(report.id, ben).draft == "Which station?"
    scene.do(lambda: replies.reply(report.id, ben, held.id, scene.head(), "Which station?", "key-0001"))
    scene.carry()
    scene.do(lambda: assignments.release(report.id, ben))
    scene.claim(report, chidi)
    assert reports.view(report.id, chidi).draft == ""
    assert reports.view(report.id, maya).draft == "Which station?", "who typed it keeps it"


def test_a_text_typed_after_the_answer_is_inherited(scene: Scene) -> None:
    maya, ben = scene.operator("Maya"), scene.operator("Ben")
    report = scene.sms("The station is closed.")
    scene.carry()
    held = scene.claim(report, maya)
    scene.do(lambda: replies.reply(report.id, maya, held.id, scene.head(), "Which station?", "key-0001"))
    scene.carry()
    scene.do(lambda: drafts.save(report.id, maya, "And since when?"))
    scene.do(lambda: assignments.release(report.id, maya))
    scene.claim(report, ben)
    assert reports.view(report.id, ben).draft == "And since when?"


def test_two_windows_that_save_the_first_draft_at_once_save_one(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL neither sees the other's row before it is committed."""
    maya = scene.operator("Maya")
    report = scene.sms("The station is closed.")
    scene.do(lambda: drafts.save(report.id, maya, "One"))
    monkeypatch.setattr(drafts, "_of", lambda *_: None)
    scene.do(lambda: drafts.save(report.id, maya, "Two"))
    assert db.session.query(Draft).one().body == "Two"
