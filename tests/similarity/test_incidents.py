"""Suggesting that two tellings are of one incident (triage/similarity/incidents.py)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.similarity.incidents import Ground, Telling, Whereabouts, kilometres, likeness
from triage.similarity.preparing import prepare

NOON = datetime(2031, 5, 4, 12, tzinfo=UTC)
HERE = Whereabouts(name="Oruba town")
ONE = "Ballot boxes were snatched by thugs at the primary school in Oruba"
OTHER = "Thugs came to the primary school and took the ballot boxes away"


def told(text: str, minutes: int | None = 0, where: Whereabouts = HERE) -> Telling:
    at = None if minutes is None else NOON + timedelta(minutes=minutes)
    return Telling(prepare(text), at, where)


def grounds(one: Telling, other: Telling) -> set[Ground]:
    return {ground for ground, _ in likeness(one, other).grounds}


def test_the_same_day_and_place_in_other_words_is_offered() -> None:
    found = likeness(told(ONE), told(OTHER, 20))
    assert found.offered
    assert {ground for ground, _ in found.grounds} == {Ground.TEXT, Ground.TIME, Ground.PLACE}
    assert found.apart == timedelta(minutes=20)


def test_another_week_is_not_offered() -> None:
    assert not likeness(told(ONE), told(OTHER, 7 * 24 * 60)).offered


def test_another_code_is_not_offered_and_says_so() -> None:
    one, other = told(f"{ONE}, unit 012"), told(f"{OTHER}, unit 021")
    assert not likeness(one, other).offered
    assert Ground.OTHER_CODE in grounds(one, other)


def test_another_unit_outweighs_the_same_ward() -> None:
    assert Ground.OTHER_CODE in grounds(told(f"{ONE} ward 7 unit 6"), told(f"{OTHER} ward 7 unit 7"))


def test_the_same_code_speaks_for_it_and_is_named() -> None:
    found = likeness(told(f"{ONE}, PU 02/21/09/004"), told(f"{OTHER} PU:02/21/09/4"))
    assert found.shared_codes == ("2/21/9/4",)
    assert found.offered


def test_empty_texts_are_never_offered() -> None:
    assert not likeness(told("Hi,"), told("Hi,")).offered


def test_known_places_outweigh_names() -> None:
    school, market = Whereabouts("Oruba", ("O-1", "O")), Whereabouts("Oruba", ("O-2", "O"))
    assert Ground.OTHER_PLACE in grounds(told(ONE, 0, school), told(OTHER, 0, market))
    assert Ground.INSIDE in grounds(told(ONE, 0, school), told(OTHER, 0, Whereabouts("Oruba", ("O",))))
    assert Ground.PLACE in grounds(told(ONE, 0, school), told(OTHER, 0, school))


@pytest.mark.parametrize("km, ground", [(0.5, Ground.PLACE), (5, Ground.INSIDE), (30, None), (90, Ground.OTHER_PLACE)])
def test_distance_decides_between_points(km: float, ground: Ground | None) -> None:
    one, other = Whereabouts(point=(0.0, 10.0)), Whereabouts(point=(km / 111.2, 10.0))
    assert (grounds(told(ONE, 0, one), told(OTHER, 0, other)) - {Ground.TEXT, Ground.TIME}) == ({ground} - {None})


def test_a_town_and_its_state_are_not_held_apart() -> None:
    found = likeness(told(ONE, 0, Whereabouts("Oruba")), told(ONE, 5, Whereabouts("Kesta State")))
    assert found.offered


def test_a_degree_on_the_equator() -> None:
    assert kilometres((0, 0), (0, 1)) == pytest.approx(111.2, abs=0.1)
    assert kilometres((90, 0), (-90, 17)) == pytest.approx(20015, abs=1)


@given(st.text(), st.text(), st.integers(0, 9999) | st.none(), st.integers(0, 9999) | st.none())
def test_likeness_is_symmetric_and_a_share(one: str, other: str, at: int | None, then: int | None) -> None:
    a, b = told(one, at), told(other, then)
    assert likeness(a, b).score == likeness(b, a).score
    assert 0 <= likeness(a, b).score <= 1
