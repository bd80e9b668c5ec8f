"""What a message is found by: numbers made of its word pairs and of its long or numeric words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b

from triage.similarity.words import is_number

MOST = 40  # a message; matching.md, section 1, step 3
LONG = 7  # letters from which a word alone may find a message


def shingles(words: Sequence[str]) -> tuple[int, ...]:
    """At most 40 signed 64-bit numbers, each once, the same in every process and version of Python.

    Source: matching.md, section 1, step 3: word pairs, and words that are long or numeric. Of a long message the
    first pairs and the last are kept by turns, since a copy is cut at either end.
    """
    kept: dict[str, None] = {}
    for text in _by_turns(words):
        kept.setdefault(text)
        if len(kept) == MOST:
            break
    return tuple(_hashed(text) for text in kept)


def _by_turns(words: Sequence[str]) -> Iterator[str]:
    """The texts to hash, pairs from both ends inwards, each followed by its own long word."""
    last = len(words) - 1
    for step in range((last + 2) // 2):
        for at in dict.fromkeys((step, last - step)):
            if at < last:
                yield f"{words[at]} {words[at + 1]}"
            if len(words[at]) >= LONG or (is_number(words[at]) and len(words[at]) > 1):
                yield words[at]


@lru_cache(maxsize=65536)
def _hashed(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)
