"""Where a text may name a place: every run of its words that could be one, and which of those that are names hold.

A run is looked up as it stands (`keys`); of what the list of places knows, the longest stay (`spots`). A single word
that is a name stays *weak* where nothing says that a place is meant: an ordinary word begins a sentence, a text is
all in small letters. A weak one counts only where another place of the text bears it out (`settling`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from triage.gazetteer import codes, folding, speech
from triage.gazetteer.folding import Word

MOST_WORDS = 300  # of a text that are looked at
LONGEST_NAME = 8  # words
MOST_KEY = 120  # characters
MOST_SHARED = 200  # places of one name: what more of them bear names none
FEWEST_LETTERS, PLAIN_LETTERS, CASELESS_LETTERS = 3, 5, 4  # of a single word; where capitals say nothing; without case
GAP = re.compile(r"[^\n!?;:]{0,3}")  # what may stand between two words of one name
ENDS = re.compile(r"[.!?:;\n]\s*$")  # what stands before a sentence


@dataclass(frozen=True)
class Found:
    """What the list of places knows under a key: places that are so called, and whether it is a code of theirs."""

    places: tuple[int, ...]
    code: bool = False


@dataclass(frozen=True)
class Spot:
    """A span of the text that names one of `places`; none: a code nobody knows.

    `field`: it was written where a place was asked for.
    """

    start: int
    stop: int
    places: tuple[int, ...]
    code: bool = False
    weak: bool = False
    field: bool = False


@dataclass(frozen=True)
class _Run:
    """Some words in a row."""

    first: int
    last: int  # not among them
    key: str


def keys(text: str) -> list[str]:
    """What to look up to find the places that a text names; each once."""
    return list(dict.fromkeys(run.key for run in _runs(text, folding.words(text, MOST_WORDS))))


def spots(text: str, known: Mapping[str, Found], *, field: bool = False) -> list[Spot]:
    """The spans that name a place, in their order, none across another; the longest first of those that cross.

    `field`: the text is no sentence, it was written where a place was asked for, and every name in it counts.
    """
    some = folding.words(text, MOST_WORDS)
    taken: list[Spot] = []
    for run in sorted(_runs(text, some), key=lambda one: (one.first - one.last, one.first)):
        found = known.get(run.key)
        spot = _spot(text, some, run, found, field=field) if found is not None and found.places else None
        if spot is not None and not _crosses(spot, taken):
            taken.append(spot)
    for guess in codes.guesses(text, some):
        unknown = Spot(guess.start, guess.stop, (), code=True, field=field)
        if not _crosses(unknown, taken):
            taken.append(unknown)
    return sorted(taken, key=lambda one: one.start)


def _runs(text: str, some: Sequence[Word]) -> Iterator[_Run]:
    for first in range(len(some)):
        parts: list[str] = []
        for last in range(first, min(first + LONGEST_NAME, len(some))):
            if last > first and not GAP.fullmatch(text, some[last - 1].stop, some[last].start):
                break
            parts.append(some[last].folded)
            whole = " ".join(parts)
            if len(whole) > MOST_KEY:
                break
            yield _Run(first, last + 1, whole)


def _crosses(spot: Spot, taken: Sequence[Spot]) -> bool:
    return any(spot.start < other.stop and other.start < spot.stop for other in taken)


def _spot(text: str, some: Sequence[Word], run: _Run, found: Found, *, field: bool) -> Spot | None:
    start, stop = some[run.first].start, some[run.last - 1].stop
    spot = Spot(start, stop, found.places, code=found.code, field=field)
    if field:
        return spot
    if found.code:
        announced = speech.announces_code(some[max(run.first - speech.MOST_WORDS, 0):run.first]) is not None
        return spot if announced or not codes.short(text[start:stop]) else None
    if run.last - run.first == 1 and (speech.says_nothing(run.key) or len(run.key) < FEWEST_LETTERS):
        return None
    sure = _titled(text, some, run) if run.last - run.first > 1 else _meant(text, some, run, found)
    return spot if sure else Spot(start, stop, found.places, weak=True)


def _titled(text: str, some: Sequence[Word], run: _Run) -> bool:
    """Whether some words are a name: one says more than what kind of place it is, or they are written as one."""
    inner = (text[word.start] for word in some[run.first + 1:run.last])
    return not speech.says_nothing(run.key) or (any(sign.isupper() for sign in inner) and not _shouts(text))


def _meant(text: str, some: Sequence[Word], run: _Run, found: Found) -> bool:
    """Whether something says of a single word that it is a name."""
    word = some[run.first]
    before = some[run.first - 1] if run.first else None
    after = some[run.last] if run.last < len(some) else None
    said = text[word.start:word.stop]
    if run.key.isdecimal():
        return False
    if after is not None and _beside(text, word, after) and speech.kind(after):
        return True
    led = before is not None and _beside(text, before, word) and speech.leads_to_name(before)
    if said.lower() == said.upper():  # a script without capitals
        return led or (len(found.places) == 1 and len(run.key) >= CASELESS_LETTERS)
    if not said[0].isupper() or _shouts(text):
        return led and len(run.key) >= PLAIN_LETTERS
    heads = before is None or ENDS.search(text[before.stop:word.start]) is not None
    return led or not heads or (len(found.places) == 1 and len(run.key) >= PLAIN_LETTERS)


def _beside(text: str, one: Word, other: Word) -> bool:
    return text[one.stop:other.start].strip(" ,-") == ""


def _shouts(text: str) -> bool:
    """Whether nearly everything is in capitals: then they say nothing."""
    letters = [sign for sign in text[:400] if sign.isalpha()]
    return sum(sign.isupper() for sign in letters) * 2 > len(letters)
