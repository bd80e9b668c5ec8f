"""What each difference between two texts amounts to: nothing, or another fact."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from triage.similarity.alignment import Gap
from triage.similarity.languages import Lookup
from triage.similarity.sameness import negates
from triage.similarity.words import SHORT, is_number, is_sign

NEAR = 2  # words: a negation added this close to the shared text denies it


class Kind(StrEnum):
    """What a difference is. The first group is harmless; any of the second makes two texts different messages."""

    TYPO = "typo"
    SHORTHAND = "shorthand"
    NUMBER_WORD = "number_word"  # "two" and "2"
    JOINED = "joined"  # "up till" and "uptill"
    MOVED = "moved"  # the same words in another place
    SMALL = "small"  # one small word for another
    LOST = "lost"  # short words in one text only
    CUT = "cut"  # one text ends where the other goes on
    ADDED = "added"  # words before or after, in one text only
    EXTRA = "extra"  # words of content inside one text only: harmless when few

    NUMBERS = "numbers"  # other numbers, times or codes
    NUMBER = "number"  # a number inside one text only
    NEGATION = "negation"  # "not" in one text only
    REPLACED = "replaced"  # other words in the same place


FACTS = frozenset({Kind.NUMBERS, Kind.NUMBER, Kind.NEGATION, Kind.REPLACED})


class Edge(StrEnum):
    """Where a piece lies: before all that is shared, after it, or inside."""

    START = "start"
    INSIDE = "inside"
    END = "end"


class Left(NamedTuple):
    """Words left over in one place, of one text or both; `cut`: whether one of them ends there in an ellipsis."""

    a: tuple[str, ...]
    b: tuple[str, ...]
    edge: Edge
    cut: bool

    @property
    def alone(self) -> tuple[str, ...]:
        """The words, when they stand in one text only."""
        return self.a or self.b


def kind_of(left: Left, lookup: Lookup) -> Kind:
    """What the left-over words amount to. Symmetric in `a` and `b`.

    Source: matching.md, section 1, step 4. Facts are asked first; what is only in one text is harmless at an end
    (a comment, a signature, a cut) unless it denies what is shared.
    """
    if left.a and left.b:
        return _kind_of_both(left, lookup)
    if left.edge is not Edge.INSIDE:
        return _kind_at_edge(left, lookup)
    return _kind_of_lost(left.alone, lookup)


def _kind_of_both(left: Left, lookup: Lookup) -> Kind:
    if left.edge is Edge.END and left.cut and _is_fragment(left.a, left.b):
        return Kind.CUT
    if left.edge is not Edge.INSIDE and (_all_empty(left.a, lookup) or _all_empty(left.b, lookup)):
        return _kind_at_edge(left, lookup)
    ours, theirs = _numbers(left.a, lookup), _numbers(left.b, lookup)
    if ours != theirs:
        return Kind.NUMBERS if ours and theirs else Kind.NUMBER
    if _negations(left.a, lookup) != _negations(left.b, lookup) or _negated(left.a, left.b, lookup):
        return Kind.NEGATION
    small = all(word in lookup.words.weak for word in (*left.a, *left.b))
    return Kind.SMALL if small else Kind.REPLACED


def _kind_at_edge(left: Left, lookup: Lookup) -> Kind:
    near = slice(-NEAR, None) if left.edge is Edge.START else slice(None, NEAR)
    denied = _denials(left.a[near], lookup) != _denials(left.b[near], lookup)
    if left.cut and left.edge is Edge.END:
        return Kind.CUT
    return Kind.NEGATION if denied else Kind.ADDED


def _kind_of_lost(words: Sequence[str], lookup: Lookup) -> Kind:
    if _negations(words, lookup):
        return Kind.NEGATION
    if _numbers(words, lookup):
        return Kind.NUMBER
    return Kind.LOST if all(is_short(word, lookup) for word in words) else Kind.EXTRA


def is_short(word: str, lookup: Lookup) -> bool:
    """Whether `word` may get lost: at most 4 letters, or small in its language; never a character that is a word."""
    return word in lookup.words.weak or (len(word) <= SHORT and not is_sign(word))


def counts(word: str, lookup: Lookup) -> bool:
    """Whether the folded `word` is a number in digits or letters; small words that are also numbers ("one") are not."""
    return is_number(word) or (word in lookup.number_of and word not in lookup.words.weak)


def _numbers(words: Sequence[str], lookup: Lookup) -> list[str]:
    return sorted(lookup.number_of.get(word, word) for word in words if counts(word, lookup))


def _negations(words: Sequence[str], lookup: Lookup) -> int:
    return sum(word in lookup.words.negations for word in words)


def _denials(words: Sequence[str], lookup: Lookup) -> int:
    """Negations that deny what stands beside them; a comment ("ni kweli?") may hold another language's "not"."""
    return sum(word in lookup.words.negations and word not in lookup.words.greetings for word in words)


def _negated(a: Sequence[str], b: Sequence[str], lookup: Lookup) -> bool:
    return len(a) == len(b) and any(negates(one, other, lookup) for one, other in zip(a, b, strict=True))


def _all_empty(words: Sequence[str], lookup: Lookup) -> bool:
    return all(word in lookup.empty for word in words)


def _is_fragment(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether one side is a single word cut short, the beginning of the other side's first."""
    short, long = sorted((a, b), key=lambda words: (len(words), len(words[0])))
    return len(short) == 1 and long[0].startswith(short[0])


def place(gap: Gap, sizes: tuple[int, int]) -> Edge:
    """Where `gap` lies in lists of these `sizes`."""
    if gap.a0 == 0 and gap.b0 == 0:
        return Edge.START
    return Edge.END if (gap.a1, gap.b1) == sizes else Edge.INSIDE
