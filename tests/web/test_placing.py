"""The report's page: words marked that name a place, and its holder says where it is, without script."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.scene import Scene
from tests.visitor import PASSWORD
from tests.web.door import Browser, words
from triage.actions import gazetteer
from triage.gazetteer import sheet
from triage.models import Report
from triage.queries import places

pytestmark = pytest.mark.only("sqlite")
TABLE = (b"code,name,parent\nKSM,Kisumu,\nNKR,Nakuru,\nKSM-012,Hill <i> School,KSM\n"
         b"KSM-013,Chapel Hall,KSM\nNKR-013,Chapel Hall,NKR\n")


@pytest.fixture
def browser(app: Flask, scene: Scene) -> Browser:
    """Maya's, on a desk with places."""
    made = Browser(app)
    made.sign_in(scene.operator("Maya"), PASSWORD)
    read = sheet.read(TABLE)
    scene.do(lambda: gazetteer.enter(read))
    return made


def held(scene: Scene, browser: Browser, text: str) -> Report:
    """A report of Maya's, its page open."""
    report = scene.sms(text)
    browser.get(f"/desk/reports/{report.id}")
    browser.post(f"/desk/reports/{report.id}/claim")
    return report


def code_of(scene: Scene, report: Report) -> str | None:
    """The code of the report's place now."""
    number = scene.report(report.id).place_id
    return places.views([number])[number].code if number else None


def test_words_are_marked_and_nothing_of_a_name_or_a_text_is_markup(scene: Scene, browser: Browser) -> None:
    report = held(scene, browser, "<b>At</b> ksm 012 & PU 077")
    page = browser.get(f"/desk/reports/{report.id}").text
    marked = '<mark class="place" title="Hill &lt;i&gt; School (KSM-012), Kisumu">ksm 012</mark>'
    assert f"&lt;b&gt;At&lt;/b&gt; {marked} &amp; " in page
    assert ">PU 077</mark>" in page
    assert "Hill &lt;i&gt; School" in page
    assert "<i> School" not in page


def test_the_holder_says_where_it_is_by_code_or_by_choosing_and_takes_it_away(scene: Scene, browser: Browser) -> None:
    report = held(scene, browser, "They turn people away")
    address = f"/desk/reports/{report.id}"
    assert browser.post(f"{address}/place", {"place": "ksm-012"}).location.startswith(address)
    assert code_of(scene, report) == "KSM-012"
    unclear = browser.post(f"{address}/place", {"place": "Chapel Hall"})
    assert "find=Chapel" in unclear.location
    shown = browser.get(unclear.location)
    assert "Which one is meant" in words(shown)
    nakuru = places.by_code("NKR-013")
    assert nakuru is not None
    assert f'name="place_id" value="{nakuru.id}"' in shown.text
    browser.post(f"{address}/place", {"place_id": nakuru.id})
    assert code_of(scene, report) == "NKR-013"
    assert "said by Maya" in words(browser.get(address))
    browser.post(f"{address}/place", {"remove": "1"})
    assert code_of(scene, report) is None
    assert "Maya took the place away" in words(browser.get(address))
    assert "No place is known by" in words(browser.get(f"{address}?find=nowhere"))


def test_a_name_of_several_places_offers_them_and_the_choice_is_marked_in_the_text(
    scene: Scene, browser: Browser
) -> None:
    report = held(scene, browser, "Chapel Hall is closed")
    page = browser.get(f"/desk/reports/{report.id}")
    assert "“\u2068Chapel Hall\u2069” may be:" in words(page)
    chapel = places.by_code("KSM-013")
    assert chapel is not None
    browser.post(f"/desk/reports/{report.id}/place", {"place_id": chapel.id, "mention": 1})
    page = browser.get(f"/desk/reports/{report.id}")
    assert 'title="Chapel Hall (KSM-013), Kisumu">Chapel Hall</mark>' in page.text
    assert "may be:" not in words(page)


def test_who_does_not_hold_it_cannot(scene: Scene, browser: Browser) -> None:
    report = scene.sms("Chapel Hall is closed")
    scene.claim(report, scene.operator("Ben"))
    browser.get(f"/desk/reports/{report.id}")
    assert browser.post(f"/desk/reports/{report.id}/place", {"remove": "1"}).status_code == 409
    assert 'id="place-words"' not in browser.get(f"/desk/reports/{report.id}").text


def test_the_list_is_narrowed_to_a_place_and_what_lies_in_it(scene: Scene, browser: Browser) -> None:
    inside, outside = scene.sms("ksm 012 closed"), scene.sms("Nakuru: no ink", "+254711000777")
    page = browser.get("/desk?view=all&place=kisumu").text
    assert f'id="r{inside.id}"' in page
    assert f'id="r{outside.id}"' not in page
    assert f'/desk/reports/{inside.id}?view=all&amp;place=KSM"' in page
    patched = browser.get(f"/desk/rows?view=all&place=KSM&ids={inside.id},{outside.id}").text
    assert f'/desk/reports/{inside.id}?view=all&amp;place=KSM"' in patched
    assert f'id="r{outside.id}"' not in patched
    pane = browser.get(f"/desk/reports/{inside.id}/thread?view=all&place=KSM").text
    assert f'data-url="/desk/reports/{inside.id}?view=all&amp;place=KSM"' in pane
    assert 'href="/desk?view=all&amp;place=KSM" data-back' in pane
    assert '<input type="hidden" name="narrowed" value="KSM">' in page
    taken = browser.post(f"/desk/reports/{inside.id}/claim", {"view": "all", "narrowed": "KSM"})
    assert taken.location == f"/desk/reports/{inside.id}?view=all&place=KSM"
    unclear = browser.get("/desk?view=all&place=chapel+hall")
    assert "Which one is meant? The list shows all." in words(unclear)
    assert "place=NKR-013" in unclear.text
    assert "Nothing here for this place" in words(browser.get("/desk?view=all&place=NKR-013"))
    assert "No place is known by these words" in words(browser.get("/desk?view=all&place=nowhere"))
