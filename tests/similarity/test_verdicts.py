"""The same message or not, rule by rule (triage/similarity/verdicts.py). All messages are made up."""

from __future__ import annotations

import pytest

from triage.similarity.differences import Kind
from triage.similarity.explaining import Explanation, explained, marks
from triage.similarity.preparing import prepare
from triage.similarity.verdicts import RULES_VERSION, Reason, Verdict, verdict

REPORT = "The polling station at Market Road in Oruba opened at 8:30 and 12 officers are present"


def judged(one: str, other: str) -> Verdict:
    return verdict(prepare(one), prepare(other))


def kinds(one: str, other: str) -> set[Kind]:
    return {each.kind for each in judged(one, other).differences}


def told(one: str, other: str) -> list[Explanation]:
    a, b = prepare(one), prepare(other)
    return list(explained(verdict(a, b), a, b))


HARMLESS = [
    ("The poling station at Market Road in Oruba openned at 8:30 and 12 ofifcers are present", {Kind.TYPO}),
    ("D pllng station at Market Rd in Oruba opened at 8:30 & 12 officers r present", {Kind.SHORTHAND}),
    ("The polling station at Market Road in Oruba opened at 8.30 and twelve officers are present", {Kind.NUMBER_WORD}),
    ("The polling station at MarketRoad in Oruba opened at 8:30 and 12 officers are present", {Kind.JOINED}),
    ("12 officers are present and The polling station at Market Road in Oruba opened at 8:30", {Kind.MOVED}),
    ("polling station at Market Road in Oruba opened 8:30 and 12 officers present", {Kind.LOST, Kind.ADDED}),
    ("The polling station at Market Road in Oruba opened at 8:30 and 12 off...", {Kind.CUT}),
    ("The polling station at Market Road in Oruba opened at 8:30 (cont) http://example.org/x", {Kind.CUT}),
    (f"Good evening desk! {REPORT}. Please help us, Amina from the club", {Kind.ADDED}),
    ("The polling station at Market Road of Oruba opened at 8:30 and 12 officers were present", {Kind.SMALL}),
]


@pytest.mark.parametrize("other, expected", HARMLESS)
def test_harmless_differences_keep_it_the_same(other: str, expected: set[Kind]) -> None:
    found = judged(REPORT, other)
    assert found.same, found
    assert expected <= {each.kind for each in found.differences}


FACTS = [
    (REPORT.replace("12", "21"), Explanation(Kind.NUMBERS, "12", "21")),
    (REPORT.replace("12", "thirteen"), Explanation(Kind.NUMBERS, "12", "thirteen")),
    (REPORT.replace("8:30", "9:30"), Explanation(Kind.NUMBERS, "8:30", "9:30")),
    (REPORT.replace("12 ", ""), Explanation(Kind.NUMBER, "12", "")),
    (REPORT.replace("are present", "are not present"), Explanation(Kind.NEGATION, "", "not")),
    (REPORT.replace("opened", "never opened"), Explanation(Kind.NEGATION, "", "never")),
    (f"False: {REPORT}", Explanation(Kind.NEGATION, "", "False")),
    (REPORT.replace("Oruba", "Zantama"), Explanation(Kind.REPLACED, "Oruba", "Zantama")),
    (REPORT.replace("officers", "soldiers"), Explanation(Kind.REPLACED, "officers", "soldiers")),
    (REPORT.replace("opened", "closed"), Explanation(Kind.REPLACED, "opened", "closed")),
    (REPORT.replace("present", "absent"), Explanation(Kind.REPLACED, "present", "absent")),
]


@pytest.mark.parametrize("other, expected", FACTS)
def test_one_fact_makes_another_message(other: str, expected: Explanation) -> None:
    found = judged(REPORT, other)
    assert (found.same, found.reason) == (False, Reason.FACT)
    assert told(REPORT, other)[0] == expected


