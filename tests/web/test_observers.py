"""Beside a report a coordinator says that its sender is a registered observer; others read it, and say nothing."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.scene import Scene
from tests.visitor import PASSWORD
from tests.web.door import Browser

pytestmark = pytest.mark.only("sqlite")


def at(app: Flask, scene: Scene, name: str, *roles: str) -> Browser:
    """Somebody's browser."""
    made = Browser(app)
    made.sign_in(scene.operator(name, *roles), PASSWORD)
    return made


def test_a_coordinator_marks_the_sender_and_takes_it_back(app: Flask, scene: Scene) -> None:
    cora, maya, number = at(app, scene, "Cora", "coordinator"), at(app, scene, "Maya"), scene.sms("Queue at noon").id
    assert "Mark as observer" in cora.get(f"/desk/reports/{number}").text
    assert "observer" not in maya.get(f"/desk/reports/{number}").text
    cora.post(f"/desk/reports/{number}/observer", {"observer": "1"})
    shown = maya.get(f"/desk/reports/{number}").text
    assert ("Registered observer" in shown, "Not an observer" in shown) == (True, False)
    assert "Cora said that the sender is a registered observer" in shown
    assert maya.post(f"/desk/reports/{number}/observer", {"observer": ""}).status_code == 403
    cora.post(f"/desk/reports/{number}/observer", {"observer": ""})
    assert "Registered observer" not in maya.get(f"/desk/reports/{number}").text
