"""The list of places in the browser: seen before it is imported, whole or without its wrong lines."""

from __future__ import annotations

from io import BytesIO

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.scene import Scene
from tests.visitor import PASSWORD
from tests.web.citizens import hidden
from tests.web.door import Browser, words
from triage import context
from triage.queries import places

pytestmark = pytest.mark.only("sqlite")
GOOD = b"code;name;parent\nKSM-012;Hill <School>;KSM\nKSM;Kisumu;\n"


@pytest.fixture
def browser(app: Flask, scene: Scene) -> Browser:
    """The coordinator's."""
    made = Browser(app)
    made.sign_in(scene.operator("Zawadi", "coordinator"), PASSWORD)
    made.get("/places")
    return made


def choose(browser: Browser, table: bytes) -> TestResponse:
    """Send a table to be looked at."""
    return browser.post("/places/import", {"table": (BytesIO(table), "places.csv")})


def test_a_table_is_shown_before_anything_changes_then_imported(browser: Browser) -> None:
    shown = choose(browser, GOOD)
    assert "New 2 Changed 0 Unchanged 0 Wrong 0" in words(shown)
    assert not places.any_known()
    kept = hidden(shown.text)["kept"]
    assert browser.post("/places/import/all", {"kept": kept}).status_code == 303
    assert "2 places are known" in words(browser.get("/places"))
    assert "Hill &lt;School&gt;" in browser.get("/places?q=ksm+012").text
    assert list(context.files().names()) == []
    gone = browser.post("/places/import/all", {"kept": kept})
    assert (gone.status_code, "Choose it again" in words(gone)) == (422, True)


def test_wrong_lines_are_told_and_may_be_left_out(browser: Browser) -> None:
    shown = choose(browser, GOOD + b";Nameless;\n")
    assert "Line 4 Nameless : The code is missing." in words(shown)
    kept = hidden(shown.text)
    assert browser.post("/places/import/all", {"kept": kept["kept"]}).status_code == 422
    assert not places.any_known()
    assert browser.post("/places/import/all", {"kept": kept["kept"], "leave_out": kept["leave_out"]}).status_code == 303
    assert places.any_known()


def test_what_is_no_table_is_told(browser: Browser) -> None:
    assert "Choose a CSV file." in words(choose(browser, b""))
    assert "The first line must name the columns" in words(choose(browser, b"\n\n"))
    assert choose(browser, b"\xff" * 2_000_000).status_code == 200  # larger than other forms may be
