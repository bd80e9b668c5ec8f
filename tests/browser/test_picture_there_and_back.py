"""A citizen's picture comes by Twilio to an operator's screen, and the operator's picture goes the same way back."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from tests.browser.conftest import PATIENCE_MS, person, sign_in, violations
from tests.cleaning.planted import CANARY, jpeg, picture, saved
from tests.conftest import dispose, make_settings
from tests.fakes.conftest import one_twilio
from tests.fakes.twilio.process import Twilio
from tests.fakes.twilio.scripts import Behaviour
from tests.scene import Scene
from tests.served import Served
from triage.app import create_app
from triage.db import db
from triage.models import Account, Operator

__all__ = ["one_twilio"]

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

OURS, THEIRS = "+254700000900", "+447700900900"


@pytest.fixture
def served(migrated: Path, one_twilio: Twilio, tmp_path: Path) -> Iterator[Served]:
    """A desk that has Twilio, which knows its address."""
    shutil.copy(migrated, tmp_path / "triage.db")
    settings = make_settings(tmp_path, twilio_account_sid=one_twilio.account, twilio_auth_token=one_twilio.token,
                             twilio_api_base=one_twilio.address)
    with Served(settings) as running:
        one_twilio.add_number(OURS, sms_url=f"{running.address}/hooks/twilio/sms")
        yield running


@pytest.fixture
def maya(served: Served) -> Iterator[Operator]:
    """Somebody whose number is Twilio's."""
    made = create_app(served.settings)
    with made.app_context():
        scene = Scene()
        one = person(scene, "Maya")
        scene.do(lambda: db.session.execute(update(Account).values(can_send=False)))
        scene.account("sms", OURS, can_send=True, operator=one, provider="twilio")
        yield one
        dispose(made)


@pytest.fixture
def page(chromium: Browser, served: Served, maya: Operator) -> Iterator[Page]:
    """Her screen."""
    context = chromium.new_context(base_url=served.address, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    sign_in(page, maya)
    yield page
    context.close()


def until(found: Callable[[], object], seconds: float = 30.0) -> object:
    """Wait until there is something."""
    end = time.monotonic() + seconds
    while not (something := found()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
    return something


def test_a_picture_comes_and_another_goes(page: Page, one_twilio: Twilio, tmp_path: Path) -> None:
    one_twilio.script(Behaviour.FAILS, resource="Media", method="GET", status=404, count=1)
    one_twilio.write(THEIRS, OURS, "Look at the gate", media=(("image/jpeg", jpeg()),))
    page.goto("/desk")
    page.locator("body").press("n")
    expect(page.locator("#report")).to_contain_text("Look at the gate")
    page.locator(".picture > summary").click(timeout=PATIENCE_MS)
    page.wait_for_function("() => document.querySelector('.picture .shown').naturalWidth === 60")
    mine = tmp_path / "IMG_0001.jpg"
    mine.write_bytes(saved(picture((300, 200)), "JPEG", comment=CANARY.encode()))
    page.locator(".attach > summary").click()
    page.set_input_files("#picture", mine)
    page.fill("#picture-description", "The form")
    page.fill("#reply textarea[name=text]", "Please fill this in")
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if "PICTURES" in os.environ:
            page.screenshot(path=f"{os.environ['PICTURES']}/attach-{width}.png")
    assert violations(page) == []
    page.locator("[data-send]").click()
    expect(page.locator("#thread .ours .picture")).to_have_count(1, timeout=PATIENCE_MS)
    entries = until(lambda: [one for one in one_twilio.ledger.accepted(THEIRS) if one["media"]])
    (url,) = entries[0]["media"]  # type: ignore[index]  # a list
    fetched = requests.get(url, timeout=10)
    assert fetched.headers["Content-Type"] == "image/jpeg"
    assert fetched.content.startswith(b"\xff\xd8")
    assert CANARY.encode() not in fetched.content
    one_twilio.works_again()
