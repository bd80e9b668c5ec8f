"""Which spans of a text name a place, which place is meant, and what names none."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.gazetteer import codes, settling, spotting
from triage.gazetteer.spotting import Found, Spot

# 1 Kisumu, 2 and 3 Central School (in Kisumu, in Nakuru), 9 Nakuru.
KISUMU, CENTRAL, NAKURU_CENTRAL, HOPE, MARKET, CODED, HILL, NAKURU, NASR, SHORT = 1, 2, 3, 4, 5, 6, 7, 9, 10, 11
KNOWN = {
    "kisumu": Found((KISUMU,)), "nakuru": Found((NAKURU,)), "central school": Found((CENTRAL, NAKURU_CENTRAL)),
    "hope": Found((HOPE,)), "market": Found((MARKET,)), "ksm 012": Found((CODED,), code=True),
    "hill school": Found((HILL,)), "hill": Found((99,)), "النصر": Found((NASR,)), "17": Found((SHORT,), code=True),
}
ABOVE = {CENTRAL: (KISUMU,), NAKURU_CENTRAL: (NAKURU,), CODED: (KISUMU,), HILL: (KISUMU,)}


def seen(text: str, *, field: bool = False) -> list[tuple[str, tuple[int, ...]]]:
    """What is named, as it stands in the text, with its places."""
    spots = settling.settled(spotting.spots(text, KNOWN, field=field), ABOVE)
    return [(text[spot.start:spot.stop], spot.places) for spot in spots]


NAMED = {
    "KSM-012 closed": [("KSM-012", (CODED,))],
    "ksm 012 is closed": [("ksm 012", (CODED,))],
    "No ink at Hill School.": [("Hill School", (HILL,))],  # the longest, never "Hill"
    "no ballots in kisumu": [("kisumu", (KISUMU,))],
    "Kisumu: no ink": [("Kisumu", (KISUMU,))],
    "They came to Kisumu today": [("Kisumu", (KISUMU,))],
    "ALL IN KISUMU": [("KISUMU", (KISUMU,))],
    "central school kisumu is closed": [("central school", (CENTRAL,)), ("kisumu", (KISUMU,))],
    "Trouble at Central School, Nakuru": [("Central School", (NAKURU_CENTRAL,)), ("Nakuru", (NAKURU,))],
    "It was at Central School": [("Central School", (CENTRAL, NAKURU_CENTRAL))],  # several: all are offered
    "نفد الحبر في النصر": [("النصر", (NASR,))],
    "PU 17 has no ink": [("17", (SHORT,))],
    "PU 018 has no ink": [("PU 018", ())],  # a code nobody knows stays
    "At LA-24-11 nobody came": [("LA-24-11", ())],
    "24/11/05/006 late": [("24/11/05/006", ())],
}
NOT_NAMED = (
    "Hope is lost. We hope so.", "in hope we wait", "Market women came", "a market", "central school closed",
    "We waited 17 minutes", "Call +254711000523 or 0711-000-523", "On 24/11/2026 at 12:30", "1.500.000 votes",
    "kisumuans", "HOPE FOR ALL", "Central\nSchool", "",
)


@pytest.mark.parametrize("text, wanted", NAMED.items())
def test_what_names_a_place_is_found_where_it_stands(text: str, wanted: list[tuple[str, tuple[int, ...]]]) -> None:
    assert seen(text) == wanted


@pytest.mark.parametrize("text", NOT_NAMED)
def test_ordinary_words_dates_and_telephones_name_none(text: str) -> None:
    assert seen(text) == []


def test_where_a_place_is_asked_for_every_name_counts() -> None:
    assert seen("market", field=True) == [("market", (MARKET,))]
    assert seen("17", field=True) == [("17", (SHORT,))]


def test_the_place_of_a_text_is_the_innermost_where_the_others_lie_around_it() -> None:
    def clear(text: str) -> int | None:
        return settling.clear(settling.settled(spotting.spots(text, KNOWN), ABOVE), ABOVE)

    assert clear("Hill School in Kisumu") == HILL
    assert clear("Hill School, Kisumu, and Nakuru") is None
    assert clear("It was at Central School") is None
    assert clear("It was at Central School, and Hill School too") is None  # perhaps in Nakuru
    assert clear("PU 018 in Kisumu") == KISUMU


def test_nothing_above_is_asked_for_where_one_place_is_named() -> None:
    assert settling.lookups([Spot(0, 4, (1,))]) == set()
    assert settling.lookups([Spot(0, 4, (1, 2))]) == {1, 2}


KEYS = {"KSM-012": {"ksm 012", "ksm012"}, "KSM012": {"ksm012", "ksm 012"}, "12/3": {"12 3"},
        "24/11/05/006": {"24 11 05 006", "241105006"}}


@pytest.mark.parametrize("code, keys", KEYS.items())
def test_a_code_is_found_however_its_parts_are_joined_but_digits_never_run_into_one(code: str, keys: set[str]) -> None:
    assert set(codes.keys(code)) == keys


@given(st.text(st.sampled_from("KSM kisumu hill school central-/.012’'\n,النصرÉ"), max_size=60) | st.text())
def test_spans_lie_inside_the_text_and_never_across_another(text: str) -> None:
    found = spotting.spots(text, KNOWN)
    for spot in found:
        assert 0 <= spot.start < spot.stop <= len(text)
        assert text[spot.start:spot.stop].strip() == text[spot.start:spot.stop]
    assert all(one.stop <= other.start for one, other in itertools.pairwise(found))
    for spot in settling.settled(found, ABOVE):
        assert any((spot.start, spot.stop) == (one.start, one.stop) for one in found)


def test_what_is_looked_up_is_bounded_however_long_the_text() -> None:
    keys = spotting.keys("word and other " * 100_000)
    assert len(keys) <= spotting.MOST_WORDS * spotting.LONGEST_NAME
    assert all(len(key) <= spotting.MOST_KEY for key in keys)
