"""The side panel: what goes with a report and why, taken out with one button; questions answered with one."""

from __future__ import annotations

import re

import pytest

from tests.scene import Scene
from tests.web.door import Browser, words
from triage.db import db
from triage.models import Match, Operator

pytestmark = [pytest.mark.only("sqlite"), pytest.mark.usefixtures("as_maya")]
LONG = "The polling station at the old school in Kibera has run out of ballot papers and people are leaving"
SHORT = "No ballot papers here at all"
ROSA, TOM = "+254711000001", "+254711000002"


def panel(browser: Browser, number: int, box: str) -> str:
    """What one box of the side panel says; empty where it is not there."""
    page = browser.get(f"/desk/reports/{number}").text
    found = re.search(rf'<div class="related" id="{box}">.*?</div>\s*(?=<div class="related"|</div>)', page, re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", found.group()).split()) if found else ""


def test_a_row_says_how_many_copies_it_has_and_is_called_so(scene: Scene, browser: Browser) -> None:
    scene.sms(LONG, ROSA)
    scene.sms(LONG, TOM)
    page = browser.get("/desk?view=all")
    assert "1 copy, 2 senders, 1 channel" in words(page)
    assert re.search(r'aria-label="[^"]*, 1 copy, 2 senders, 1 channel"', page.text)


def test_copies_stand_beside_the_report_with_why_and_are_taken_out_by_its_holder(
    scene: Scene, browser: Browser, maya: Operator
) -> None:
    first = scene.sms(LONG, ROSA)
    copy = scene.sms(f"{LONG} please come", TOM)
    address = f"/desk/reports/{first.id}"
    said = panel(browser, first.id, "copies")
    assert f"#{copy.id}" in said
    assert "…02 · SMS" in said
    assert "same text, 2 words more (\u2068please come\u2069)" in said
    assert "Not a copy" not in said
    scene.claim(first, maya)
    assert "Not a copy" in panel(browser, first.id, "copies")
    back = browser.post(f"/desk/reports/{copy.id}/not-a-copy", {"report": first.id})
    assert back.location.startswith(address)
    assert f"#{copy.id} is no copy any more" in words(browser.get(address))
    assert panel(browser, first.id, "copies") == panel(browser, first.id, "offers") == ""
    assert (scene.report(copy.id).status, db.session.query(Match).one().state) == ("open", "undone")


def test_a_copys_own_page_says_of_what_and_why(scene: Scene, browser: Browser) -> None:
    first, copy = scene.sms(LONG, ROSA), scene.sms(LONG, TOM)
    said = panel(browser, copy.id, "copy-of")
    assert f"#{first.id}" in said
    assert "word for word" in said


def test_a_question_is_answered_on_the_page_it_stands_on(scene: Scene, browser: Browser, maya: Operator) -> None:
    first, second = scene.sms(SHORT, ROSA), scene.sms(SHORT, TOM)
    scene.claim(second, maya)
    said = panel(browser, second.id, "offers")
    assert "word for word, but by another person" in said
    assert "It is a copy" in said
    assert "Not the same" in said
    match = db.session.query(Match).one().id
    back = browser.post(f"/desk/matches/{match}/confirm", {"report": second.id})
    assert back.location.startswith(f"/desk/reports/{second.id}")
    page = browser.get(back.location)
    assert "They go together now." in words(page)
    assert scene.report(first.id).duplicate_of == second.id
    assert "said by \u2068Maya\u2069" in panel(browser, second.id, "copies")


def test_beside_a_report_stand_the_words_that_are_alike_not_the_newest(scene: Scene, browser: Browser) -> None:
    second = (scene.sms(SHORT, ROSA), scene.sms(SHORT, TOM))[1]
    scene.sms("The police are here now", ROSA)
    said = panel(browser, second.id, "offers")
    assert SHORT in said
    assert "police" not in said
    copy = (scene.sms(LONG, ROSA + "1"), scene.sms(LONG, TOM + "1"))[1]
    scene.sms("Now they have some again", ROSA + "1")
    assert LONG in panel(browser, copy.id, "copy-of")


def test_what_is_rejected_is_gone_from_both_pages_and_told(scene: Scene, browser: Browser, maya: Operator) -> None:
    first, second = scene.sms(SHORT, ROSA), scene.sms(SHORT, TOM)
    scene.claim(first, maya)
    assert "Not the same" in panel(browser, first.id, "offers")
    match = db.session.query(Match).one().id
    assert browser.post(f"/desk/matches/{match}/reject", {"report": first.id}).status_code == 303
    assert panel(browser, first.id, "offers") == panel(browser, second.id, "offers") == ""
    assert f"Maya said that #{first.id} is not the same" in words(browser.get(f"/desk/reports/{second.id}"))


def test_who_holds_neither_sees_the_question_without_buttons_and_is_refused(scene: Scene, browser: Browser) -> None:
    first = scene.sms(SHORT, ROSA)
    scene.sms(SHORT, TOM)
    said = panel(browser, first.id, "offers")
    assert "word for word" in said
    assert "It is a copy" not in said
    assert "Not the same" not in said
    match = db.session.query(Match).one().id
    assert browser.post(f"/desk/matches/{match}/confirm", {"report": first.id}).status_code == 409
    assert browser.post(f"/desk/matches/{match}/confirm").status_code == 404


def test_words_of_a_text_are_no_markup_in_an_explanation(scene: Scene, browser: Browser) -> None:
    first = scene.sms(LONG, ROSA)
    scene.sms(f"{LONG} <script>alert</script> &amp;", TOM)
    page = browser.get(f"/desk/reports/{first.id}").text
    assert "<script>alert" not in page
