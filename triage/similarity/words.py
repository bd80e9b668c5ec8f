"""The words of a text: each in its one spelling, with the place where it stands in the text as it arrived."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from triage.similarity import languages
from triage.similarity.folding import folded
from triage.similarity.frames import is_cut, parts_in_order, unframed

# Format characters (Unicode Cf) and variation selectors: put in by keyboards, editors, and whoever avoids a filter.
UNSEEN = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]")
# Marks that stand inside a word: accents and vowels of many scripts.
MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0970-\u0df3"
    "\u135d-\u135f"
)
# Scripts written without spaces between words: here each character counts as a word.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(
    rf"(?P<number>\d+(?:[.,:;/_\\-]\d+|[ ]?/[ ]?\d+)*)"
    rf"|(?P<sign>[{UNSPACED}])"
    rf"|(?P<letters>[^\W\d_{UNSPACED}](?:[^\W\d_{UNSPACED}]|[{MARKS}]|['’‘ʼʻ`´](?=[^\W\d_{UNSPACED}]))*)"
)
# A run of letters and digits that somebody may have meant as one word: "4rm", "2day", "b4", "yes2day".
MIXED = re.compile(r"(?<![\w@#/.,:-])(?=\w*\d)(?=\w*[^\W\d])\w{2,9}(?![\w/]|[.,:-]\d)")
DIGITS = re.compile(r"\d+")
SHORT, CONTENT = 4, 3  # letters: a word of at most SHORT may get lost; one of at least CONTENT may carry meaning
MIXED_SHORTHAND = frozenset(
    short
    for words in languages.LEXICONS.values()
    for short, _ in words.shorthand
    if not short.isdigit() and not short.isalpha()
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one text, in reading order: `texts[i]` stands at `spans[i]` (start, end) of the original.

    `cut` says that the text ends in an ellipsis: what came after it is missing.
    """

    texts: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    cut: bool


def words_of(text: str) -> Words:
    """The words of `text` without its frames, folded. Never raises; a text without words gives none."""
    seen, places = _visible(text)
    body = unframed(seen)
    found = [each for start, end in parts_in_order(seen) for each in _found(body, start, end)]
    texts = tuple(word for word, _, _ in found)
    spans = tuple((start, end) for _, start, end in found)
    if places:
        spans = tuple((places[start], places[end - 1] + 1) for start, end in spans)
    return Words(texts, spans, is_cut(seen, body))


def _visible(text: str) -> tuple[str, list[int]]:
    """`text` without the characters nobody sees, and where in `text` each of the others stands, if there were any."""
    if text.isascii() or not UNSEEN.search(text):
        return text, []
    places = [at for at, letter in enumerate(text) if not UNSEEN.match(letter)]
    return "".join(text[at] for at in places), places


def _found(body: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    for piece, first, last in _without_shorthand(body, start, end):
        if piece:
            yield piece, first, last
            continue
        for each in WORD.finditer(body, first, last):
            word = number(each[0]) if each.lastgroup == "number" else folded(each[0])
            if word:
                yield word, each.start(), each.end()


def _without_shorthand(body: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """The stretch cut at words like "4rm", which come out whole; the stretches between have no word yet."""
    here = start
    for each in MIXED.finditer(body, start, end):
        if (word := folded(each[0])) in MIXED_SHORTHAND:
            yield "", here, each.start()
            yield word, each.start(), each.end()
            here = each.end()
    yield "", here, end


@lru_cache(maxsize=16384)
def number(written: str) -> str:
    """The one spelling of a number, time or code: Latin digits, groups joined by `/`, no leading zeros.

    "10:30", "10.30" and "10;30" are the same; so are "1,000" and "1000", and "03/31/ 019" and "3/31/19".
    """
    groups = DIGITS.findall(folded(written))
    if len(groups) > 1 and len(groups[0]) <= 3 and re.fullmatch(r"\d+(?:,\d{3})+", folded(written)):
        groups = ["".join(groups)]
    return "/".join(group.lstrip("0") or "0" for group in groups)


def is_number(word: str) -> bool:
    """Whether the folded `word` is a number, time or code in digits."""
    return word[:1].isdigit()


def is_sign(word: str) -> bool:
    """Whether the folded `word` is one character of a script without spaces, which is never a small word."""
    return len(word) == 1 and not word.isascii() and re.match(f"[{UNSPACED}]", word) is not None


def content_words(words: Collection[str], lookup: languages.Lookup) -> int:
    """How many of the folded `words` may carry meaning."""
    return sum(carries(word, lookup) for word in words)


def carries(word: str, lookup: languages.Lookup) -> bool:
    """Whether the folded `word` may carry meaning: no small word, greeting or number, and 3 letters or more."""
    if len(word) < CONTENT:
        return is_sign(word)
    return word not in lookup.empty and not word[0].isdigit()
