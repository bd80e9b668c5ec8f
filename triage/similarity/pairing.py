"""Inside a gap: which words of one side are words of the other in another spelling, and what is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from triage.similarity.alignment import Gap
from triage.similarity.languages import Lookup
from triage.similarity.sameness import Spelling, alike, runs_alike

LARGEST = 64  # pairs of words: beyond it the two sides are different text, and looking further costs time for nothing
LONGEST_RUN = 4  # words that may have been written as one


class Piece(NamedTuple):
    """Part of a gap: the same in another `spelling`, or None where words of either or both sides are left over."""

    gap: Gap
    spelling: Spelling | None


class Step(NamedTuple):
    """The best way on from a pair of places: how many words it accounts for, and what comes first."""

    gained: int
    gap: Gap
    spelling: Spelling | None


def pieces(a: Sequence[str], b: Sequence[str], gap: Gap, lookup: Lookup) -> list[Piece]:
    """`gap` taken apart, in order, so that as many words as can be are accounted for by another spelling."""
    sides = (gap.a1 - gap.a0) * (gap.b1 - gap.b0)
    if sides == 1:
        return [Piece(gap, alike(a[gap.a0], b[gap.b0], lookup))]
    if not 0 < sides <= LARGEST:
        return [Piece(gap, None)]
    return _merged(_walk(_table(a, b, gap, lookup), gap))


def _table(a: Sequence[str], b: Sequence[str], gap: Gap, lookup: Lookup) -> dict[tuple[int, int], Step]:
    best: dict[tuple[int, int], Step] = {}
    for i in range(gap.a1, gap.a0 - 1, -1):
        for j in range(gap.b1, gap.b0 - 1, -1):
            if i < gap.a1 or j < gap.b1:
                best[i, j] = max(_steps(a, b, gap, i, j, best, lookup), key=lambda step: step.gained)
    return best


def _steps(
    a: Sequence[str], b: Sequence[str], gap: Gap, i: int, j: int, best: dict[tuple[int, int], Step], lookup: Lookup
) -> Iterator[Step]:
    """What can come next at (i, j): two words or runs alike, or a word of either side left over."""
    for m, n in _shapes(gap.a1 - i, gap.b1 - j):
        spelling = alike(a[i], b[j], lookup) if m == n == 1 else runs_alike(a[i : i + m], b[j : j + n], lookup)
        if spelling:
            yield Step(m + n + _gained(best, i + m, j + n), Gap(i, i + m, j, j + n), spelling)
    if i < gap.a1:
        yield Step(_gained(best, i + 1, j), Gap(i, i + 1, j, j), None)
    if j < gap.b1:
        yield Step(_gained(best, i, j + 1), Gap(i, i, j, j + 1), None)


def _gained(best: dict[tuple[int, int], Step], i: int, j: int) -> int:
    return best[i, j].gained if (i, j) in best else 0


def _shapes(a_left: int, b_left: int) -> Iterator[tuple[int, int]]:
    if a_left and b_left:
        yield 1, 1
        yield from ((size, 1) for size in range(2, min(LONGEST_RUN, a_left) + 1))
        yield from ((1, size) for size in range(2, min(LONGEST_RUN, b_left) + 1))


def _walk(best: dict[tuple[int, int], Step], gap: Gap) -> Iterator[Piece]:
    i, j = gap.a0, gap.b0
    while (i, j) in best:
        step = best[i, j]
        yield Piece(step.gap, step.spelling)
        i, j = step.gap.a1, step.gap.b1


def _merged(found: Iterator[Piece]) -> list[Piece]:
    """Left-over words that stand together as one piece."""
    merged: list[Piece] = []
    for piece in found:
        if merged and merged[-1].spelling is None and piece.spelling is None:
            before, here = merged[-1].gap, piece.gap
            merged[-1] = Piece(Gap(before.a0, here.a1, before.b0, here.b1), None)
        else:
            merged.append(piece)
    return merged
