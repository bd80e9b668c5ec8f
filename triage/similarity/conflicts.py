"""Where two tellings of one incident contradict each other: few and sure rather than many, for a person to judge.

Nothing is said of who is right, nor that all else agrees. See "Where reports contradict each other" in
docs/matching.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from triage.similarity import languages, times
from triage.similarity.differences import counts
from triage.similarity.preparing import Prepared
from triage.similarity.sameness import negates
from triage.similarity.times import APART, Time
from triage.similarity.words import carries, is_number

MOST = 3  # of one pair: more is a pair that is not of one incident
REACH = 3  # words from a "not" to what it denies, from what happened to its time
LONG_STEM = 5  # letters: "legal" and "illegal", but not "side" and "inside"
LONGEST_NUMBER = 6  # digits: a longer one is a telephone's
ENDS = re.compile(r"[.!?؟।…]\s|[\n。！？]")
ASKS = re.compile(r"[?؟？]")
Span = tuple[int, int]
T = TypeVar("T")
Found = tuple[tuple[int, ...], int]  # words to mark, and the one they are about


class Kind(StrEnum):
    """In what they contradict."""

    DENIED = "denied"  # one denies what the other says
    OPPOSITE = "opposite"  # "open", "closed"
    TIMES = "times"  # other times for the same
    NUMBERS = "numbers"  # other numbers of the same


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two places that contradict: what to mark in each original, and the sentence around it, all as spans."""

    kind: Kind
    about: str  # the folded word or words
    a: tuple[Span, ...]
    b: tuple[Span, ...]
    a_around: Span
    b_around: Span

    def mirrored(self) -> Conflict:
        """The same seen from the other text."""
        return Conflict(self.kind, self.about, self.b, self.a, self.b_around, self.a_around)


def conflicts(a: Prepared, b: Prepared) -> tuple[Conflict, ...]:
    """Where `a` and `b` contradict, at most 3, denials first; seen from `b` it is the same mirrored. Never raises.

    A question says nothing. A denial, or an opposite, counts only where both sentences share one more word of content.
    """
    lookup = languages.lookup(a.spoken.joined(b.spoken))
    one, other = _Said(a, lookup), _Said(b, lookup)
    found = [
        *_of_kind(Kind.DENIED, one, other, _denials(one, other)),
        *(each.mirrored() for each in _of_kind(Kind.DENIED, other, one, _denials(other, one))),
        *_of_kind(Kind.DENIED, one, other, _by_affix(one, other, lookup)),
        *_of_kind(Kind.OPPOSITE, one, other, _opposites(one, other, lookup)),
        *_of_kind(Kind.TIMES, one, other, _apart(one.at, other.at, _other_times)),
        *_of_kind(Kind.NUMBERS, one, other, _apart(one.many, other.many, lambda ours, theirs: ours != theirs)),
    ]
    first: dict[tuple[Kind, str], Conflict] = {}
    for each in found:
        first.setdefault((each.kind, each.about), each)
    order = list(Kind)
    return tuple(sorted(first.values(), key=lambda each: (order.index(each.kind), each.about)))[:MOST]


class _Said:
    """What one text says, word by word, sentence by sentence; what is asked is left out."""

    def __init__(self, text: Prepared, lookup: languages.Lookup) -> None:
        self.text, self.words, self._lookup = text, text.words, lookup
        self.sentence = _sentences(text)
        self.content = [at for at, word in enumerate(self.words)
                        if self.sentence[at] >= 0 and carries(word, lookup) and word not in lookup.words.negations]
        self._nots = [at for at in range(len(self.words)) if self._denies(at)]
        self.denied = dict(self._all_denied())
        said = times.times_in(text.text)
        self.at = self._told_times(said)
        self.many = self._told_numbers(said)

    def _denies(self, at: int) -> bool:
        """Whether a word denies; "no 12" counts stations, and a comment may hold another language's "not"."""
        lists, after = self._lookup.words, self.words[at + 1:at + 2]
        denies = self.words[at] in lists.negations and self.words[at] not in lists.greetings
        return denies and self.sentence[at] >= 0 and not any(is_number(word) for word in after)

    def _all_denied(self) -> Iterator[tuple[int, int]]:
        """What is denied, each with its "not"; where two stand near, nobody knows what they deny."""
        for no in self._nots:
            near = [at for at in self.content if self.sentence[at] == self.sentence[no] and abs(at - no) <= REACH]
            after, before = [at for at in near if at > no], [at for at in near if at < no]
            denied = after[0] if after else before[-1] if before else None
            if denied is not None and self._near_nots(denied) == 1:
                yield denied, no

    def _near_nots(self, at: int) -> int:
        return sum(self.sentence[no] == self.sentence[at] and abs(no - at) <= REACH for no in self._nots)

    def affirmed(self, word: str) -> list[int]:
        """Where `word` is said with no "not" near it."""
        return [at for at in self.content if self.words[at] == word and not self._near_nots(at)]

    def beside(self, at: int) -> set[str]:
        """The other words of content of its sentence."""
        around = {self.words[each] for each in self.content if self.sentence[each] == self.sentence[at]}
        return around - {self.words[at]}

    def _told_times(self, said: Sequence[Time]) -> Mapping[str, list[tuple[Found, Time]]]:
        """Times by what happened then: the nearest word of content before, in the same sentence."""
        told: dict[str, list[tuple[Found, Time]]] = {}
        for time in said:
            inside = [at for at, (start, end) in enumerate(self.text.spans) if time.start <= start and end <= time.end]
            what = [at for at in self.content if inside and inside[0] - REACH <= at < inside[0]
                    and self.sentence[at] == self.sentence[inside[0]]]
            if what:
                told.setdefault(self.words[what[-1]], []).append((((what[-1], *inside), what[-1]), time))
        return told

    def _told_numbers(self, said: Sequence[Time]) -> Mapping[str, list[tuple[Found, str]]]:
        """Numbers by what they count: the word of content right after. No code, no time, no span of time."""
        told: dict[str, list[tuple[Found, str]]] = {}
        taken = [*((one.start, one.end) for one in self.text.codes), *((one.start, one.end) for one in said)]
        for at in self.content:
            number = self._number(at - 1) if self.words[at] not in self._lookup.words.units else None
            start = self.text.spans[at - 1][0] if at else 0
            if number and self.sentence[at - 1] == self.sentence[at] and not _within(start, taken):
                told.setdefault(self.words[at], []).append((((at - 1, at), at), number))
        return told

    def _number(self, at: int) -> str | None:
        """The number at a place, in digits; None for what is part of a longer one."""
        if at < 0 or not counts(self.words[at], self._lookup) or self._follows_number(at):
            return None
        value = self._lookup.number_of.get(self.words[at], self.words[at])
        return value if value.isdecimal() and len(value) <= LONGEST_NUMBER else None

    def _follows_number(self, at: int) -> bool:
        """Whether the word before is a number, too, with nothing but blanks between: "twenty five"."""
        spans = self.text.spans
        return at > 0 and counts(self.words[at - 1], self._lookup) and not self.text.text[
            spans[at - 1][1]:spans[at][0]].strip()


