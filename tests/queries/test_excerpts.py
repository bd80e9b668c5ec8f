"""The beginning of a text where the whole has no room: it says that it goes on, and cuts no word it need not cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scene import Scene
from triage.queries import inbox, relations, together
from triage.queries.excerpts import shortened

LONG = "The doors of the polling station at the old school in Kibera are locked and people wait in the sun. " * 3


@given(st.text(), st.integers(1, 40))
def test_a_short_text_is_whole_and_a_long_one_says_that_it_goes_on(text: str, most: int) -> None:
    found = shortened(text, most)
    assert (found == text) == (len(text) <= most)
    assert len(found) <= most + 1
    if len(text) > most:
        assert found.endswith("…")
        assert text.startswith(found[:-1])


@pytest.mark.parametrize("text, most, shown", [
    ("the queue goes around", 15, "the queue goes…"),
    ("the queue goes around", 14, "the queue goes…"),
    ("the queue, goes around", 12, "the queue…"),
    ("投票所はまだ閉まっています", 5, "投票所はま…"),
    ("x" * 40, 30, "x" * 30 + "…"),
])
def test_it_is_cut_between_words_where_there_are_any(text: str, most: int, shown: str) -> None:
    assert shortened(text, most) == shown


@pytest.mark.only("sqlite")
def test_rows_lists_and_the_preview_of_one_answer_to_many_cut_no_text_in_silence(scene: Scene) -> None:
    maya = scene.operator("Maya")
    first, copy = scene.sms(LONG, "+254711000001"), scene.sms(LONG, "+254711000002")
    scene.claim(first, maya)
    linked = relations.of(copy.id, maya).copy_of
    assert linked is not None
    lines = together.of_matter(first.id, maya).lines
    shown = [inbox.page(maya, "mine").rows[0], linked.row, *(line.row for line in lines)]
    for excerpt in (row.excerpt for row in shown):
        assert excerpt.endswith("are locked and…")
        assert LONG.startswith(excerpt[:-1])
