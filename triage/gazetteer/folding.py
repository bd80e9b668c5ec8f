"""Words of a text with where they stand in it, folded so that one name has one spelling.

Case, accents, Arabic letter forms and digits of every script are levelled; apostrophes within a word are left
out (Ng'ombe is Ngombe); every other sign parts words. Spans count characters of the text as it was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from triage.similarity.folding import folded

APOSTROPHES = "'’‘ʼʻ`´′"
LETTERS = r"[^\W_]"
# Marks stand within words: vowel signs, accents written apart, signs that say how letters join.
MARKS = "\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200c\u200d"
WORD = re.compile(rf"{LETTERS}(?:{LETTERS}|[{MARKS}\w]|[{re.escape(APOSTROPHES)}](?={LETTERS}))*")


@dataclass(frozen=True)
class Word:
    """A word of a text: folded, and where it begins and ends in the text."""

    folded: str
    start: int
    stop: int


def words(text: str, most: int | None = None) -> list[Word]:
    """The words of a text, the first `most` of them; what folds to nothing is none."""
    return list(_words(text, most))


def _words(text: str, most: int | None) -> Iterator[Word]:
    for number, found in enumerate(WORD.finditer(text)):
        if number == most:
            return
        folded = fold(found[0])
        if folded:
            yield Word(folded, found.start(), found.end())


def fold(word: str) -> str:
    """One word as it is compared: no blanks, no signs."""
    return "".join(sign for sign in folded(word) if sign.isalnum())


def key(text: str) -> str:
    """A name as it is looked up: its folded words, one blank between them; "" where there is none."""
    if text.isascii() and text.replace(" ", "").isalnum():
        return " ".join(text.lower().split())
    return joined(words(text))


def joined(some: Sequence[Word]) -> str:
    """Words as one key."""
    return " ".join(word.folded for word in some)