@pytest.mark.parametrize(
    "one, other",
    [
        ("unit 012", "unit 021"),
        ("PU 07/11/03/004", "PU 07/11/03/005"),
        ("at 10am", "at 10pm"),
        ("on Monday", "on Sunday"),
        ("in March", "in April"),
        ("ward two", "ward three"),
        ("in the northeast", "in the northwest"),
        ("in Osun", "in Ogun"),
        ("with guns", "without guns"),
        ("seventy people", "seventh people"),
        ("a legal party", "an illegal party"),
        ("1.5 tonnes", "15 tonnes"),
    ],
)
def test_small_changes_that_are_facts(one: str, other: str) -> None:
    said = "Voting materials reached the school {} and people are queueing quietly outside"
    assert judged(said.format(one), said.format(one)).same
    assert judged(said.format(one), said.format(other)).reason is Reason.FACT


def test_a_not_that_changes_its_clause_is_a_fact() -> None:
    one = "The red party agents did not arrive at the hall and the blue party agents did arrive before noon"
    other = "The red party agents did arrive at the hall and the blue party agents did not arrive before noon"
    assert judged(one, other).reason is Reason.FACT


def test_numbers_that_change_places_are_a_fact() -> None:
    one = "The red party has 120 votes here and the blue party has 45 votes after counting"
    other = "The red party has 45 votes here and the blue party has 120 votes after counting"
    assert judged(one, other).reason is Reason.FACT


def test_names_that_change_places_are_a_fact() -> None:
    one = "Supporters of Amaro attacked the followers of Bendel near the old market"
    other = "Supporters of Bendel attacked the followers of Amaro near the old market"
    assert judged(one, other).reason is Reason.FACT


@pytest.mark.parametrize("text", ["Hi,", "Dear sir", "PU: 02/21/09/004", "good morning sir", "WARD 5 UNIT 7", ""])
def test_empty_texts_are_never_the_same(text: str) -> None:
    assert judged(text, text) == Verdict(False, Reason.EMPTY, 1.0)


def test_a_phrase_inside_a_longer_text_is_not_that_text() -> None:
    longer = "We heard shots and no ballot papers came to Oruba because the road is flooded since the morning rain"
    assert not judged("no ballot papers came to Oruba", longer).same


def test_a_part_of_content_inside_another_text_is_its_copy() -> None:
    assert judged(REPORT, f"My neighbour says: {REPORT}. She walked home because her mother waited there").same


def test_many_small_differences_are_another_text() -> None:
    main, again = "The main polling station nearby at Market Road", "in Oruba centre opened again at 8:30"
    assert judged(REPORT, f"{main} {again} and 12 senior officers are present there").reason is Reason.LOOSE


def test_other_texts_have_too_little_in_common() -> None:
    assert judged(REPORT, "My mother has no water in the camp and the road is blocked by trees").reason is Reason.APART


def test_what_is_lost_in_an_unknown_language_is_asked_of_a_person() -> None:
    one = "Tarkas bolun medi vesh goranit poluska herfan tizor kalemba"
    assert judged(one, one).same
    assert judged(one, one.replace("poluska", "polsuka")).same
    assert not judged(one, one.replace("vesh ", "")).same
    assert not judged(one, one.replace("goranit", "belturan")).same
    assert not judged(f"{one} 12", f"{one} 13").same


def test_a_verdict_names_the_version_of_its_rules() -> None:
    assert judged(REPORT, REPORT).version == RULES_VERSION


def test_the_same_words_are_exact_and_explained_by_nothing() -> None:
    assert judged(REPORT, f"RT @desk_1: {REPORT.upper()}!!").reason is Reason.EXACT
    assert told(REPORT, REPORT.upper()) == []


def test_marks_show_the_words_as_they_were_written() -> None:
    other = f"RT @a_b: {REPORT.replace('12', '21').replace('Oruba', 'ORUBA')}"
    found = judged(REPORT, other)
    assert [REPORT[mark.start : mark.end] for mark in marks(found, first=True)] == ["12"]
    assert [other[mark.start : mark.end] for mark in marks(found, first=False)] == ["21"]


def test_the_explanation_is_mirrored_with_the_texts() -> None:
    other = REPORT.replace("12", "21")
    assert told(other, REPORT) == [Explanation(Kind.NUMBERS, "21", "12")]


def test_what_is_yet_to_come_has_not_come() -> None:
    arrived, expected = "Mile Two school, the officers just arrived.", "mile two school, officers are yet to arrive."
    assert not judged(arrived, expected).same
