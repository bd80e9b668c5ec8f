"""One answer to many with script: from the composer to the results and back, found by axe to be in order."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE_MS, Window, person, violations
from tests.scene import Scene
from tests.served import Served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200),
              pytest.mark.parametrize("served", ["embedded"], indirect=True)]
LONG = "The polling station at the old school in Kibera has run out of ballot papers and people are leaving"
TEXT = "Thank you. We know of it, and officials are on their way."


def test_all_senders_are_answered_from_the_composer(served: Served, scene: Scene, window: Window) -> None:
    maya = person(scene, "Maya")
    first, *_ = [scene.sms(LONG, f"+25471100011{place}") for place in range(3)]
    scene.claim(scene.report(first.id), maya)
    page = window(maya, viewport={"width": 320, "height": 700})
    page.goto(f"/desk/reports/{first.id}")
    page.fill("#text", TEXT)
    page.get_by_role("button", name="Answer all 3").click()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(3)
    expect(page.get_by_label("Your answer")).to_have_value(TEXT)
    assert not violations(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    expect(page.locator("#live")).to_contain_text("Live", timeout=PATIENCE_MS)
    scene.sms("They have gone now", "+254711000111")
    changed = page.get_by_text("Something has changed meanwhile.")
    expect(changed).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Save and count again").click()
    expect(changed).to_be_hidden()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(3)
    page.get_by_label("Your answer").press("Control+Enter")
    expect(page.get_by_role("button", name="Send to all")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 people are answered")).to_be_visible()
    assert not violations(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.get_by_role("link", name=f"Back to #{first.id}").click()
    expect(page.locator("#thread")).to_contain_text("to …12")
