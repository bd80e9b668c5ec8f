"""A message prepared once for every comparison it will take part in."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from triage.similarity import languages
from triage.similarity.codes import Code, codes_in
from triage.similarity.shingles import shingles
from triage.similarity.words import content_words, words_of

FEWEST_WORDS, FEWEST_CONTENT = 4, 3  # matching.md, section 1, step 2


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is kept of one text: its words and where they stand, and what it is found and judged by."""

    text: str
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    cut: bool
    spoken: languages.Spoken
    content: int
    body_hash: str
    shingles: tuple[int, ...]
    codes: tuple[Code, ...]

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


def prepare(text: str) -> Prepared:
    """`text` ready for `verdict` and `likeness`; about 100 µs for a short message. Never raises."""
    words = words_of(text)
    spoken = languages.spoken(words.texts)
    return Prepared(
        text=text,
        words=words.texts,
        spans=words.spans,
        cut=words.cut,
        spoken=spoken,
        content=content_words(words.texts, languages.lookup(spoken)),
        body_hash=body_hash(words.texts),
        shingles=shingles(words.texts),
        codes=codes_in(text),
    )


def body_hash(words: tuple[str, ...]) -> str:
    """The first 32 hex digits (128 bits) of the SHA-256 of the body: equal for texts with the same folded words.

    It says nothing of whether the text is long enough to be known by: see `Prepared.is_empty`.
    """
    return sha256(" ".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:32]
