"""Every page as axe, a narrow screen, the dark and a right-to-left reader see it; and the citizen's whole way."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE_MS, Window, person, violations
from tests.scene import Scene
from tests.served import Served
from triage import clock
from triage.actions import accounts, assignments, incidents, ingest, journal, notes, prices, replies, trials
from triage.db import db
from triage.models import Account, Operator

# How pages look and read is the same whatever carries them.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(400),
              pytest.mark.parametrize("served", ["embedded"], indirect=True)]

STAFF = ("/desk", "/desk?view=resolved", "/desk/reports/1", "/desk/reports/2", "/desk/reports/1/compare/2",
         "/desk/incidents/1", "/floor", "/floor/hand-over/1", "/people", "/accounts", "/accounts/1", "/accounts/2",
         "/accounts/3",
         "/accounts/2/transfer?to=", "/accounts/new", "/accounts/prices", "/places", "/quarantine", "/me",
         "/nothing-here")
PUBLIC = ("/login", "/report", "/back", "/exit", "/simulator")
SIZES = (1280, 768, 390, 320)
HUMAN_MS = 3_500  # whoever fills in the form faster is taken for a machine and read later
SAID = "Mill Road is closed and people wait."


@pytest.fixture
def room(scene: Scene) -> Operator:
    """A desk with something on every page; the coordinator, who may open them all."""
    maya, zawadi = person(scene, "Maya"), person(scene, "Zawadi", "coordinator", "admin", "operator")
    held, public = scene.sms(SAID), scene.sms("نفدت أوراق الاقتراع في المدرسة.", "+254711000999")
    scene.account("mastodon", "@harbour@social.example", can_send=True)
    scene.post("Two men film voters.")
    opened = scene.sms("Mill Road is open, 3 officers are there.", "+254711000888")
    scene.do(lambda: incidents.link(opened.id, held.id, zawadi))
    fence = scene.claim(held, maya)
    scene.do(lambda: notes.add(held.id, maya, "I called the station."))
    scene.do(lambda: replies.reply(held.id, maya, fence.id, scene.head(), "Which door?", "k1"))
    scene.do(lambda: assignments.assign(public.id, zawadi.id, zawadi))
    scene.do(lambda: ingest.receive(journal.Arrival("simulator", "sms", "bad", b"{broken"), _unreadable))
    scene.do(lambda: trouble(zawadi))
    return zawadi


def trouble(boss: Operator) -> None:
    """A price, an account past its stop level that was tested, one that is paused, one that is broken."""
    prices.set_price("sms", "simulator", "KE", 32_000)
    trials.send_test(1, "+254799000001", "trial-0001", boss)
    accounts.change(1, boss, accounts.Terms(limits=[[1, 1], [7, 300], [500, 86400]], ceiling_micros=0))
    accounts.pause(2, boss)
    broken = db.session.get_one(Account, 3)
    broken.trouble, broken.needs_attention = "broken", "The key expired."
    broken.troubled_at = broken.last_error_at = clock.now()
    broken.last_error = "The key expired."


def _unreadable() -> list:
    raise ValueError("not JSON")


def sideways(page: Page) -> int:
    """How many pixels a page must be scrolled sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def look(page: Page, path: str, sizes: Sequence[int] = SIZES) -> list[str]:
    """What is wrong with a page at every width, left-to-right and right-to-left."""
    page.goto(path)
    page.wait_for_load_state()
    problems = []
    for width in sizes:
        page.set_viewport_size({"width": width, "height": 800})
        for direction in ("ltr", "rtl"):
            page.evaluate("way => document.documentElement.dir = way", direction)
            if sideways(page) > 0:
                problems.append(f"{path} {width} {direction}: scrolls {sideways(page)} px sideways")
        page.evaluate("document.documentElement.dir = 'ltr'")
        if width in (1280, 390):
            problems += [f"{path} {width}: {found}" for found in violations(page)]
    return problems


# The dark changes colours, and they are the same at every width.
SCHEMES = pytest.mark.parametrize("scheme, sizes", [("light", SIZES), ("dark", (390,))], ids=["light", "dark"])


@SCHEMES
def test_staff_pages_have_no_fault_at_any_width(
    room: Operator, window: Window, scheme: str, sizes: Sequence[int]
) -> None:
    page = window(room, color_scheme=scheme)
    assert [problem for path in STAFF for problem in look(page, path, sizes)] == []


@SCHEMES
def test_public_pages_have_no_fault_at_any_width(
    room: Operator, window: Window, scheme: str, sizes: Sequence[int]
) -> None:
    page = window(color_scheme=scheme)
    assert [problem for path in PUBLIC for problem in look(page, path, sizes)] == []


def test_no_page_asks_another_host_for_anything(room: Operator, window: Window, served: Served) -> None:
    page = window(room)
    foreign: list[str] = []
    page.on("request", lambda asked: None if served.address in asked.url or asked.url.startswith(("data:", "blob:"))
            else foreign.append(asked.url))
    for path in STAFF + PUBLIC:
        page.goto(path)
    assert foreign == []


def walk_the_form(page: Page, *, script: bool) -> str:
    """Fill in the citizen's form step by step, looked at by axe where script runs; the receipt code."""
    faults: list[str] = []
    page.goto("/report")
    page.wait_for_timeout(HUMAN_MS)
    page.locator("main form button").last.click()
    for _ in range(8):
        faults += violations(page) if script else []
        if (code := receipt(page)) is not None:
            assert faults == []
            return code
        answer(page)
        page.locator("main form button.main").last.click()
    raise AssertionError(page.content())


def receipt(page: Page) -> str | None:
    """The code on the receipt page, once it is there."""
    found = re.search(r"\d{4}\s\d{4}\s\d{4}\s\d{4}", page.locator("main").inner_text())
    return found.group(0) if found else None


def answer(page: Page) -> None:
    """Answer whatever this step asks."""
    for field in page.locator("main textarea:visible, main input[type=text]:visible").all():
        field.fill(SAID if field.evaluate("one => one.tagName") == "TEXTAREA" else "Mill Road School")
    choices = page.locator("main input[type=radio]")
    if choices.count():
        choices.first.check(force=True)


@pytest.mark.parametrize("script", [True, False])
def test_a_citizen_reports_comes_back_and_reads_the_answer(
    scene: Scene, window: Window, script: bool
) -> None:
    maya = person(scene, "Maya")
    page = window(java_script_enabled=script)
    code = walk_the_form(page, script=script)
    assert code.replace(" ", "") not in page.url
    report = scene.newest()
    fence = scene.claim(report, maya)
    scene.do(lambda: replies.reply(report.id, maya, fence.id, scene.head(), "Help is on its way.", "k1"))
    for _ in range(20):
        page.goto("/back")
        page.locator("main input[type=text], main input[name=code]").first.fill(code)
        page.locator("main form button").first.click()
        if "Help is on its way." in page.locator("main").inner_text():
            break
        page.wait_for_timeout(500)
    expect(page.locator("main")).to_contain_text("Help is on its way.", timeout=PATIENCE_MS)
    page.locator("main textarea").first.fill("Thank you, they came.")
    page.locator("main form button.main").first.click()
    expect(page.locator("main")).to_contain_text("Thank you, they came.")
    assert scene.holder(report) == "Maya"
