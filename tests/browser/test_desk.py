"""The desk in a real browser: two windows, a real server, the simulator's phone at the other end."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import delete

from channels.simulator import Store, Written
from tests.browser.conftest import PATIENCE_MS, Window, person
from tests.scene import CITIZEN, INTAKE, Scene, unsigned
from tests.served import Served
from tests.visitor import PASSWORD
from triage.actions import assignments, notes, routing
from triage.db import db
from triage.models import Report, StaffSession

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SAID = "Mill Road is closed and people wait."
Figures = Callable[[str], None]


def row(page: Page, report: Report) -> Locator:
    """The line of a report in the list."""
    return page.locator(f"#r{report.id}")


def said(page: Page, text: str) -> Locator:
    """One line of the conversation."""
    return page.locator("#report .msg").filter(has_text=text)


def test_one_claims_and_the_others_row_changes_by_itself(scene: Scene, window: Window, figures: Figures) -> None:
    report = scene.sms(SAID)
    maya, ben = person(scene, "Maya"), person(scene, "Ben")
    hers, his = window(maya), window(ben)
    for page in (hers, his):
        page.goto("/desk?view=new")
        expect(page.locator("#live")).to_contain_text("Live", timeout=PATIENCE_MS)
    began = time.monotonic()
    hers.locator("body").press("j")
    hers.locator("body").press("t")
    expect(row(his, report)).to_contain_text("Maya", timeout=PATIENCE_MS)
    figures(f"{time.monotonic() - began:.2f} s from the key until the other window showed it")
    assert scene.holder(report) == "Maya"


def test_a_citizens_message_appears_is_answered_and_seen_delivered_on_the_phone(
    scene: Scene, window: Window, served: Served, figures: Figures
) -> None:
    maya = person(scene, "Maya")
    desk, phones = window(maya), window()
    desk.goto("/desk")
    store = Store(served.settings.simulator_path)
    store.add_person("sms", CITIZEN, "Neema")  # a phone of its own on the page
    store.write(Written("sms", CITIZEN, INTAKE, SAID))
    written = time.monotonic()
    expect(desk.get_by_role("link", name=re.compile("Show 1 new"))).to_be_visible(timeout=PATIENCE_MS)
    figures(f"{time.monotonic() - written:.2f} s from the citizen's phone to the open desk")
    desk.locator("body").press("n")
    expect(desk.locator("#report")).to_contain_text(SAID, timeout=PATIENCE_MS)
    desk.locator("body").press("r")
    desk.keyboard.type("Which door is closed?")
    desk.keyboard.press("Control+Enter")
    sent = time.monotonic()
    expect(said(desk, "Which door is closed?")).to_contain_text("Delivered", timeout=PATIENCE_MS)
    undo = served.settings.undo_seconds
    figures(f"{time.monotonic() - sent - undo:.2f} s from sent to Delivered, besides the {undo} s to undo")
    phones.goto("/simulator")
    expect(phones.locator("main")).to_contain_text("Which door is closed?")


def test_ten_events_missed_while_the_server_was_dead_are_caught_up_by_number(
    scene: Scene, window: Window, served: Served
) -> None:
    maya, ben = person(scene, "Maya"), person(scene, "Ben")
    reports = [scene.sms(f"Station {number} is closed.", f"+25471100{number:04d}") for number in range(10)]
    page = window(maya)
    page.goto("/desk?view=new")
    expect(page.locator("#live")).to_contain_text("Live", timeout=PATIENCE_MS)
    served.kill()
    expect(page.locator("#live")).to_contain_text("Reconnecting", timeout=60_000)
    for report in reports:
        scene.claim(report, ben)
    served.start()
    for report in reports:
        expect(row(page, report)).to_contain_text("Ben", timeout=60_000)
    expect(page.locator("#live")).to_contain_text("Live", timeout=60_000)
    expect(page.locator("#missed")).to_contain_text(re.compile(r"missed \d+ update"))
    page.wait_for_function("head => Number(document.body.dataset.seq) >= head", arg=scene.head(), timeout=60_000)


def test_everything_works_with_script_off(scene: Scene, window: Window) -> None:
    report = scene.sms(SAID)
    maya = person(scene, "Maya")
    page = window(maya, java_script_enabled=False)
    page.goto("/desk")
    page.get_by_role("button", name=re.compile("Take next")).first.click()
    expect(page.locator("#report")).to_contain_text(SAID)
    page.fill("textarea[name=text] >> nth=0", "Which door?")
    page.locator("[data-send]").click()
    expect(page.locator("#report")).to_contain_text("Which door?")
    assert scene.holder(report) == "Maya"


def test_a_double_press_on_send_sends_once(scene: Scene, window: Window, served: Served) -> None:
    report = scene.sms(SAID)
    maya = person(scene, "Maya")
    scene.claim(report, maya)
    page = window(maya)
    page.goto(f"/desk/reports/{report.id}")
    page.fill("#reply textarea[name=text]", "Which door?")
    page.locator("[data-send]").dblclick()
    expect(said(page, "Which door?")).to_contain_text("Delivered", timeout=PATIENCE_MS)
    texts = [unsigned(line.text) for line in Store(served.settings.simulator_path).sent_to(CITIZEN)]
    assert texts.count("Which door?") == 1


def test_typed_text_survives_losing_the_report(scene: Scene, window: Window) -> None:
    report = scene.sms(SAID)
    maya, ben, zawadi = person(scene, "Maya"), person(scene, "Ben"), person(scene, "Zawadi", "coordinator")
    scene.claim(report, maya)
    page = window(maya)
    page.goto(f"/desk/reports/{report.id}")
    page.fill("#reply textarea[name=text]", "I was about to say")
    scene.do(lambda: assignments.assign(report.id, ben.id, zawadi))
    expect(page.locator("#report")).to_contain_text("Ben", timeout=PATIENCE_MS)
    expect(page.locator("#note-text")).to_have_value("I was about to say", timeout=PATIENCE_MS)


def test_the_focus_stays_on_the_report_while_the_screen_keeps_itself_current(scene: Scene, window: Window) -> None:
    report, maya = scene.sms(SAID), person(scene, "Maya")
    page = window(maya)
    page.goto("/desk")
    row(page, report).locator("a").focus()
    page.keyboard.press("t")
    expect(page.locator("#thread")).to_contain_text("Maya took this", timeout=PATIENCE_MS)
    page.keyboard.press("r")
    page.keyboard.type("Which door?")
    page.keyboard.press("Control+Enter")
    page.locator("[data-undo]").wait_for()
    scene.do(lambda: notes.add(report.id, maya, "From elsewhere"))
    expect(said(page, "From elsewhere")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#report-title")).to_be_focused()


def test_undo_puts_the_cursor_into_the_text_that_came_back(scene: Scene, window: Window) -> None:
    report, maya = scene.sms(SAID), person(scene, "Maya")
    scene.claim(report, maya)
    page = window(maya)
    page.goto(f"/desk/reports/{report.id}")
    page.fill("#text", "Which door?")
    page.locator("[data-send]").click()
    page.locator("[data-undo]").wait_for()
    page.keyboard.press("u")
    expect(page.locator("#text")).to_have_value("Which door?", timeout=PATIENCE_MS)
    expect(page.locator("#text")).to_be_focused()


def test_a_public_answer_needs_a_second_press(scene: Scene, window: Window) -> None:
    maya = person(scene, "Maya")
    scene.account("mastodon", "@harbour@social.example")
    scene.account("mastodon", "@maya@social.example", can_send=True, operator=maya)
    report = scene.post("The queue goes round the block")
    scene.claim(report, maya)
    page = window(maya)
    page.goto(f"/desk/reports/{report.id}")
    page.fill("#text", "We have told the station.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-send]")).to_have_text("Press again: everybody can read this")
    page.fill("#text", "We told the station.")
    expect(page.locator("[data-send]")).to_contain_text("Send PUBLIC reply")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+Enter")
    expect(said(page, "We told the station.")).to_be_visible(timeout=PATIENCE_MS)


def test_whoever_is_signed_out_while_typing_is_told_and_keeps_the_text(scene: Scene, window: Window) -> None:
    report, maya = scene.sms(SAID), person(scene, "Maya")
    scene.claim(report, maya)
    page = window(maya)
    page.goto(f"/desk/reports/{report.id}")
    expect(page.locator("#live")).to_contain_text("Live", timeout=PATIENCE_MS)
    scene.do(lambda: db.session.execute(delete(StaffSession)))
    page.locator("#text").press_sequentially("Which door?")
    expect(page.locator("#live")).to_contain_text("Signed out", timeout=PATIENCE_MS)
    page.locator("[data-live-word] a").click()
    page.fill("input[name=email]", maya.email)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_have_value("Which door?", timeout=PATIENCE_MS)


def test_a_report_is_taken_answered_and_resolved_and_another_returned_by_keys_alone(
    scene: Scene, window: Window
) -> None:
    first, second = scene.sms(SAID), scene.sms("They pay voters.", "+254711000999")
    page = window(person(scene, "Maya"))
    page.goto("/desk")
    keys = page.keyboard
    page.locator("body").press("n")
    expect(page.locator("#report-title")).to_be_focused(timeout=PATIENCE_MS)
    keys.press("r")
    keys.type("Which door?")
    keys.press("Control+Enter")
    expect(said(page, "Which door?")).to_be_visible(timeout=PATIENCE_MS)
    keys.press("Escape")
    keys.press("e")
    keys.press("Enter")
    expect(page.locator("#report")).to_contain_text("Resolved", timeout=PATIENCE_MS)
    keys.press("n")
    expect(page.locator("#report")).to_contain_text("They pay voters.", timeout=PATIENCE_MS)
    expect(page.locator("#report-title")).to_be_focused(timeout=PATIENCE_MS)
    keys.press("q")
    keys.type("needs Spanish")
    keys.press("Enter")
    expect(page.locator("body")).to_contain_text("Returned to the queue", timeout=PATIENCE_MS)
    assert [scene.report(one.id).status for one in (first, second)] == ["closed", "open"]


def test_what_happens_below_the_rows_shown_is_not_called_new(scene: Scene, window: Window) -> None:
    maya, zawadi = person(scene, "Maya"), person(scene, "Zawadi", "coordinator")
    reports = [scene.sms(f"Station {number} is closed.", f"+25471100{number:04d}") for number in range(52)]
    page = window(maya)
    page.goto("/desk?view=new")
    expect(page.locator("#live")).to_contain_text("Live", timeout=PATIENCE_MS)
    scene.do(lambda: notes.add(reports[-1].id, maya, "Called the station"))
    scene.do(lambda: routing.prioritise(reports[-2].id, zawadi, 1))
    expect(page.locator("[data-count=urgent]")).to_have_text("1", timeout=PATIENCE_MS)
    expect(page.locator("#fresh")).to_contain_text("Show 1 new report", timeout=PATIENCE_MS)


def test_on_a_phone_what_was_sent_and_its_undo_are_in_sight(scene: Scene, window: Window) -> None:
    report, maya = scene.sms(SAID), person(scene, "Maya")
    for number in range(8):
        scene.sms(f"And this, {number}: " + SAID * 3)
    scene.claim(report, maya)
    page = window(maya, viewport={"width": 390, "height": 780})
    page.goto(f"/desk/reports/{report.id}")
    page.fill("#text", "Which door?")
    page.locator("[data-send]").click()
    page.locator("[data-undo]").wait_for()
    expect(page.locator("[data-undo]")).to_be_in_viewport()
