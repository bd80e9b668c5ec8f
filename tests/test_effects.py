"""What follows from "the same message": the table of docs/matching.md, and what more knowledge can never do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.effects import Between, Effect, effect

STRANGERS = Between(same_contact=False, lineage=False, public=False, places_differ=False, observer=False, words=8,
                    content=5)
ANY = st.builds(Between, same_contact=st.booleans(), lineage=st.booleans(), public=st.booleans(),
                places_differ=st.booleans(), observer=st.booleans(), words=st.integers(4, 12),
                content=st.integers(3, 8))
APART = ("places_differ", "observer")
TOGETHER = ("same_contact", "lineage", "public")


@pytest.mark.parametrize("known, expected", [
    ({}, Effect.COPY),
    ({"words": 7}, Effect.SUGGEST),
    ({"content": 4}, Effect.SUGGEST),
    ({"words": 4, "public": True}, Effect.COPY),
    ({"observer": True}, Effect.SUGGEST),
    ({"places_differ": True}, Effect.SUGGEST),
    ({"places_differ": True, "public": True}, Effect.SUGGEST),
    ({"places_differ": True, "observer": True, "words": 4, "same_contact": True}, Effect.COPY),
    ({"places_differ": True, "words": 4, "lineage": True}, Effect.COPY),
])
def test_the_table(known: dict[str, object], expected: Effect) -> None:
    assert effect(replace(STRANGERS, **known)) is expected


@given(ANY, st.sampled_from(APART))
def test_what_speaks_against_it_never_makes_a_copy_of_a_question(between: Between, fact: str) -> None:
    if effect(replace(between, **{fact: False})) is Effect.SUGGEST:
        assert effect(replace(between, **{fact: True})) is Effect.SUGGEST


@given(ANY, st.sampled_from(TOGETHER), st.integers(0, 5))
def test_what_speaks_for_it_never_makes_a_question_of_a_copy(between: Between, fact: str, more: int) -> None:
    longer = replace(between, words=between.words + more, content=between.content + more)
    if effect(replace(between, **{fact: False})) is Effect.COPY:
        assert effect(replace(longer, **{fact: True})) is Effect.COPY
