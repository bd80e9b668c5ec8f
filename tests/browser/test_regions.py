"""Pages that keep themselves current: an incident, the floor; and what somebody is typing on them meanwhile."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE_MS, Window, person
from tests.scene import Scene
from triage.actions import closing, incidents

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

OPENED = "Polling station at Kibera primary school opened 08:00, hundreds of voters were let in"
CLOSED = "Kibera primary school polling station is still closed at 10:00 and voters cannot get in"
MORE = "There is no water for people waiting in the sun near Kibera primary school"
ROSA, TOM, EVE = "+254711000001", "+254711000002", "+254711000003"


def test_an_incident_follows_what_happens_and_keeps_what_is_typed_and_where_one_is(
    scene: Scene, window: Window
) -> None:
    maya, ben = person(scene, "Maya"), person(scene, "Ben")
    first, second, third = (scene.sms(text, who) for text, who in ((OPENED, ROSA), (CLOSED, TOM), (MORE, EVE)))
    scene.claim(first, maya)
    scene.do(lambda: incidents.link(second.id, first.id, maya))
    number = scene.report(first.id).incident_id
    page = window(maya)
    page.goto(f"/desk/incidents/{number}")
    expect(page.locator("#live")).to_contain_text("Live", timeout=PATIENCE_MS)
    page.get_by_label("Title").press_sequentially("Kibera, the")
    scene.do(lambda: incidents.link(third.id, first.id, maya))
    told = page.locator("#incident .voices-told > li")
    expect(told).to_have_count(3, timeout=PATIENCE_MS)
    page.keyboard.type(" gate")
    expect(page.get_by_label("Title")).to_have_value("Kibera, the gate")
    expect(page.get_by_label("Title")).to_be_focused()
    leave = page.get_by_role("button", name=f"Not this incident #{third.id}")
    leave.focus()
    scene.claim(second, ben)
    expect(told.nth(1)).to_contain_text("Ben", timeout=PATIENCE_MS)
    expect(leave).to_be_focused()
    scene.sms(CLOSED, EVE + "4")
    expect(told.nth(1)).to_contain_text("1 copy, 2 senders", timeout=PATIENCE_MS)
    expect(page.get_by_label("Title")).to_have_value("Kibera, the gate")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kibera, the gate")


def test_the_floor_shows_what_needs_a_decision_by_itself_and_closes_no_menu(scene: Scene, window: Window) -> None:
    boss = person(scene, "Zawadi", "coordinator")
    closed = scene.sms(OPENED, ROSA).id
    scene.do(lambda: closing.discard(closed, boss, "off_topic"))
    page = window(boss)
    page.goto("/floor")
    expect(page.locator("#live")).to_contain_text("Live", timeout=PATIENCE_MS)
    page.get_by_label("Give a report to Zawadi").click()
    page.get_by_label("Report number (optional)").press_sequentially("12")
    for place in range(3):
        scene.sms(OPENED, f"{TOM}{place}")
    expect(page.get_by_label("Report number (optional)")).to_have_value("12")
    page.get_by_label("Report number (optional)").fill("")
    page.keyboard.press("Escape")
    scene.sms(MORE, EVE)
    again = page.get_by_role("button", name=f"Open again #{closed}")
    expect(again).to_be_visible(timeout=PATIENCE_MS)
    page.locator("body").press("d")
    expect(again).to_be_focused()
    scene.sms(CLOSED, EVE + "4")
    expect(page.locator(".tile b").first).to_have_text("2", timeout=PATIENCE_MS)
    expect(again).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#flashes")).to_contain_text("Open again, and yours.")
