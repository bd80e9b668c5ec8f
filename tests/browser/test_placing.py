"""The holder says where a report is, with script: in place, without leaving the page, found by axe to be in order."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Window, person, violations
from tests.scene import Scene
from tests.served import Served
from triage.actions import gazetteer
from triage.gazetteer import sheet

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200),
              pytest.mark.parametrize("served", ["embedded"], indirect=True)]
TABLE = (b"code,name,parent\nKSM,Kisumu,\nNKR,Nakuru,\nKSM-012,Hill School,KSM\n"
         b"KSM-013,Chapel Hall,KSM\nNKR-013,Chapel Hall,NKR\n")


def test_a_place_is_said_by_words_chosen_and_taken_away(served: Served, scene: Scene, window: Window) -> None:
    maya = person(scene, "Maya")
    read = sheet.read(TABLE)
    scene.do(lambda: gazetteer.enter(read))
    report = scene.sms("Hill School and Nakuru: no ink, PU 077 too")
    scene.claim(report, maya)
    page = window(maya)
    page.goto(f"/desk/reports/{report.id}")
    expect(page.locator("mark.place")).to_have_count(3)
    page.get_by_text("Say where it is").click()
    page.fill("#place-words", "chapel hall")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_text("Which one is meant by")).to_be_visible()
    assert not violations(page)
    page.get_by_role("button", name="Chapel Hall NKR-013").click()
    expect(page.locator("#side")).to_contain_text("said by Maya")
    expect(page.locator("#report-title")).to_contain_text("Chapel Hall")
    page.get_by_text("Change the place").click()
    page.get_by_role("button", name="Take the place away").click()
    expect(page.locator("#side")).not_to_contain_text("said by Maya")
    page.goto("/desk?view=all&place=kisumu")
    expect(page.get_by_text("With all places in it.")).to_be_visible()
    assert not violations(page)
