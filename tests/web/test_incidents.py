"""The page of an incident: who tells of it and where they contradict each other; linking, taking out and naming it."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.scene import Scene
from tests.visitor import PASSWORD
from tests.web.door import Browser, words
from triage.actions import copies, teams
from triage.db import db
from triage.models import Match, Operator

pytestmark = [pytest.mark.only("sqlite"), pytest.mark.usefixtures("as_maya")]
OPENED = "Polling station at Kibera primary school opened 08:00, <b>hundreds</b> of voters were let in"
CLOSED = "Kibera primary school polling station is still closed at 10:00 and voters cannot get in"
MORE = "There is no water for people waiting in the sun near Kibera primary school"
ROSA, TOM, EVE = "+254711000001", "+254711000002", "+254711000003"


@pytest.fixture
def two(scene: Scene, browser: Browser, maya: Operator) -> tuple[int, int]:
    """Two reports of which she holds the first, and says that they tell of the same."""
    first, second = scene.sms(OPENED, ROSA), scene.sms(CLOSED, TOM)
    scene.claim(first, maya)
    browser.get(f"/desk/reports/{first.id}")
    assert browser.post(f"/desk/reports/{second.id}/incident", {"of": first.id, "report": first.id}).status_code == 303
    return first.id, second.id


def marked(page: str) -> list[str]:
    """The words that are marked."""
    return re.findall(r"<mark>(.*?)</mark>", page)


def test_a_question_is_answered_with_one_button(scene: Scene, browser: Browser, maya: Operator) -> None:
    first, second = scene.sms(OPENED, ROSA), scene.sms(CLOSED, TOM)
    scene.claim(first, maya)
    page = browser.get(f"/desk/reports/{first.id}").text
    match = db.session.query(Match).one()
    assert match.kind == "same_incident"
    assert re.search(rf'value="same_incident" formaction="/desk/matches/{match.id}/confirm"[^>]*>Same incident', page)
    assert re.search(rf'formaction="/desk/matches/{match.id}/reject"[^>]*>Not related', page)
    back = browser.post(f"/desk/matches/{match.id}/confirm", {"report": first.id, "kind": "same_incident"})
    page = browser.get(back.location)
    assert "Linked: they tell of the same incident." in words(page)
    assert 'id="offers"' not in page.text
    assert 'href="/desk/incidents/1"' in page.text
    assert f"#{second.id}" in re.search(r'id="belonging".*?</div>', page.text, re.S).group()
    assert "Maya linked this to incident 1" in words(page)
    row = browser.get("/desk?view=all")
    assert re.search(rf'aria-label="{second.id}, SMS, [^"]*Incident 1"', row.text)


def test_the_page_shows_who_tells_of_it_and_where_they_contradict_each_other(
    scene: Scene, browser: Browser, two: tuple[int, int]
) -> None:
    zawadi = scene.operator("Zawadi", "coordinator")
    again = scene.sms("Noise", EVE).id
    scene.do(lambda: copies.link(again, two[1], zawadi))
    page = browser.get("/desk/incidents/1")
    assert page.status_code == 200
    said = words(page)
    assert "Polling station at Kibera primary school opened 08:00, <b>" in said
    assert "&lt;b&gt;hundreds" in page.text
    assert "They say the opposite" in said
    assert marked(page.text) == ["opened", "closed"]
    for word in (f"#{two[0]}", f"#{two[1]}", "You", "1 copy, 2 senders, 1 channel", "within a minute", "none named"):
        assert word in said
    assert page.text.count(">Not this incident ") == 2


def test_long_sentences_are_cut_between_words_and_told_of_once_with_all_that_is_marked(
    scene: Scene, browser: Browser, maya: Operator
) -> None:
    first = scene.sms(f"{'Here is the gate of Kibera primary school ' * 3}which opened {'for everybody ' * 9}", ROSA)
    second = scene.sms("Kibera primary school is closed and its gate is locked", TOM)
    scene.claim(first, maya)
    browser.get("/desk")
    browser.post(f"/desk/reports/{second.id}/incident", {"of": first.id})
    page = browser.get("/desk/incidents/1")
    assert marked(page.text) == ["opened", "closed", "locked"]
    quoted = " ".join(re.sub(r"<[^>]+>", "", re.findall(r"<blockquote.*?</blockquote>", page.text, re.S)[0]).split())
    assert re.fullmatch(r"… (gate|Kibera|primary|school|of|Here|is|the) .* opened .* (for|everybody)…", quoted), quoted


def test_a_report_is_added_by_its_number_and_taken_out_again(
    scene: Scene, browser: Browser, two: tuple[int, int]
) -> None:
    third = scene.sms(MORE, EVE).id
    browser.get("/desk/incidents/1")
    there = browser.post(f"/desk/reports/{two[0]}/incident", {"of": third, "incident": 1})
    assert there.location == "/desk/incidents/1"
    assert f"#{third}" in words(browser.get("/desk/incidents/1"))
    back = browser.post(f"/desk/reports/{third}/leave-incident", {"incident": 1})
    page = words(browser.get(back.location))
    assert f"#{third} is taken out: it stands where it stood before." in page
    browser.post(f"/desk/reports/{two[1]}/leave-incident", {"incident": 1})
    assert "Closed: fewer than two reports are left" in words(browser.get("/desk/incidents/1"))
    assert 'id="belonging"' not in browser.get(f"/desk/reports/{two[0]}").text
    wrong = browser.post(f"/desk/reports/{two[0]}/leave-incident", {"incident": 1})
    assert (wrong.status_code, "This report is not linked to others" in words(wrong)) == (422, True)
    wrong = browser.post(f"/desk/reports/{two[0]}/incident", {"of": two[0]})
    assert (wrong.status_code, "A report and its copies are one matter already." in words(wrong)) == (422, True)


def test_it_is_called_as_a_person_says(scene: Scene, browser: Browser, two: tuple[int, int]) -> None:
    browser.get("/desk/incidents/1")
    assert browser.post("/desk/incidents/1/title", {"title": "Kibera & the gate"}).status_code == 303
    assert "<h1><bdi dir=\"auto\">Kibera &amp; the gate</bdi></h1>" in browser.get("/desk/incidents/1").text
    assert "Kibera &amp; the gate" in browser.get(f"/desk/reports/{two[1]}").text
    assert "Maya gave incident 1 another title" in words(browser.get(f"/desk/reports/{two[0]}"))


def test_what_one_may_not_see_is_counted_and_gives_no_word_away(
    app: Flask, scene: Scene, browser: Browser, two: tuple[int, int]
) -> None:
    coast = scene.do(lambda: teams.add_team("Coast").id)
    scene.do(lambda: setattr(scene.report(two[0]), "team_id", coast))
    other = Browser(app)
    other.sign_in(scene.operator("Ben"), PASSWORD)
    page = other.get("/desk/incidents/1")
    assert "1 report that you may not see" in words(page)
    assert "Kibera primary school polling station is still closed" in words(page)
    assert "hundreds" not in page.text
    assert "Not this incident" not in words(page)
    assert "hundreds" not in other.get(f"/desk/reports/{two[1]}").text
    scene.do(lambda: setattr(scene.report(two[1]), "team_id", coast))
    assert other.get("/desk/incidents/1").status_code == 404


def test_the_page_speaks_spanish(browser: Browser, two: tuple[int, int]) -> None:
    browser.post("/language", {"language": "es"})
    said = words(browser.get("/desk/incidents/1"))
    for sentence in ("Dicen lo contrario", "Quién lo cuenta", "No es este incidente", "Incidente 1"):
        assert sentence in said
