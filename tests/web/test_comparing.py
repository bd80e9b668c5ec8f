"""Two reports beside each other: what differs is marked and said in one sentence, whether they are linked or not."""

from __future__ import annotations

import re

import pytest

from channels.base import InboundMessage
from tests.scene import Scene
from tests.web.door import Browser, words
from triage.actions import copies, gazetteer
from triage.db import db
from triage.gazetteer import sheet
from triage.models import Match, Operator, Report
from triage.similarity.verdicts import RULES_VERSION

pytestmark = [pytest.mark.only("sqlite"), pytest.mark.usefixtures("as_maya")]
LONG = "Ballot box number 12 at the old school in Kibera was opened by an officer before the count"
SHORT = "No ballot papers here at all"
ROSA, TOM = "+254711000001", "+254711000002"


def page(browser: Browser, one: Report, other: Report) -> str:
    """The comparison, as it is read out."""
    said = words(browser.get(f"/desk/reports/{one.id}/compare/{other.id}"))
    return said.partition("Back to #")[2].partition("Take next")[0].replace("\u2068", "").replace("\u2069", "")


def marked(browser: Browser, one: Report, other: Report) -> list[tuple[str, str]]:
    """What is marked on the page of a comparison, and as what; without what is only heard."""
    found = re.findall(r'<mark class="(fact|small)(?: alone)?">(.*?)</mark>',
                       browser.get(f"/desk/reports/{one.id}/compare/{other.id}").text, re.S)
    said = [(kind, re.sub(r'<span class="away">.*?</span>', "", text)) for kind, text in found]
    return [each for each in said if each[1] != "Marked like this"]


def told_at(scene: Scene, place: str) -> Report:
    """The same text by the form, about a place."""
    return scene.arrives(InboundMessage("web", "", f"form-{place}", None, LONG, thread_key=f"web:{place}",
                                        place_text=place), "web")


@pytest.mark.parametrize("text, said", [
    (LONG.replace("an officer", "any officers"),
     "They go together: same text, 2 words differ (an → any, officer → officers)"),
    (LONG.replace("12", "21"), "Not linked: numbers differ, 12 and 21"),
    (LONG.replace("was opened", "was not opened"), "Not linked: what is said is denied: “not” only in #2"),
    (LONG.replace("school", "market"), "Not linked: other words in the same place, “school” and “market”"),
    ("Kibera", "Not linked: #2 says too little to be known by its text"),
    ("Somebody is buying votes behind the bus station in Gatina, please send people",
     "Not linked: too few words in common"),
])
def test_why_two_are_linked_or_not_is_said_in_one_sentence(
    scene: Scene, browser: Browser, text: str, said: str
) -> None:
    one, other = scene.sms(LONG, ROSA), scene.sms(text, TOM)
    assert said in page(browser, one, other)
    assert said in page(browser, other, one)


@pytest.mark.parametrize("state, outcome", [("linked", "They go together"), ("suggested", "Not linked")])
def test_what_was_judged_under_older_rules_is_explained_as_it_was_judged_then(
    scene: Scene, browser: Browser, state: str, outcome: str
) -> None:
    texts = (LONG, LONG) if state == "linked" else (SHORT, SHORT)
    one, other = scene.sms(texts[0], ROSA), scene.sms(texts[1], TOM)
    kept = {"reason": "alike", "differences": [{"kind": "typo", "a": ["officer"], "b": ["oficer"]}], "more": 0}
    match = db.session.query(Match).one()
    assert match.state == state
    scene.do(lambda: (setattr(match, "why", kept), setattr(match, "rules", RULES_VERSION - 1)))
    then = "same text, 1 word differs (oficer → officer)"
    for said in (page(browser, one, other), page(browser, other, one)):
        assert f"{outcome}: {then} (judged under older rules; today’s say: word for word)" in said
    scene.do(lambda: setattr(match, "rules", RULES_VERSION))
    assert f"{outcome}: word for word" in page(browser, one, other)


def test_what_differs_is_marked_in_both_and_said_to_who_does_not_see_it(scene: Scene, browser: Browser) -> None:
    one = scene.sms(LONG, ROSA)
    other = scene.sms(LONG.replace("12", "21").replace("officer", "oficer") + " please come", TOM)
    assert marked(browser, one, other) == [
        ("fact", "12"), ("small", "officer"), ("fact", "21"), ("small", "oficer"), ("small", "please come")]
    said = page(browser, one, other)
    assert "[another number: 21 ]" in said
    assert "[only here: please come ]" in said


def test_a_text_is_shown_whole_and_as_it_was_written(scene: Scene, browser: Browser) -> None:
    one = scene.sms("RT @desk: <b>" + LONG + "</b>  &amp; more", ROSA)
    other = scene.sms(LONG.replace("12", "21"), TOM)
    shown = browser.get(f"/desk/reports/{one.id}/compare/{other.id}").text
    shown = re.sub(r'</?mark[^>]*>|<span class="away">.*?</span>', "", shown)
    assert "RT @desk: &lt;b&gt;Ballot box" in shown
    assert "&lt;/b&gt;  &amp;amp; more" in shown


