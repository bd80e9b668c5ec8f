"""Why a verdict fell as it did, as data: the desk makes the sentence, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from triage.similarity import languages
from triage.similarity.differences import FACTS, Kind, counts
from triage.similarity.preparing import Prepared
from triage.similarity.verdicts import Difference, Span, Verdict

MOST = 3  # reasons a person reads at a glance


@dataclass(frozen=True, slots=True)
class Explanation:
    """One difference: what it is, and the words of each text as they were written, frames and all left out.

    `numbers` with "12" and "21" is said as "not linked: numbers differ, 12 and 21"; `typo` with "an" and "any" as
    "same text, 1 word differs (an → any)"; `negation` with "not" and "" as "'not' only in one".
    """

    kind: Kind
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters `start` to `end` of an original text to mark, and as what."""

    start: int
    end: int
    kind: Kind


def explained(verdict: Verdict, a: Prepared, b: Prepared) -> tuple[Explanation, ...]:
    """At most 3 differences of `verdict(a, b)`, facts first; none when the texts are equal or have nothing in common.

    Of a difference in numbers only the numbers are told, of a negation only the negation.
    """
    first_facts = sorted(verdict.differences, key=lambda each: each.kind not in FACTS)
    lookup = languages.lookup(a.spoken.joined(b.spoken))
    return tuple(_told(each, a, b, _decisive(each, lookup)) for each in first_facts[:MOST])


def written(verdict: Verdict, a: Prepared, b: Prepared) -> tuple[Explanation, ...]:
    """Every difference of `verdict(a, b)` with all its words, in the order of `a`."""
    return tuple(_told(each, a, b, lambda word: True) for each in verdict.differences)


def marks(verdict: Verdict, *, first: bool) -> tuple[Mark, ...]:
    """What to mark in the original of the first text of the verdict, or of the second; in order, inside the text."""
    found = [
        Mark(start, end, each.kind)
        for each in verdict.differences
        for start, end in (each.a_spans if first else each.b_spans)
    ]
    return tuple(sorted(found, key=lambda mark: (mark.start, mark.end)))


def _told(each: Difference, a: Prepared, b: Prepared, tells: Callable[[str], bool]) -> Explanation:
    ours = _written(a.text, each.a, each.a_spans, tells)
    return Explanation(each.kind, ours, _written(b.text, each.b, each.b_spans, tells))


def _decisive(each: Difference, lookup: languages.Lookup) -> Callable[[str], bool]:
    """Which words of a difference to tell; all of them, where none is the one that decided."""
    if each.kind in (Kind.NUMBERS, Kind.NUMBER):
        return lambda word: counts(word, lookup)
    if each.kind is Kind.NEGATION and any(word in lookup.words.negations for word in (*each.a, *each.b)):
        return lambda word: word in lookup.words.negations
    return lambda word: True


def _written(text: str, words: tuple[str, ...], spans: tuple[Span, ...], tells: Callable[[str], bool]) -> str:
    return " ".join(text[start:end] for word, (start, end) in zip(words, spans, strict=True) if tells(word))
