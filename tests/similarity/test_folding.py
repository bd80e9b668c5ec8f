"""One spelling for what people write in many (triage/similarity/folding.py)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.similarity.folding import folded


@pytest.mark.parametrize(
    "written, spelling",
    [
        ("Élections", "elections"),
        ("OFFICIALS", "officials"),
        ("ｏｆｆｉｃｅ", "office"),  # full width
        ("of\u00adfi\u200bce", "office"),  # soft hyphen, zero width
        ("don't", "dont"),
        ("don’t", "dont"),
        ("İSTİQLAL", "istiqlal"),
        ("ıstıqlal", "istiqlal"),
        ("ISTIQLAL", "istiqlal"),
        ("Məntəqə", "menteqe"),
        ("ƙofar", "kofar"),
        ("ɗaya", "daya"),
        ("ḿbẹ̀rẹ̀", "mbere"),
        ("Ёлка", "елка"),
        ("أحمد", "احمد"),
        ("مدرسة", "مدرسه"),
        ("مُحَمَّد", "محمد"),
        ("على", "علي"),
        ("الـــقرية", "القريه"),
        ("ሐገር", "ሀገር"),
        ("ሠላም", "ሰላም"),
        ("ዓመት", "አመት"),
        ("ጸሐይ", "ጸሀይ"),
        ("ፀሐይ", "ጸሀይ"),
        ("१२", "12"),
        ("٣٤", "34"),
        ("፲፪", "12"),
        ("፻፳", "120"),
    ],
)
def test_spellings_of_one_word_are_one(written: str, spelling: str) -> None:
    assert folded(written) == spelling


def test_vowel_signs_that_are_letters_stay() -> None:
    assert folded("की") != folded("का")


@given(st.text())
def test_folding_twice_changes_nothing(word: str) -> None:
    assert folded(folded(word)) == folded(word)


@given(st.text(st.characters(categories=["Lu", "Ll"])))
def test_case_does_not_matter(word: str) -> None:
    assert folded(word.lower()) == folded(word) or word.lower().upper() != word.upper()


def test_lone_surrogates_are_folded_too() -> None:
    assert folded("a\ud800b") == "a\ud800b"
