"""In what two reports contradict each other, in the reader's language, and the words of each to mark. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext

from triage.queries.excerpts import ELLIPSIS, shortened
from triage.queries.incident_shapes import Clash
from triage.similarity.conflicts import Kind, Span

MOST_AROUND = 90  # characters shown before the first and after the last marked word


def sentence(clash: Clash) -> str:
    """In what they contradict."""
    said: dict[Kind, str] = {
        Kind.DENIED: gettext("One denies what the other says"),
        Kind.OPPOSITE: gettext("They say the opposite"),
        Kind.TIMES: gettext("Other times for the same"),
        Kind.NUMBERS: gettext("Other numbers"),
    }
    return said[clash.conflict.kind]


def pieces(clash: Clash, side: str) -> Iterator[tuple[str, bool]]:
    """The sentence of one side ("a" or "b") in pieces, each with whether it is marked; cut short where it is long."""
    text = (clash.a if side == "a" else clash.b).text
    marked: tuple[Span, ...] = getattr(clash.conflict, side)
    start, end = getattr(clash.conflict, f"{side}_around")
    first = _beginning(text, start, marked[0][0])
    if first > start:
        yield f"{ELLIPSIS} ", False
    for begins, ends in marked:
        yield text[first:begins], False
        yield text[begins:ends], True
        first = ends
    yield shortened(text[first:end], MOST_AROUND), False


def _beginning(text: str, start: int, marked: int) -> int:
    """Where a sentence is begun so that the first marked word is soon reached: at a word."""
    near = max(start, marked - MOST_AROUND)
    blanks = (at for at in range(near, marked) if at == start or text[at - 1].isspace())
    return next(blanks, near)
