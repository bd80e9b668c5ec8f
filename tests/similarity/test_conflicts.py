"""Where two tellings contradict each other: what is said so, what is not, and the words that are marked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.similarity.conflicts import Kind, conflicts
from triage.similarity.preparing import prepare
from triage.similarity.times import apart, times_in

Found = list[tuple[str, list[str], list[str]]]


def found(a: str, b: str) -> Found:
    """In what two texts contradict each other, with the words of each."""
    return [(one.kind.value, [a[start:end] for start, end in one.a], [b[start:end] for start, end in one.b])
            for one in conflicts(prepare(a), prepare(b))]


CONTRADICT = [
    ("Polling station at Kibera school opened 08:00", "Kibera school station is still closed 10:00",
     [("opposite", ["opened"], ["closed"])]),
    ("No ballot papers at the old school in Kibera.", "Ballot papers have arrived at the old school!",
     [("denied", ["No", "ballot"], ["Ballot"])]),
    ("Voters came early. Police are not letting them in at Kibera", "At Kibera police are letting everybody in",
     [("denied", ["not", "letting"], ["letting"])]),
    ("The count at Hill school is legal", "They say the count at Hill school is illegal",
     [("denied", ["legal"], ["illegal"])]),
    ("The station opened at 08:00, all is calm", "It opened at 10:30 and people are angry",
     [("times", ["opened", "08:00"], ["opened", "10:30"])]),
    ("Three officers stand at the gate", "12 officers at the gate, all armed", [("numbers", ["Three", "officers"],
                                                                              ["12", "officers"])]),
    ("Opened 08:00, 3 officers there", "No change, twenty five officers; 30 officers",
     [("numbers", ["3", "officers"], ["30", "officers"])]),
    ("La mesa de la escuela Santa Rita está cerrada", "En la escuela Santa Rita la mesa está abierta",
     [("opposite", ["cerrada"], ["abierta"])]),
    ("Vituo vya shule havijafunguliwa, kituo kimefungwa", "Kituo cha shule kimefunguliwa tangu asubuhi", [
        ("opposite", ["kimefungwa"], ["kimefunguliwa"])]),
]


@pytest.mark.parametrize("a, b, expected", CONTRADICT)
def test_what_contradicts_is_found_and_its_words_are_marked(a: str, b: str, expected: Found) -> None:
    assert found(a, b) == expected
    assert found(b, a) == [(kind, theirs, ours) for kind, ours, theirs in expected]


@pytest.mark.parametrize("a, b", [
    ("The station at Hill is not open", "The station at Hill is closed"),  # they agree
    ("It was closed at seven but opened again, the station at Hill", "The station at Hill is closed"),
    ("Is the station at Hill not open? Please tell us", "The station at Hill is open"),  # a question
    ("I waited 3 hours at Hill school", "I waited 2 hours at Hill school"),  # two people
    ("Ballot boxes broken at polling unit no 12", "Polling unit no 14 has ballot boxes broken"),  # codes
    ("Call 254711000523 voters for more", "Call 254711000777 voters for more"),
    ("Opened at 08:00", "It opened 8.05"),  # a few minutes; and a dot may be a sum
    ("Opened at 8:00 pm", "opened at 20:05"),
    ("5 of 12 machines are broken", "12 machines are there"),
    ("No ink is left", "There are ink stains on the wall of the clinic"),  # about nothing they share
    ("", "No"),
])
def test_what_agrees_or_may_agree_is_left_alone(a: str, b: str) -> None:
    assert found(a, b) == found(b, a) == []


def test_the_sentence_around_stands_in_its_text_and_holds_what_is_marked() -> None:
    a, b = "Good morning. The gate is locked at Hill school. Please come.", "At Hill school the gate is open"
    (one,) = conflicts(prepare(a), prepare(b))
    assert (a[slice(*one.a_around)], b[slice(*one.b_around)]) == ("The gate is locked at Hill school", b)


WORDS = st.lists(st.sampled_from(
    "the station school Hill open closed not no opened 08:00 10:30 12 three officers ballot papers . ? hours legal "
    "illegal at is arrived ،".split()), max_size=14).map(" ".join)


@settings(max_examples=150, deadline=None, database=None)
@given(WORDS, WORDS)
def test_from_the_other_side_it_is_the_same_and_every_span_lies_in_its_sentence(a: str, b: str) -> None:
    ours, theirs = prepare(a), prepare(b)
    here = conflicts(ours, theirs)
    assert sorted(map(repr, here)) == sorted(repr(one.mirrored()) for one in conflicts(theirs, ours))
    assert len(here) <= 3
    assert conflicts(ours, ours) == () or Kind.NUMBERS not in {one.kind for one in conflicts(ours, ours)}
    for one in here:
        for spans, (start, end) in ((one.a, one.a_around), (one.b, one.b_around)):
            assert spans
            assert all(start <= first < last <= end for first, last in spans)


def test_times_of_day() -> None:
    said = "08:00, 8h30 or 8 am, 10:15 p.m.; not 10.30, 25:00, 4 h, 12 officers, 03/31 or 1:2:3"
    assert [one.minutes for one in times_in(said)] == [480, 510, 480, 22 * 60 + 15]
    eight, twenty = times_in("8:00")[0], times_in("20:00")[0]
    assert apart(eight, twenty) == 0  # of the first nobody says whether it was morning
    assert apart(times_in("8 am")[0], twenty) == 720
