"""Words of a text that differ from another's, to be marked: seen, and heard by who does not see them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask_babel import gettext

from triage.similarity.differences import FACTS, Kind
from triage.similarity.explaining import Mark

ALONE = frozenset({Kind.ADDED, Kind.CUT, Kind.LOST, Kind.EXTRA, Kind.NUMBER, Kind.NEGATION})


@dataclass(frozen=True)
class Piece:
    """A stretch of a text; `kind` says as what it is marked, None: it is in the other text too."""

    text: str
    kind: Kind | None = None

    @property
    def is_fact(self) -> bool:
        """Whether it makes another message of the text."""
        return self.kind in FACTS

    @property
    def is_alone(self) -> bool:
        """Whether the other text has nothing in its place."""
        return self.kind in ALONE

    @property
    def heard(self) -> str:
        """What stands before it for who does not see the mark."""
        return _heard().get(self.kind, "") if self.kind else ""


def pieces(text: str, marks: Sequence[Mark]) -> Iterator[Piece]:
    """`text` in order, whole: what is marked, and what stands between. Neighbours of one kind are one piece."""
    at = 0
    for mark in joined(text, marks):
        if mark.start > at:
            yield Piece(text[at:mark.start])
        yield Piece(text[mark.start:mark.end], mark.kind)
        at = mark.end
    if at < len(text):
        yield Piece(text[at:])


def joined(text: str, marks: Sequence[Mark]) -> list[Mark]:
    """Marks that follow one another with no word between, as one; none begins before the last has ended."""
    found: list[Mark] = []
    for mark in marks:
        last = found[-1] if found else None
        if last and mark.start < last.end:
            continue
        if last and last.kind is mark.kind and not any(sign.isalnum() for sign in text[last.end:mark.start]):
            found[-1] = Mark(last.start, mark.end, mark.kind)
        else:
            found.append(mark)
    return found


def _heard() -> dict[Kind, str]:
    small = gettext("small difference:")
    alone = gettext("only here:")
    return {
        Kind.NUMBERS: gettext("another number:"), Kind.NUMBER: gettext("a number only here:"),
        Kind.NEGATION: gettext("a denial only here:"), Kind.REPLACED: gettext("other words:"),
        Kind.MOVED: gettext("stands elsewhere in the other:"),
        **dict.fromkeys((Kind.TYPO, Kind.SHORTHAND, Kind.NUMBER_WORD, Kind.JOINED, Kind.SMALL), small),
        **dict.fromkeys((Kind.ADDED, Kind.CUT, Kind.LOST, Kind.EXTRA), alone),
    }
