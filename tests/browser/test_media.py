"""Pictures and sounds on the desk, in a real browser: covered, opened by key, heard, written down; with script off."""

from __future__ import annotations

import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from channels.base import InboundMessage, RemoteFile
from tests.browser.conftest import PATIENCE_MS, Window, person, violations
from tests.cleaning.planted import picture, saved
from tests.scene import Scene
from triage import clock, events, storing
from triage.actions import ingest, journal
from triage.db import db
from triage.events import Kind
from triage.models import Attachment, Operator, Report

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SECONDS = 2


def tone() -> bytes:
    """Two seconds of silence as a WAV."""
    fmt = b"fmt " + (16).to_bytes(4, "little") + struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    data = b"data" + (16000 * SECONDS).to_bytes(4, "little") + bytes(16000 * SECONDS)
    return b"RIFF" + (len(fmt + data) + 4).to_bytes(4, "little") + b"WAVE" + fmt + data


def settle(number: int, stored: storing.Stored | None, state: str = "kept", why: str | None = None) -> None:
    """What the worker would have written down."""
    one = db.session.get_one(Attachment, number)
    for name in ("kind", "content_type", "size", "sha256", "original", "clean", "clean_type"):
        if stored is not None:
            setattr(one, name, getattr(stored, name))
    one.state, one.error, one.due_at = state, why, None
    events.record(Kind.FILE_SETTLED, db.session.scalars(select(Report.id)).first(), None, file=number, state=state)


def unfetched(message: InboundMessage) -> None:
    """It enters with files that are due for nobody: the desk under test fetches too, and would decide beside us."""
    ingest.receive(journal.Arrival("simulator", message.channel, message.external_id, b"{}"), lambda: [message])
    for one in db.session.scalars(select(Attachment)):
        one.due_at = clock.now().replace(year=2099)


def arrives(scene: Scene, *contents: bytes | str) -> tuple[Report, list[int]]:
    """A message with these files: bytes are kept, a word is why one was refused, "" still waits."""
    files = tuple(RemoteFile(f"https://api.twilio.com/{number}", "image/jpeg") for number, _ in enumerate(contents))
    message = replace(scene.message("Look what stands at the gate"), remote_files=files)
    scene.do(lambda: unfetched(message))
    numbers = list(db.session.scalars(select(Attachment.id).order_by(Attachment.id)))
    for number, content in zip(numbers, contents, strict=True):
        if isinstance(content, bytes):
            kept = storing.store(content)
            scene.do(lambda number=number, kept=kept: settle(number, kept))
        elif content:
            scene.do(lambda number=number, content=content: settle(number, None, "refused", content))
    return scene.newest(), numbers


def opened(window: Window, operator: Operator, report: Report, **options: object) -> Page:
    """Somebody's window on the report."""
    page = window(operator, **options)
    page.goto(f"/desk/reports/{report.id}")
    return page


PICTURE = saved(picture((600, 400)), "JPEG")


def test_a_picture_is_blurred_until_it_is_opened_by_key(scene: Scene, window: Window) -> None:
    report, _ = arrives(scene, PICTURE)
    page = opened(window, person(scene, "Maya"), report)
    veil, shown = page.locator(".veil"), page.locator(".picture .shown")
    expect(veil).to_be_visible()
    assert "blur" in veil.evaluate("one => getComputedStyle(one).filter")
    expect(shown).to_be_hidden()
    page.locator(".picture > summary").focus()
    page.keyboard.press("Enter")
    expect(shown).to_be_visible()
    page.wait_for_function("() => document.querySelector('.picture .shown').naturalWidth === 600")
    expect(veil).to_be_hidden()
    page.keyboard.press("Enter")
    expect(shown).to_be_hidden()


def test_an_opened_picture_stays_open_when_the_page_is_patched(scene: Scene, window: Window) -> None:
    report, _ = arrives(scene, PICTURE, tone())
    maya = person(scene, "Maya")
    scene.claim(report, maya)
    page = opened(window, maya, report)
    expect(page.locator("#live")).to_contain_text("Live", timeout=PATIENCE_MS)
    page.locator(".picture > summary").click()
    page.fill(".write-down textarea", "They say that")
    page.evaluate("() => { document.querySelector('.file audio').dataset.same = 'yes'; }")
    scene.sms("One more thing")
    expect(page.locator("#thread")).to_contain_text("One more thing", timeout=PATIENCE_MS)
    expect(page.locator(".picture .shown")).to_be_visible()
    expect(page.locator(".write-down textarea")).to_have_value("They say that")
    assert page.locator(".file audio").get_attribute("data-same") == "yes", "the very player that was there"


