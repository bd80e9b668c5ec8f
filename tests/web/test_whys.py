"""Why two reports are taken for the same, or may be, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from tests.web.test_present import FRESH
from triage.effects import Because, Between
from triage.queries.compared_shapes import Compared, Side, Standing
from triage.queries.relation_shapes import Linked, Offer
from triage.similarity import explaining
from triage.similarity.incidents import Telling, likeness
from triage.similarity.preparing import prepare
from triage.similarity.verdicts import verdict
from triage.web import whys

pytestmark = pytest.mark.only("sqlite")


@pytest.fixture(autouse=True)
def _speaks(app: Flask) -> object:
    with app.test_request_context("/desk"):
        yield


def alike(*found: tuple[str, str, str], more: int = 0) -> dict[str, object]:
    """An explanation as it is kept: kind, words of the copy, words of its primary."""
    return {"reason": "alike", "more": more,
            "differences": [{"kind": kind, "a": a.split(), "b": b.split()} for kind, a, b in found]}


@pytest.mark.parametrize("why, said", [
    ({"reason": "exact"}, "word for word"),
    ({"reason": "lineage"}, "repeats that post itself"),
    ({"reason": "person"}, ""),
    (alike(), "same text"),
    (alike(("small", "any", "an"), ("typo", "officers", "officer")),
     "same text, 2 words differ (an → any, officer → officers)"),
    (alike(("added", "so they say", "")), "same text, 3 words more (so they say)"),
    (alike(("lost", "", "the")), "same text, 1 word fewer (the)"),
    (alike(("moved", "at the gate", "at the gate")), "same text, in another order"),
    (alike(("cut", "", "one two three four five six")), "same text, 6 words fewer (one two three four …)"),
    (alike(*[("typo", f"a{n}", f"b{n}") for n in range(4)], more=2),
     "same text, 4 words differ (b0 → a0, b1 → a1, b2 → a2, …), and more"),
])
def test_why_a_report_is_a_copy(why: dict[str, object], said: str) -> None:
    assert whys.same(why).replace("\u2068", "").replace("\u2069", "") == said


def test_words_of_others_keep_their_own_direction() -> None:
    assert "(\u2068an\u2069 → \u2068any\u2069)" in whys.same(alike(("small", "any", "an")))


def test_who_said_so_is_named_and_the_desk_is_not() -> None:
    assert whys.of_copy(Linked(FRESH, {"reason": "exact"}, None)) == "word for word"
    assert whys.of_copy(Linked(FRESH, {"reason": "exact"}, "Ben")) == "word for word, said by \u2068Ben\u2069"
    assert whys.of_copy(Linked(FRESH, {"reason": "person"}, "Ben")) == "said by \u2068Ben\u2069"


def test_why_another_report_may_be_the_same() -> None:
    offer = Offer(1, "same_message", FRESH, {"reason": "exact"}, True, False, False)
    assert whys.of_offer(offer) == "word for word, but by another person"
    assert whys.of_offer(replace(offer, other_person=False)) == "word for word"
    near = {"reason": "likeness", "grounds": ["text", "code", "time"], "apart": 1200, "codes": ["unit 12"]}
    assert whys.of_offer(replace(offer, kind="same_incident", why=near)) == (
        "same station, 20 minutes apart, words in common")


@pytest.mark.parametrize("grounds, apart, said", [
    (["place", "time"], 30, "same place, within a minute"),
    (["inside"], 3 * 3600, "places near each other, 3 hours apart"), (["text"], None, "words in common"),
    (["text", "other_place"], 3 * 86400, "words in common, 3 days apart, but other places"),
    ([], 60, "1 minute apart"),
])
def test_why_two_may_tell_of_the_same_incident(grounds: list[str], apart: int | None, said: str) -> None:
    assert whys.akin({"reason": "likeness", "grounds": grounds, "apart": apart}) == said


APART = Standing(together=False)
TEXT = "The polling station at the old school has no ballot papers and people are leaving"


def compared(one: str, other: str, because: Because = Because.LONG, standing: Standing = APART,
             **rows: object) -> Compared:
    """Two texts judged; `rows` changes the later report's line."""
    a, b = prepare(one), prepare(other)
    told = verdict(a, b)
    sides = (Side(replace(FRESH, id=number, **more), text.text, (), None, text.is_empty, number)
             for number, text, more in ((4, a, {}), (9, b, rows)))
    facts = Between(False, False, False, False, because is Because.OBSERVER, 9, 5)
    return Compared(*sides, told, explaining.explained(told, a, b), explaining.written(told, a, b), facts, because,
                    likeness(Telling(a), Telling(b)), False, standing)


@pytest.mark.parametrize("found, said", [
    (compared(TEXT, TEXT, Because.OBSERVER), "Not linked: word for word, but registered observers write the same words "
                                             "from many places: a person decides"),
    (compared(TEXT, TEXT, status="closed"), "Not linked: word for word, but one of them is closed"),
    (compared(TEXT, TEXT), "Not linked: word for word"),
    (compared(TEXT, TEXT, standing=Standing(together=False, said="rejected", by="Ben")),
     "Not linked: word for word, kept apart by Ben"),
    (compared(TEXT, f"{TEXT} 12", standing=Standing(together=True, said="linked", by="Ben")),
     "They go together: same text, 1 word more (12), said by Ben"),
    (compared(TEXT, TEXT.replace("has", "has 12")), "Not linked: “12” only in #9"),
    (compared(TEXT.replace("has", "never has"), TEXT), "Not linked: what is said is denied: “never” only in #4"),
    (compared("Hello", "Hi"), "Not linked: both say too little to be known by their texts"),
])
def test_why_two_beside_each_other_are_linked_or_not(found: Compared, said: str) -> None:
    assert whys.outcome(found).replace("\u2068", "").replace("\u2069", "") == said


def test_what_speaks_against_an_observers_words_is_who_wrote_them() -> None:
    found = compared(TEXT, TEXT, Because.OBSERVER)
    assert whys.speaks_for(found) == ["100% of the shorter text is in the other"]
    assert whys.speaks_against(found)[1].startswith("registered observers write the same words")
