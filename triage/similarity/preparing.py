"""A message prepared once for every comparison it will take part in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256

from triage.similarity import languages
from triage.similarity.codes import Code, codes_in
from triage.similarity.shingles import shingles
from triage.similarity.words import carries, words_of

FEWEST_WORDS, FEWEST_CONTENT = 4, 3  # matching.md, section 1, step 2
SHORT = 1000  # characters up to which a text is remembered


@dataclass(frozen=True)
class Prepared:
    """What is kept of one text: its words and where they stand, and what it is found and judged by.

    What not every comparison asks for is reckoned when it is asked for first.
    """

    text: str
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    cut: bool
    spoken: languages.Spoken

    @property
    def body(self) -> str:
        """The text without frames in its one spelling: its words, one space between."""
        return " ".join(self.words)

    @property
    def is_empty(self) -> bool:
        """Whether it says too little to be known by its text: under 4 words, or under 3 that carry meaning.

        "Hi," and a bare code match exactly and mean nothing (matching.md, section 1, step 2, and section 3, 5).
        """
        return len(self.words) < FEWEST_WORDS or self.content < FEWEST_CONTENT

    @cached_property
    def telling(self) -> tuple[str, ...]:
        """Its words that may carry meaning, in order."""
        lookup = languages.lookup(self.spoken)
        return tuple(word for word in self.words if carries(word, lookup))

    @property
    def content(self) -> int:
        """How many of its words may carry meaning."""
        return len(self.telling)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Its words, each once."""
        return frozenset(self.words)

    @cached_property
    def body_hash(self) -> str:
        """Equal for texts with the same folded words."""
        return body_hash(self.words)

    @cached_property
    def shingles(self) -> tuple[int, ...]:
        """What it is found by."""
        return shingles(self.words)

    @cached_property
    def codes(self) -> tuple[Code, ...]:
        """The codes of polling stations in it."""
        return codes_in(self.text)


def prepare(text: str) -> Prepared:
    """`text` ready for `verdict` and `likeness`; about 100 µs for a short message. Never raises."""
    return _remembered(text) if len(text) <= SHORT else _prepared(text)


def _prepared(text: str) -> Prepared:
    words = words_of(text)
    return Prepared(text, words.texts, words.spans, words.cut, languages.spoken(words.texts))


# What came lately is compared with nearly every new message. About 5 KB each: 20 MB in a long storm.
_remembered = lru_cache(maxsize=4096)(_prepared)


def body_hash(words: tuple[str, ...]) -> str:
    """The first 32 hex digits (128 bits) of the SHA-256 of the body: equal for texts with the same folded words.

    It says nothing of whether the text is long enough to be known by: see `Prepared.is_empty`.
    """
    return sha256(" ".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:32]