def test_where_data_is_saved_nothing_is_loaded_before_the_tap(scene: Scene, window: Window) -> None:
    report, numbers = arrives(scene, PICTURE)
    maya = person(scene, "Maya")
    page = window(maya)
    page.add_init_script("Object.defineProperty(navigator, 'connection', {value: {saveData: true}})")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/desk/reports/{report.id}")
    expect(page.locator("#live")).to_contain_text("Live", timeout=PATIENCE_MS)
    assert not any(url.endswith(f"/files/{numbers[0]}") for url in asked)
    page.locator(".picture > summary").click()
    expect(page.locator(".picture .shown")).to_be_visible()
    page.wait_for_function("() => document.querySelector('.picture .shown').naturalWidth === 600")


def test_without_script_a_picture_opens_and_a_sound_is_written_down(scene: Scene, window: Window) -> None:
    report, _ = arrives(scene, PICTURE, tone())
    maya = person(scene, "Maya")
    scene.claim(report, maya)
    page = opened(window, maya, report, java_script_enabled=False)
    expect(page.locator(".veil")).to_be_hidden()
    page.get_by_text("Show picture (may be distressing)").click()
    expect(page.locator(".picture .shown")).to_be_visible()
    page.fill(".write-down textarea", "The gate is closed")
    page.get_by_role("button", name="Save what is said").click()
    expect(page.locator(".transcript")).to_contain_text("The gate is closed")


def test_a_sound_has_its_length_can_be_sought_and_is_written_down_in_place(scene: Scene, window: Window) -> None:
    report, _ = arrives(scene, tone())
    maya = person(scene, "Maya")
    scene.claim(report, maya)
    page = opened(window, maya, report)
    page.wait_for_function(f"() => Math.round(document.querySelector('.file audio').duration) === {SECONDS}")
    page.evaluate("() => { document.querySelector('.file audio').currentTime = 1.5; }")
    page.wait_for_function("() => document.querySelector('.file audio').currentTime === 1.5")
    page.fill(".write-down textarea", "The gate is closed")
    page.get_by_role("button", name="Save what is said").click()
    expect(page.locator(".transcript")).to_contain_text("The gate is closed", timeout=PATIENCE_MS)
    expect(page.locator(".transcript")).to_contain_text("Maya")


def test_a_coordinator_saves_the_original_for_a_reason(scene: Scene, window: Window) -> None:
    report, _ = arrives(scene, b"%PDF-1.4 a list")
    page = opened(window, person(scene, "Cora", "coordinator"), report)
    page.get_by_text("As it came…").click()
    page.get_by_label("Why you need it").fill("Who made the list?")
    with page.expect_download(timeout=60_000) as download:
        page.get_by_role("button", name="Save the file as it came").click()
    assert Path(download.value.path()).read_bytes() == b"%PDF-1.4 a list"
    expect(page.locator("#thread")).to_contain_text("Who made the list?", timeout=PATIENCE_MS)
    expect(page.locator("#thread")).to_contain_text("Cora opened a file as it came")


def test_a_reason_being_typed_stays_when_another_file_of_the_message_is_there(scene: Scene, window: Window) -> None:
    report, numbers = arrives(scene, b"%PDF-1.4 a list", "")
    page = opened(window, person(scene, "Cora", "coordinator"), report)
    expect(page.locator("#live")).to_contain_text("Live", timeout=PATIENCE_MS)
    page.get_by_text("As it came…").click()
    page.get_by_label("Why you need it").fill("Who made the list?")
    late = storing.store(b"%PDF-1.4 another list")
    scene.do(lambda: settle(numbers[1], late))
    expect(page.get_by_text("As it came…")).to_have_count(2, timeout=PATIENCE_MS)
    expect(page.get_by_label("Why you need it").first).to_have_value("Who made the list?")
    expect(page.get_by_label("Why you need it").first).to_be_focused()


LOOKS = {
    "wide": {"viewport": {"width": 1280, "height": 900}}, "dark": {"color_scheme": "dark"},
    "390": {"viewport": {"width": 390, "height": 844}}, "320": {"viewport": {"width": 320, "height": 700}},
}


@pytest.mark.parametrize("look", list(LOOKS))
def test_every_state_of_a_file_is_readable_and_fits(scene: Scene, window: Window, look: str) -> None:
    report, numbers = arrives(scene, PICTURE, tone(), b"%PDF-1.4 a list", "kind", "", b"Just words")
    cora = person(scene, "Cora", "coordinator")
    held = scene.claim(report, cora)
    assert held
    page = opened(window, cora, report, **LOOKS[look])
    if "PICTURES" in os.environ:
        page.wait_for_timeout(500)
        page.locator("#thread").screenshot(path=f"{os.environ['PICTURES']}/{look}-covered.png")
    page.locator(".picture > summary").click()
    page.wait_for_function("() => document.querySelector('.picture .shown').complete")
    if "PICTURES" in os.environ:
        page.screenshot(path=f"{os.environ['PICTURES']}/{look}-page.png")
        for name in ("ltr", "rtl"):
            page.evaluate(f"document.documentElement.dir = '{name}'")
            page.locator(".files").screenshot(path=f"{os.environ['PICTURES']}/{look}-{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    assert len(numbers) == 6
