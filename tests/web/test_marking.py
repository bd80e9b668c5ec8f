"""A text with what differs marked is still the whole text."""

from __future__ import annotations

from hypothesis import given

from tests.similarity.test_properties import TEXT
from triage.similarity.explaining import marks
from triage.similarity.preparing import prepare
from triage.similarity.verdicts import verdict
from triage.web import marking


@given(TEXT, TEXT)
def test_no_character_is_lost_or_doubled_by_marking(one: str, other: str) -> None:
    told = verdict(prepare(one), prepare(other))
    for text, first in ((one, True), (other, False)):
        pieces = list(marking.pieces(text, marks(told, first=first)))
        assert "".join(piece.text for piece in pieces) == text
        assert all(piece.text for piece in pieces)


def test_neighbours_of_one_kind_are_one_mark_and_others_are_not() -> None:
    one = "The station at Market Road in Oruba opened at 8:30, and 12 officers are present"
    other = one + ". Please, share this! 5"
    told = verdict(prepare(one), prepare(other))
    marked = [piece.text for piece in marking.pieces(other, marks(told, first=False)) if piece.kind]
    assert marked == ["Please, share this! 5"]