def test_what_speaks_for_and_against_is_told(scene: Scene, browser: Browser) -> None:
    said = page(browser, scene.sms(SHORT, ROSA), scene.sms(SHORT, TOM))
    assert "Not linked: word for word, but so short that two people may happen to write the same" in said
    grounds, against = said.split("Speaks for one message")[1].split("Speaks against it")
    assert "100% of the shorter text is in the other" in grounds
    assert "within a minute" in grounds
    assert "another person" in against


def test_a_place_inside_the_others_does_not_keep_two_apart_but_another_does(scene: Scene, browser: Browser) -> None:
    read = sheet.read(b"code,name,parent\nKSM,Kisumu,\nNKR,Nakuru,\nKSM-012,Hill School,KSM\n")
    scene.do(lambda: gazetteer.enter(read))
    around, inside, elsewhere = (told_at(scene, place) for place in ("Kisumu", "Hill School", "Nakuru"))
    assert "They go together: word for word" in page(browser, around, inside)
    assert "places near each other" in page(browser, around, inside)
    assert "Not linked: word for word, but about different places" in page(browser, around, elsewhere)
    assert "other places" in page(browser, around, elsewhere).split("Speaks against it")[1]


def test_from_a_reports_page_any_other_is_compared_by_its_number(scene: Scene, browser: Browser) -> None:
    one, other = scene.sms(LONG, ROSA), scene.sms(LONG.replace("12", "21"), TOM)
    assert f'action="/desk/reports/{one.id}/compare"' in browser.get(f"/desk/reports/{one.id}").text
    for typed in (f"{other.id}", f" #{other.id} "):
        led = browser.get(f"/desk/reports/{one.id}/compare", query_string={"with": typed})
        assert led.location == f"/desk/reports/{one.id}/compare/{other.id}?view=next"
    for typed in ("99", "", "x", f"{one.id}", "9" * 30):
        refused = browser.get(f"/desk/reports/{one.id}/compare", query_string={"with": typed})
        assert refused.status_code == 422
        assert "No other report with this number is yours to see." in words(refused)
    assert browser.get(f"/desk/reports/{one.id}/compare/99").status_code == 404
    assert browser.get(f"/desk/reports/{one.id}/compare/{one.id}").status_code == 422


def test_a_holder_makes_a_copy_by_hand_of_what_the_desk_left_apart(
    scene: Scene, browser: Browser, maya: Operator
) -> None:
    one, other = scene.sms(LONG, ROSA), scene.sms(LONG.replace("12", "21"), TOM)
    address = f"/desk/reports/{one.id}/compare/{other.id}"
    assert "is a copy of" not in page(browser, one, other)
    scene.claim(other, maya)
    assert f"#{one.id} is a copy of #{other.id}" in page(browser, one, other)
    assert f'action="/desk/reports/{one.id}/copy-of"' in browser.get(address).text
    back = browser.post(f"/desk/reports/{one.id}/copy-of", {"of": other.id, "report": other.id})
    assert back.location.startswith(f"/desk/reports/{other.id}")
    assert scene.report(one.id).duplicate_of == other.id
    assert "They go together: numbers differ, 12 and 21, said by Maya" in page(browser, one, other)
    assert f"#{one.id} is not a copy" in page(browser, one, other)
    browser.post(f"/desk/reports/{one.id}/not-a-copy", {"report": other.id})
    assert "Not linked: numbers differ, 12 and 21, taken apart by Maya" in page(browser, one, other)


def test_a_question_is_answered_where_it_is_understood(scene: Scene, browser: Browser, maya: Operator) -> None:
    one, other = scene.sms(SHORT, ROSA), scene.sms(SHORT, TOM)
    scene.claim(one, maya)
    shown = browser.get(f"/desk/reports/{one.id}/compare/{other.id}").text
    reject = re.search(r'formaction="(/desk/matches/\d+/reject)"', shown)
    assert reject
    browser.post(reject.group(1), {"report": one.id})
    assert "word for word, kept apart by Maya" in page(browser, one, other)


def test_two_copies_of_one_matter_and_of_two_say_so(scene: Scene, browser: Browser) -> None:
    zawadi = scene.operator("Zawadi", "coordinator")
    first, copy = scene.sms(LONG, ROSA), scene.sms(LONG, TOM)
    third = scene.sms(LONG, "+254711000003")
    assert "They go together: word for word" in page(browser, copy, third)
    other = scene.sms(SHORT, ROSA + "9")
    assert "Compare what they are copies of" in page(browser, copy, other)
    scene.sms("And the police are here now", ROSA)
    assert "1 further message is not compared" in page(browser, first, other)
    scene.do(lambda: copies.link(other.id, first.id, zawadi))
    assert "a copy of #1" in page(browser, copy, other)
