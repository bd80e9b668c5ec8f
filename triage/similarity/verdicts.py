"""Same message or not, with what decided it.

The verdict knows two texts and nothing else. What follows from it depends on who said them: see the table in
`docs/matching.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from triage.similarity import differences, languages
from triage.similarity.alignment import Block, Gap, blocks, gaps, moved, without_stray_end
from triage.similarity.differences import FACTS, Edge, Kind, Left, kind_of
from triage.similarity.pairing import LONGEST_RUN, pieces
from triage.similarity.preparing import Prepared
from triage.similarity.words import content_words, is_number

RULES_VERSION = 2  # raised whenever a rule, a threshold or a list changes a verdict; stored with every link

COVERED = 0.82  # of the shorter text; matching.md, section 1, step 4
RESPELLED_MOST = 0.6  # of the shorter text: where more than this is not equal, nobody merely spelled it anew
SHORT_LOST = 4  # short words, small ones not counted; same source
# Shared words for each further one that may differ: small words lost, small words exchanged, words of content
# inside one text only, slips. A copy differs here and there; a text that differs everywhere was written anew.
SMALL_LOST_PER, SMALL_CHANGED_PER, EXTRA_PER, SLIPS_PER = 4, 10, 8, 3
FEW_SLIPS = 3
# Fewer shared words, or fewer of content, inside a text that says twice as much: a phrase many may use. Between the
# least a message must say (4 and 3) and what matching.md calls a long text (8 and 5).
WHOLE_WORDS, WHOLE_CONTENT, MUCH_MORE = 6, 5, 2
RESPELLED = frozenset({Kind.TYPO, Kind.SHORTHAND, Kind.NUMBER_WORD, Kind.JOINED, Kind.SMALL})
FEW_AT_CUT = 2  # words
ONE_SIDED = frozenset({Kind.ADDED, Kind.CUT, Kind.LOST, Kind.EXTRA})
Span = tuple[int, int]


class Reason(StrEnum):
    """What decided."""

    EXACT = "exact"  # the same words in the same order
    ALIKE = "alike"  # only harmless differences
    EMPTY = "empty"  # too little said to be known by its text
    FACT = "fact"  # a number, a negation, a word that changes what is said
    APART = "apart"  # too little in common
    LOOSE = "loose"  # no other fact, but too many small differences


@dataclass(frozen=True, slots=True)
class Difference:
    """Words of `a` where `b` has others or none, as they are spelled there, with their spans in each original."""

    kind: Kind
    a: tuple[str, ...]
    b: tuple[str, ...]
    a_spans: tuple[Span, ...]
    b_spans: tuple[Span, ...]

    def mirrored(self) -> Difference:
        """The same seen from the other text."""
        return Difference(self.kind, self.b, self.a, self.b_spans, self.a_spans)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether two texts are one message, why, and every difference; `covered` is the share (0 to 1) of the shorter."""

    same: bool
    reason: Reason
    covered: float
    differences: tuple[Difference, ...] = ()
    version: int = RULES_VERSION

    @property
    def facts(self) -> tuple[Difference, ...]:
        """The differences that make the two texts different messages."""
        return tuple(each for each in self.differences if each.kind in FACTS)

    def mirrored(self) -> Verdict:
        """The same seen from the other text."""
        seen = tuple(each.mirrored() for each in self.differences)
        return Verdict(self.same, self.reason, self.covered, seen, self.version)


def verdict(a: Prepared, b: Prepared) -> Verdict:
    """Whether `a` and `b` are the same message. `verdict(a, b) == verdict(b, a).mirrored()`, always; never raises.

    Same message: neither text empty of content, at least .82 of the shorter covered by the other, no difference of
    fact and few small ones. Source: matching.md, section 1, steps 2 and 4.
    """
    if _order(b) < _order(a):
        return _decided(b, a).mirrored()
    return _decided(a, b)


def same(a: Prepared, b: Prepared) -> Verdict | None:
    """The verdict on `a` and `b` where they are the same message, else None: stops at the first fact."""
    first, second = (b, a) if _order(b) < _order(a) else (a, b)
    found = _decided(first, second, brief=True)
    if not found.same:
        return None
    return found if first is a else found.mirrored()


def common(a: Prepared, b: Prepared) -> int:
    """How many words of the one with fewer of them stand in the other as well. Symmetric."""
    first, second = (b, a) if _order(b) < _order(a) else (a, b)
    return sum(word in second.vocabulary for word in first.words)


