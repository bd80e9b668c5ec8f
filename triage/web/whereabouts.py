"""What a report's page says of places: words marked in a text, what unclear ones may mean, what was looked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import request

from triage.queries import places
from triage.queries.place_shapes import MentionView, PlaceView
from triage.queries.shapes import Entry, ReportView
from triage.web import forms

MOST_UNCLEAR, MOST_OF_EACH = 3, 5


@dataclass(frozen=True)
class Whereabouts:
    """`find` are words somebody looked for and `found` what they may mean; `unclear` are words of the text."""

    editable: bool
    find: str
    found: Sequence[PlaceView]
    unclear: Sequence[tuple[MentionView, Sequence[PlaceView]]]


def of(view: ReportView) -> Whereabouts:
    """What is offered to who may say where a report is."""
    editable = view.row.status != "closed" and places.any_known() and (
        view.may_write or (view.may_assign and view.row.status in ("open", "assigned")))
    find = forms.clean(request.args.get("find", ""))[:200] if editable else ""
    unclear = [one for entry in view.entries for one in entry.mentions if one.place is None and not one.code]
    offered = [(one, places.choices(one.said, MOST_OF_EACH)) for one in unclear[:MOST_UNCLEAR]] if editable else []
    return Whereabouts(editable, find, places.choices(find) if find else (), [each for each in offered if each[1]])


def pieces(entry: Entry) -> Iterator[tuple[str, MentionView | None]]:
    """A text in pieces: what names a place, with what it names, and what stands between."""
    at = 0
    for one in entry.mentions:
        if at <= one.start < one.stop <= len(entry.body):
            yield entry.body[at:one.start], None
            yield entry.body[one.start:one.stop], one
            at = one.stop
    yield entry.body[at:], None


@dataclass(frozen=True)
class Narrowed:
    """To which place a list is narrowed; several where the words say it not clearly: then the list shows all."""

    words: str
    found: Sequence[PlaceView]

    @property
    def offered(self) -> bool:
        """Whether the desk has places to choose from."""
        return bool(self.words) or places.any_known()

    @property
    def place(self) -> PlaceView | None:
        """The one place."""
        return self.found[0] if len(self.found) == 1 else None

    @property
    def number(self) -> int | None:
        """Its number."""
        return self.place.id if self.place else None

    @property
    def code(self) -> str | None:
        """What stands in addresses for it."""
        return self.place.code if self.place else None


def narrowed() -> Narrowed:
    """To which place the list that was asked for is narrowed."""
    words = forms.clean(request.args.get("place") or request.form.get("narrowed", ""))[:200]
    return Narrowed(words, places.choices(words) if words else ())
