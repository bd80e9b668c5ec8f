"""What decides, beside the texts, whether the same message is a copy or a question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, cast

from sqlalchemy import Table, bindparam, literal_column, select

from channels import registry
from triage.effects import Between
from triage.gazetteer import folding
from triage.models import Contact, Mention, TextKey
from triage.queries import places
from triage.similarity.preparing import Prepared
from triage.statements import execute

KNOWN, NAMES, KEYS = (cast(Table, model.__table__).c for model in (Contact, Mention, TextKey))
TRAINED = select(KNOWN.id).where(KNOWN.id.in_(bindparam("people", expanding=True)),
                                 KNOWN.observer_since.is_not(None)).limit(literal_column("1"))
NAMED = select(KEYS.report_id, NAMES.place_id, NAMES.code, NAMES.said).where(
    KEYS.report_id.in_(bindparam("numbers", expanding=True)), NAMES.message_id == KEYS.message_id)


class Said(Protocol):
    """What is known of a report beside its text."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def contact_id(self) -> int | None:
        """Who said it."""

    @property
    def place_id(self) -> int | None:
        """About which place."""

    @property
    def channel(self) -> str:
        """By which way."""


def between(one: Said, other: Said, texts: tuple[Prepared, Prepared], *, lineage: bool) -> Between:
    """What is known of two reports with these texts; `lineage`: one says itself that it repeats the other.

    Of one person, or where one repeats the other, nothing is looked up: it would not decide.
    """
    shorter = min(texts, key=lambda text: len(text.words))
    same = one.contact_id is not None and one.contact_id == other.contact_id
    strangers = not (same or lineage)
    return Between(
        same_contact=same, lineage=lineage,
        public=all(registry.capabilities_of_channel(said.channel).is_public for said in (one, other)),
        places_differ=strangers and (_name_others(*texts) or _apart(one, other)),
        observer=strangers and _trained([one.contact_id, other.contact_id]),
        words=len(shorter.words), content=shorter.content,
    )


def _trained(people: Sequence[int | None]) -> bool:
    """Whether one of them is a registered observer."""
    known = [number for number in people if number is not None]
    return bool(known) and execute(TRAINED, {"people": known}).first() is not None


def _name_others(one: Prepared, other: Prepared) -> bool:
    """Whether each text has the number of a station that the other does not have; what it is called may differ."""
    ours, theirs = ({code.text.rpartition(" ")[2] for code in text.codes} for text in (one, other))
    return _each_alone(ours, theirs)


def _each_alone(ours: Collection[object], theirs: Collection[object]) -> bool:
    return bool(set(ours) - set(theirs)) and bool(set(theirs) - set(ours))


def _apart(one: Said, other: Said) -> bool:
    """Whether each is about a place, or names one, or a code of none that is known, which is none of the other's.

    Of places that lie in each other only the innermost counts; one that lies in a place of the other, or around it,
    is no other place.
    """
    named, codes = _named((one.id, other.id))
    ours, theirs = (named[said.id] | ({said.place_id} if said.place_id is not None else set()) for said in (one, other))
    if _each_alone(codes[one.id], codes[other.id]):
        return True
    if not _each_alone(ours, theirs):
        return False
    above = places.above(ours | theirs)
    inner, outer = _innermost(ours, above), _innermost(theirs, above)
    return _has_one_apart(inner, outer, above) and _has_one_apart(outer, inner, above)


def _named(numbers: Sequence[int]) -> tuple[Mapping[int, set[int]], Mapping[int, set[str]]]:
    """By report: the places that the text it is compared by names, and the codes in it that nobody knows."""
    known: dict[int, set[int]] = defaultdict(set)
    unknown: dict[int, set[str]] = defaultdict(set)
    for row in execute(NAMED, {"numbers": numbers}):
        if row.place_id is not None:
            known[row.report_id].add(row.place_id)
        elif row.code:
            unknown[row.report_id].add(folding.key(row.said))
    return known, unknown


def _innermost(found: set[int], above: Mapping[int, Sequence[int]]) -> set[int]:
    return found - {outer for one in found for outer in above[one]}


def _has_one_apart(ours: set[int], theirs: set[int], above: Mapping[int, Sequence[int]]) -> bool:
    return any(all(one != other and one not in above[other] and other not in above[one] for other in theirs)
               for one in ours)
