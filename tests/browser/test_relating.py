"""Copies and likely copies beside the open report: they come by themselves, and are decided without a mouse."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE_MS, Window, person, violations
from tests.browser.test_pages import sideways
from tests.scene import Scene
from triage.actions import gazetteer
from triage.db import db
from triage.gazetteer import sheet
from triage.models import Match

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

LONG = "Ballot box number 12 at the old school in Kibera was opened by an officer before the count"
SHORT = "No ballot papers here at all"
ROSA, TOM, EVE = "+254711000001", "+254711000002", "+254711000003"


def test_a_copy_appears_beside_what_its_holder_is_writing_and_disturbs_nothing(scene: Scene, window: Window) -> None:
    maya = person(scene, "Maya")
    first = scene.sms(LONG, ROSA)
    scene.claim(first, maya)
    page = window(maya)
    page.goto(f"/desk/reports/{first.id}")
    expect(page.locator("#live")).to_contain_text("Live", timeout=PATIENCE_MS)
    page.locator("#text").press_sequentially("Who opened")
    copy = scene.sms(LONG.replace("an officer", "any officer"), TOM)
    panel = page.locator("#copies")
    expect(panel).to_contain_text("1 copy, 2 senders, 1 channel", timeout=PATIENCE_MS)
    expect(panel).to_contain_text("same text, 1 word differs")
    expect(page.locator(f"#r{first.id}")).to_contain_text("1 copy, 2 senders, 1 channel", timeout=PATIENCE_MS)
    page.keyboard.type(" it?")
    expect(page.locator("#text")).to_have_value("Who opened it?")
    expect(page.locator("#text")).to_be_focused()
    page.locator("#side summary[data-key=compare]").click()
    page.locator(f"#copies a[data-plain][href*='compare/{copy.id}']").focus()
    scene.sms(LONG, EVE)
    expect(panel).to_contain_text("2 copies, 3 senders, 1 channel", timeout=PATIENCE_MS)
    expect(page.locator(f"#copies a[data-plain][href*='compare/{copy.id}']")).to_be_focused()
    expect(page.locator("#compare-with")).to_be_visible()
    assert scene.holder(first) == "Maya"


def test_what_may_be_the_same_is_compared_and_decided_by_keys_alone(scene: Scene, window: Window) -> None:
    maya = person(scene, "Maya")
    held, second, third = (scene.sms(SHORT, sender) for sender in (ROSA, TOM, EVE))
    scene.claim(held, maya)
    page = window(maya, viewport={"width": 320, "height": 800})
    page.goto(f"/desk/reports/{held.id}")
    assert not violations(page)
    page.locator("body").press("d")
    expect(page.locator("#offers a").first).to_be_focused()
    reject = page.get_by_role("button", name=f"Not the same #{third.id}")
    reject.focus()
    page.keyboard.press("Enter")
    expect(reject).to_have_count(0, timeout=PATIENCE_MS)
    page.get_by_role("link", name=f"Compare with #{second.id}").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("word for word, but so short that two people", timeout=PATIENCE_MS)
    assert not violations(page)
    assert sideways(page) <= 0
    page.get_by_role("button", name=f"#{second.id} is a copy of #{held.id}").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#flashes")).to_contain_text("They go together now.", timeout=PATIENCE_MS)
    expect(page.locator("#copies")).to_contain_text("said by")
    assert (scene.report(second.id).duplicate_of, scene.report(third.id).status) == (held.id, "open")
    assert sorted(one.state for one in db.session.query(Match)) == ["linked", "rejected", "suggested"]


def test_with_script_off_two_are_compared_by_number_linked_and_taken_apart(scene: Scene, window: Window) -> None:
    maya = person(scene, "Maya")
    held, other = scene.sms(LONG, ROSA), scene.sms(LONG.replace("12", "21"), TOM)
    scene.claim(held, maya)
    page = window(maya, java_script_enabled=False)
    page.goto(f"/desk/reports/{held.id}")
    page.get_by_text("Compare with another").click()
    page.get_by_label("Number of the report to compare with").fill(f"#{other.id}")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_have_text(re.compile(r"Not linked: numbers differ, \W*12\W* and \W*21"))
    expect(page.locator("mark.fact:not(.legend mark)")).to_have_text(["[another number: 12]", "[another number: 21]"])
    page.get_by_role("button", name="is a copy of").click()
    expect(page.locator("#copies")).to_contain_text("said by")
    page.get_by_role("button", name="Not a copy").click()
    expect(page.locator("#copies")).to_have_count(0)
    assert scene.report(other.id).status == "open"


def test_a_list_of_one_place_stays_so_while_it_keeps_itself_current(scene: Scene, window: Window) -> None:
    maya = person(scene, "Maya")
    read = sheet.read(b"code,name,parent\nKSM,Kisumu,\nNKR,Nakuru,\n")
    scene.do(lambda: gazetteer.enter(read))
    first = scene.sms("Kisumu: the doors are locked and people wait", ROSA)
    page = window(maya)
    page.goto("/desk?view=new&place=kisumu")
    expect(page.locator("#live")).to_contain_text("Live", timeout=PATIENCE_MS)
    scene.sms("Nakuru has no ink since the morning", TOM)
    scene.sms("Kisumu again, somebody buys votes", EVE)
    expect(page.locator("#fresh")).to_contain_text("Show 1 new report", timeout=PATIENCE_MS)
    scene.claim(first, person(scene, "Ben"))
    expect(page.locator(f"#r{first.id}")).to_contain_text("Ben", timeout=PATIENCE_MS)
    page.locator(f"#r{first.id} a").click()
    page.wait_for_url(re.compile(rf"/desk/reports/{first.id}\?view=new&place=KSM"))