def _order(prepared: Prepared) -> tuple[int, tuple[str, ...], str]:
    """Which of two texts is laid down first: alignments of equal length are many, and one must be chosen for both."""
    return len(prepared.words), prepared.words, prepared.text


def _decided(a: Prepared, b: Prepared, *, brief: bool = False) -> Verdict:
    """`brief`: where a difference is one of fact the others are not told."""
    if a.is_empty or b.is_empty:
        return Verdict(False, Reason.EMPTY, float(a.words == b.words))
    if a.words == b.words:
        return Verdict(True, Reason.EXACT, 1.0)
    shared = sum(word in b.vocabulary for word in a.words)
    if shared < (1 - RESPELLED_MOST) * len(a.words):  # as below, without laying them side by side
        return Verdict(False, Reason.APART, shared / len(a.words))
    equal, between, displaced = _laid_side_by_side(a, b)
    if equal < (1 - RESPELLED_MOST) * len(a.words) or _most_covered(equal, between) < COVERED * len(a.words):
        return Verdict(False, Reason.APART, equal / len(a.words))
    if brief and _has_fact(a, b, list(_remaining(between, displaced))):
        return Verdict(False, Reason.FACT, equal / len(a.words))
    found = tuple(_differences(a, b, between, displaced))
    shared = equal + sum(len(each.a) for each in found if each.kind in RESPELLED)
    return _judged(a, b, shared, found)


def _judged(a: Prepared, b: Prepared, shared: int, found: tuple[Difference, ...]) -> Verdict:
    covered = min(1.0, shared / len(a.words))
    if any(each.kind in FACTS for each in found):
        return Verdict(False, Reason.FACT, covered, found)
    if covered < COVERED:
        return Verdict(False, Reason.APART, covered, found)
    close = not _is_phrase(a, b, found) and _is_close(found, shared, a, b)
    return Verdict(close, Reason.ALIKE if close else Reason.LOOSE, covered, found)


def _laid_side_by_side(a: Prepared, b: Prepared) -> tuple[int, list[Gap], list[Block]]:
    """How many words are equal, the gaps between them, and what was moved from one gap to another."""
    equal = blocks(a.words, b.words)
    if a.cut or b.cut:
        equal = without_stray_end(equal, a.words, b.words)
    between = gaps(equal, len(a.words), len(b.words))
    displaced = moved(a.words, b.words, between)
    return sum(block.size for block in (*equal, *displaced)), between, displaced


def _most_covered(equal: int, between: list[Gap]) -> int:
    """How many words could be covered if every gap with words on both sides were only another spelling."""
    return equal + sum(min(gap.a1 - gap.a0, LONGEST_RUN * (gap.b1 - gap.b0)) for gap in between)


def _differences(a: Prepared, b: Prepared, between: list[Gap], displaced: list[Block]) -> Iterator[Difference]:
    lookup = languages.lookup(a.spoken.joined(b.spoken))
    yield from (_difference(Kind.MOVED, a, b, _of_block(block)) for block in displaced)
    for gap in _remaining(between, displaced):
        yield from _differences_in(a, b, gap, lookup)


def _has_fact(a: Prepared, b: Prepared, left: Sequence[Gap]) -> bool:
    """Whether any difference is one of fact; the smallest gaps are looked at first, as they take least."""
    lookup = languages.lookup(a.spoken.joined(b.spoken))
    if any(_has_other_number(a, b, gap, lookup) for gap in left):
        return True
    by_size = sorted(left, key=lambda gap: (gap.a1 - gap.a0 + 1) * (gap.b1 - gap.b0 + 1))
    return any(each.kind in FACTS for gap in by_size for each in _differences_in(a, b, gap, lookup))


def _has_other_number(a: Prepared, b: Prepared, gap: Gap, lookup: languages.Lookup) -> bool:
    """Whether digits stand in a gap inside that nothing on its other side can say: a fact, however the rest is paired.

    Where a number word or a shorthand stands among them it may say them.
    """
    if differences.place(gap, (len(a.words), len(b.words))) is not Edge.INSIDE:
        return False
    sides = a.words[gap.a0 : gap.a1], b.words[gap.b0 : gap.b1]
    ours, theirs = ({word for word in side if is_number(word)} for side in sides)
    return ours != theirs and not any(word in lookup.number_of or word in lookup.meanings
                                      for side in sides for word in side)