def _sentences(text: Prepared) -> list[int]:
    """Of each word the number of its sentence, below 0 in a question."""
    found: list[int] = []
    number, begun = 1, 0
    for at, (_, end) in enumerate(text.spans):
        found.append(number)
        after = text.text[end:text.spans[at + 1][0] if at + 1 < len(text.spans) else len(text.text)]
        if ENDS.search(f"{after} "):
            if ASKS.search(after):
                found[begun:] = [-number] * (len(found) - begun)
            number, begun = number + 1, len(found)
    return found


def _within(start: int, taken: Sequence[Span]) -> bool:
    return any(first <= start < last for first, last in taken)


def _denials(one: _Said, other: _Said) -> Iterator[tuple[str, Found, Found]]:
    """What `one` denies and `other` says; nothing where `one` says both itself."""
    for denied, no in one.denied.items():
        word = one.words[denied]
        if not one.affirmed(word):
            for said in other.affirmed(word):
                if word not in _denied_words(other) and one.beside(denied) & other.beside(said):
                    yield word, (tuple(sorted((no, denied))), denied), ((said,), said)


def _denied_words(said: _Said) -> set[str]:
    return {said.words[at] for at in said.denied}


def _by_affix(one: _Said, other: _Said, lookup: languages.Lookup) -> Iterator[tuple[str, Found, Found]]:
    """Words that deny each other by a syllable: "legal", "illegal"."""
    def opposed(ours: str, theirs: str) -> bool:
        return min(len(ours), len(theirs)) >= LONG_STEM and negates(ours, theirs, lookup)

    yield from _opposed(one, other, opposed)


def _opposites(one: _Said, other: _Said, lookup: languages.Lookup) -> Iterator[tuple[str, Found, Found]]:
    """Words that a language lists as opposites: "open", "closed"."""
    yield from _opposed(one, other, lambda ours, theirs: (ours, theirs) in lookup.words.opposites)


def _opposed(one: _Said, other: _Said, opposed: Callable[[str, str], bool]) -> Iterator[tuple[str, Found, Found]]:
    """Two words, none of them denied, in sentences about the same; a text that has both says of what it changed."""
    ours, theirs = ({said.words[at] for at in said.content} for said in (one, other))
    for word, against in sorted((word, against) for word in ours for against in theirs if opposed(word, against)):
        if against in ours or word in theirs:
            continue
        pairs = ((at, to) for at in one.affirmed(word) for to in other.affirmed(against)
                 if one.beside(at) & other.beside(to))
        yield from (("/".join(sorted((word, against))), ((at,), at), ((to,), to)) for at, to in pairs)


def _apart(ours: Mapping[str, list[tuple[Found, T]]], theirs: Mapping[str, list[tuple[Found, T]]],
           differ: Callable[[T, T], bool]) -> Iterator[tuple[str, Found, Found]]:
    """What both tell of the same word, where nothing of the one is what the other tells."""
    for word in sorted(ours.keys() & theirs.keys()):
        if all(differ(one, other) for _, one in ours[word] for _, other in theirs[word]):
            yield word, ours[word][0][0], theirs[word][0][0]


def _other_times(one: Time, other: Time) -> bool:
    return times.apart(one, other) >= APART


def _of_kind(kind: Kind, one: _Said, other: _Said,
             found: Iterator[tuple[str, Found, Found]]) -> Iterator[Conflict]:
    for about, (ours, at), (theirs, to) in found:
        yield Conflict(kind, about, _spans(one, ours), _spans(other, theirs), _around(one, at), _around(other, to))


def _spans(said: _Said, words: Sequence[int]) -> tuple[Span, ...]:
    return tuple(said.text.spans[at] for at in sorted(words))


def _around(said: _Said, at: int) -> Span:
    """From the first to the last word of its sentence."""
    inside = [each for each, number in enumerate(said.sentence) if number == said.sentence[at]]
    return said.text.spans[inside[0]][0], said.text.spans[inside[-1]][1]
