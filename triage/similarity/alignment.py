"""Two lists of words side by side: what stands in both, and the gaps between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz.distance import Indel

MOVED_FROM = 3  # words: a shorter run found elsewhere may be a "not" or a number that changed its clause
STRAY_FROM = 3  # words between a last word and the rest, for it to be equal by chance


class Gap(NamedTuple):
    """Words a0 to a1 of one list stand where words b0 to b1 of the other do; either side may be empty."""

    a0: int
    a1: int
    b0: int
    b1: int


class Block(NamedTuple):
    """`size` equal words, from `a` on in one list and from `b` on in the other."""

    a: int
    b: int
    size: int


def blocks(a: Sequence[str], b: Sequence[str]) -> list[Block]:
    """The equal runs of a longest common subsequence (Indel alignment), in order.

    Where two alignments are as long, the one that leaves a gap at an end rather than inside is taken.
    """
    found = [
        Block(code.src_start, code.dest_start, code.src_end - code.src_start)
        for code in Indel.opcodes(a, b)
        if code.tag == "equal"
    ]
    return _slid_to_end(a, b, _slid_to_start(a, b, found))


def gaps(found: Sequence[Block], a_size: int, b_size: int) -> list[Gap]:
    """What lies before, between and after the blocks, empty gaps left out."""
    edges = [Block(0, 0, 0), *found, Block(a_size, b_size, 0)]
    every = (Gap(one.a + one.size, other.a, one.b + one.size, other.b) for one, other in pairwise(edges))
    return [gap for gap in every if gap.a0 < gap.a1 or gap.b0 < gap.b1]


def moved(a: Sequence[str], b: Sequence[str], between: Sequence[Gap]) -> list[Block]:
    """Runs of three words or more that stand in a gap of `a` and in another of `b`: what somebody moved.

    Longest first found, each word used once.
    """
    in_b = {tuple(b[at : at + MOVED_FROM]): at for at in _run_starts((gap.b0, gap.b1) for gap in between)}
    if not in_b:
        return []
    free_b = {at for gap in between for at in range(gap.b0, gap.b1)}
    found = []
    for start, end in ((gap.a0, gap.a1) for gap in between):
        at = start
        while at + MOVED_FROM <= end:
            to = in_b.get(tuple(a[at : at + MOVED_FROM]))
            size = 0 if to is None else _common(a[at:end], b[to:], range(to, len(b)), free_b)
            if to is not None and size >= MOVED_FROM:
                found.append(Block(at, to, size))
                free_b -= set(range(to, to + size))
            at += max(size if size >= MOVED_FROM else 1, 1)
    return found


def without_stray_end(found: list[Block], a: Sequence[str], b: Sequence[str]) -> list[Block]:
    """Without a last word that is equal by chance, far from the rest: what a cut left of a longer word is one often."""
    if len(found) < 2 or found[-1].size != 1:
        return found
    before, last = found[-2:]
    a_gap, b_gap = last.a - before.a - before.size, last.b - before.b - before.size
    ends_a, ends_b = last.a == len(a) - 1, last.b == len(b) - 1
    torn = (ends_a and a_gap == 0 and b_gap >= STRAY_FROM) or (ends_b and b_gap == 0 and a_gap >= STRAY_FROM)
    return found[:-1] if torn else found


def _common(a: Sequence[str], b: Sequence[str], places: range, free: set[int]) -> int:
    size = 0
    for one, other, place in zip(a, b, places, strict=False):
        if one != other or place not in free:
            break
        size += 1
    return size


def _run_starts(stretches: Iterator[tuple[int, int]]) -> Iterator[int]:
    for start, end in stretches:
        yield from range(start, end - MOVED_FROM + 1)


def _slid_to_start(a: Sequence[str], b: Sequence[str], found: list[Block]) -> list[Block]:
    """A first block that starts one list and is torn from the second by words of the other only: next to it instead."""
    if len(found) < 2:
        return found
    first, second = found[:2]
    if first.a == 0 and first.size == second.a and _same(a, 0, b, second.b - first.size, first.size):
        return [Block(0, second.b - first.size, first.size + second.size), *found[2:]]
    if first.b == 0 and first.size == second.b and _same(a, second.a - first.size, b, 0, first.size):
        return [Block(second.a - first.size, 0, first.size + second.size), *found[2:]]
    return found


def _slid_to_end(a: Sequence[str], b: Sequence[str], found: list[Block]) -> list[Block]:
    if len(found) < 2:
        return found
    before, last = found[-2:]
    ends_a, ends_b = before.a + before.size, before.b + before.size
    torn_a = last.a == ends_a and last.a + last.size == len(a)
    torn_b = last.b == ends_b and last.b + last.size == len(b)
    if (torn_a or torn_b) and _same(a, ends_a, b, ends_b, last.size):
        return [*found[:-2], Block(before.a, before.b, before.size + last.size)]
    return found


def _same(a: Sequence[str], at_a: int, b: Sequence[str], at_b: int, size: int) -> bool:
    return at_a >= 0 and at_b >= 0 and list(a[at_a : at_a + size]) == list(b[at_b : at_b + size])
