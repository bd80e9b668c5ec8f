"""What decides, beside the texts, whether the same message is a copy or a question."""

from __future__ import annotations

from typing import Protocol

from channels import registry
from triage.effects import Between
from triage.queries import places
from triage.similarity.preparing import Prepared


class Said(Protocol):
    """What is known of a report beside its text."""

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
    """What is known of two reports with these texts; `lineage`: one says itself that it repeats the other."""
    shorter = min(texts, key=lambda text: len(text.words))
    return Between(
        same_contact=one.contact_id is not None and one.contact_id == other.contact_id, lineage=lineage,
        public=all(registry.capabilities_of_channel(said.channel).is_public for said in (one, other)),
        places_differ=_apart(one.place_id, other.place_id),
        observer=False, words=len(shorter.words), content=shorter.content,
    )


def _apart(one: int | None, other: int | None) -> bool:
    """Whether both places are known and neither lies in the other."""
    if one is None or other is None or one == other:
        return False
    above = places.above({one, other})
    return one not in above[other] and other not in above[one]
