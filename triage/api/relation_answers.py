"""What programs are given of what belongs to a report, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from triage.api.answer import Answer
from triage.queries import relation_shapes
from triage.web import whys


class Difference(Answer):
    """Words of this report (`a`) where the other has others (`b`), or none."""

    kind: str
    a: Sequence[str]
    b: Sequence[str]


class Why(Answer):
    """Why two reports are taken for the same, or may be."""

    said: str = Field(description="For people, in the language that was asked for; may be empty.")
    reason: str = Field(description="exact, alike, lineage (a post repeats that post itself), person, or likeness")
    differences: Sequence[Difference] = Field(description="Of the two texts, where they are alike; at most six.")
    grounds: Sequence[str] = Field(description="Of a likeness: code, place, inside, text, time; other_… speak against.")
    apart: int | None = Field(description="Seconds between the two, of a likeness.")


class Linked(Answer):
    """A report that goes with this one, or with which this one goes."""

    report: int
    why: Why
    by: str | None = Field(description="Public name of who said so; null: the desk by itself.")


class Suggestion(Answer):
    """Another report that may be the same: a person decides, by the number of the match."""

    match: int
    kind: str = Field(description="same_message or same_incident")
    report: int
    why: Why
    other_person: bool
    may_confirm: bool
    may_reject: bool


class Related(Answer):
    """What goes with a report, or what it goes with, and at most three that may belong to it."""

    copy_of: Linked | None
    copies: Sequence[Linked]
    suggestions: Sequence[Suggestion]
    may_unlink: bool


def related(found: relation_shapes.Relations) -> Related:
    """What the caller may see of it."""
    return Related(copy_of=_linked(found.copy_of) if found.copy_of is not None else None,
                   copies=[_linked(one) for one in found.copies],
                   suggestions=[_suggestion(one) for one in found.offers], may_unlink=found.may_unlink)


def _linked(one: relation_shapes.Linked) -> Linked:
    return Linked(report=one.row.id, why=_why(one.why, whys.same(one.why)), by=one.by)


def _suggestion(one: relation_shapes.Offer) -> Suggestion:
    return Suggestion(match=one.match, kind=one.kind, report=one.row.id, why=_why(one.why, whys.of_offer(one)),
                      other_person=one.other_person, may_confirm=one.may_confirm, may_reject=one.may_reject)


def _why(kept: Mapping[str, Any], said: str) -> Why:
    return Why(said=said, reason=kept.get("reason", "person"), grounds=kept.get("grounds", ()),
               differences=[Difference(**one) for one in kept.get("differences", ())], apart=kept.get("apart"))
