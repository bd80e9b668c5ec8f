"""Quarantine: what could not be read stays in sight, shown as it came, and can be tried again."""

from __future__ import annotations

import pytest

from channels.errors import Unreadable
from tests.scene import Scene
from tests.web.door import Browser, words
from triage.actions import ingest, journal

RAW = b'<script>alert(1)</script> \xff\x00 \xe2\x80\xaeabc'

pytestmark = pytest.mark.usefixtures("boss")


def arrives_broken(scene: Scene) -> int:
    """Something no parser can read comes in; the number of its item."""

    def parse() -> list[object]:
        raise Unreadable("This is not JSON.")

    arrival = journal.Arrival("simulator", "sms", "SMbroken", RAW)
    scene.do(lambda: ingest.receive(arrival, parse))
    return scene.item().id


def test_an_item_is_shown_as_it_came_and_never_as_markup(scene: Scene, browser: Browser) -> None:
    arrives_broken(scene)
    page = browser.get("/quarantine")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<script>alert" not in page.text
    assert "\\xff\\x00 \\u202eabc" in page.text
    assert "1 item" in words(page)
    assert "not JSON" in words(page)


def test_an_empty_quarantine_says_when_it_looked(browser: Browser) -> None:
    assert "Nothing is quarantined" in words(browser.get("/quarantine"))


def test_an_item_can_be_tried_again_and_stays_while_it_cannot_be_read(scene: Scene, browser: Browser) -> None:
    number = arrives_broken(scene)
    browser.get("/quarantine")
    assert browser.post(f"/quarantine/{number}/retry").status_code == 303
    assert browser.post("/quarantine/999/retry").status_code == 303
    assert "has left quarantine already" in words(browser.get("/quarantine"))