def _differences_in(a: Prepared, b: Prepared, gap: Gap, lookup: languages.Lookup) -> Iterator[Difference]:
    parts = pieces(a.words, b.words, gap, lookup)
    edge = differences.place(gap, (len(a.words), len(b.words)))
    for at, (part, spelling) in enumerate(parts):
        if spelling:
            yield _difference(Kind(spelling), a, b, part)
            continue
        outermost = (edge is Edge.START and at == 0) or (edge is Edge.END and at == len(parts) - 1)
        words = a.words[part.a0 : part.a1], b.words[part.b0 : part.b1]
        left = Left(*words, edge if outermost else Edge.INSIDE, _is_cut(a, b, words))
        yield _difference(kind_of(left, lookup), a, b, part)


def _is_cut(a: Prepared, b: Prepared, left: tuple[Sequence[str], Sequence[str]]) -> bool:
    """Whether the text with fewer words left over ends in an ellipsis, and the other does not.

    Where both do, and one has only a word or two more than the other, one of them may be a "not" somebody left out.
    """
    if a.cut and b.cut:
        return bool(left[0] and left[1]) or max(map(len, left)) > FEW_AT_CUT
    if len(left[0]) == len(left[1]):
        return a.cut or b.cut
    return a.cut if len(left[0]) < len(left[1]) else b.cut


def _remaining(between: Sequence[Gap], displaced: Sequence[Block]) -> Iterator[Gap]:
    """The gaps without the words that were only moved."""
    gone_a = {at for block in displaced for at in range(block.a, block.a + block.size)}
    gone_b = {at for block in displaced for at in range(block.b, block.b + block.size)}
    for gap in between:
        if not displaced:
            yield gap
            continue
        a_runs = _runs(gap.a0, gap.a1, gone_a)
        b_runs = _runs(gap.b0, gap.b1, gone_b)
        size = max(len(a_runs), len(b_runs))
        a_runs += [(gap.a1, gap.a1)] * (size - len(a_runs))
        b_runs += [(gap.b1, gap.b1)] * (size - len(b_runs))
        yield from (Gap(*one, *other) for one, other in zip(a_runs, b_runs, strict=True))


def _runs(start: int, end: int, gone: set[int]) -> list[Span]:
    """The stretches of `start` to `end` without what is gone."""
    runs: list[Span] = []
    for at in (at for at in range(start, end) if at not in gone):
        if runs and runs[-1][1] == at:
            runs[-1] = (runs[-1][0], at + 1)
        else:
            runs.append((at, at + 1))
    return runs


def _is_phrase(a: Prepared, b: Prepared, found: Sequence[Difference]) -> bool:
    """Whether what is shared is a few words that may stand in many a longer text; a cut text is short by itself."""
    alone = [word for each in found if each.kind in ONE_SIDED for word in each.a]
    content = a.content - content_words(alone, languages.lookup(a.spoken))
    few = len(a.words) - len(alone) < WHOLE_WORDS or content < WHOLE_CONTENT
    return few and not a.cut and b.content > MUCH_MORE * content


def _is_close(found: Sequence[Difference], shared: int, a: Prepared, b: Prepared) -> bool:
    lookup = languages.lookup(a.spoken.joined(b.spoken))
    lost = [word for each in found if each.kind in (Kind.LOST, Kind.EXTRA) for word in (*each.a, *each.b)]
    small = sum(word in lookup.words.weak for word in lost)
    short = sum(differences.is_short(word, lookup) for word in lost) - small
    changed = sum(each.kind is Kind.SMALL for each in found)
    slips = sum(each.kind is Kind.TYPO for each in found)
    known = bool(a.spoken.likely | b.spoken.likely)  # else any lost word may be its "not"
    return (
        short <= (SHORT_LOST if known else 0)
        and small <= max(SHORT_LOST, shared / SMALL_LOST_PER)
        and len(lost) - small - short <= shared / EXTRA_PER
        and changed <= 1 + shared / SMALL_CHANGED_PER
        and slips <= max(FEW_SLIPS, shared / SLIPS_PER)
    )


def _of_block(block: Block) -> Gap:
    return Gap(block.a, block.a + block.size, block.b, block.b + block.size)


def _difference(kind: Kind, a: Prepared, b: Prepared, at: Gap) -> Difference:
    return Difference(
        kind,
        a.words[at.a0 : at.a1],
        b.words[at.b0 : at.b1],
        a.spans[at.a0 : at.a1],
        b.spans[at.b0 : at.b1],
    )
