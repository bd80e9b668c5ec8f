"""In what two reports contradict each other, in the reader's language, and the words of each to mark. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext

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
    first, last = max(start, marked[0][0] - MOST_AROUND), min(end, marked[-1][1] + MOST_AROUND)
    if first > start:
        yield "… ", False
    for begins, ends in marked:
        yield text[first:begins], False
        yield text[begins:ends], True
        first = ends
    yield text[first:last] + (" …" if last < end else ""), False
