"""Words with where they stand: one name has one spelling, and a span is of the text as it was given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.gazetteer import folding

SAME = {
    "Côte d'Ivoire": "COTE D’IVOIRE", "İstanbul": "istanbul", "Bakı": "baki", "Ng'ombe": "Ngombe",
    "الإسكندرية": "الاسكندريه", "مدرسةُ النصر": "مدرسة النصر", "تهــران": "تهران", "Pu ١٢": "PU 12",
    "École n° 3": "ecole n 3", "Łódź": "lodz", "Kısım": "kisim", "Aбай": "aбаи", "Straße": "STRASSE",
    "Port-au-Prince": "port au prince", "Gəncə": "Gence",
}


@pytest.mark.parametrize("one, other", SAME.items())
def test_one_name_has_one_key(one: str, other: str) -> None:
    assert folding.key(one) == folding.key(other) != ""


def test_different_letters_and_digits_stay_different() -> None:
    assert len({folding.key(one) for one in ("Unit 12", "Unit 21", "Unit 1 2", "Units 12", "")}) == 5


@given(st.text())
def test_spans_lie_inside_the_text_in_their_order_and_fold_to_their_word(text: str) -> None:
    at = 0
    for word in folding.words(text):
        assert at <= word.start < word.stop <= len(text)
        assert folding.fold(text[word.start:word.stop]) == word.folded
        assert word.folded
        assert " " not in word.folded
        at = word.stop


@given(st.text())
def test_a_key_is_its_own_key(text: str) -> None:
    assert folding.key(folding.key(text)) == folding.key(text)
