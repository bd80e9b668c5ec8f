"""What follows from "these two texts are the same message": it depends on who said them. Pure.

Source: docs/matching.md, the table "What a verdict does".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LONG_WORDS, LONG_CONTENT = 8, 5  # from here on two people do not happen to write the same


class Effect(StrEnum):
    """What is done with the later of two reports."""

    COPY = "copy"  # it travels with the earlier one
    SUGGEST = "suggest"  # a person is asked


@dataclass(frozen=True)
class Between:
    """What is known of two reports beside their texts, which are the same."""

    same_contact: bool
    lineage: bool  # one says itself that it repeats the other
    public: bool  # both are posts that anybody can read
    places_differ: bool  # both have a known place, and neither lies in the other
    observer: bool  # either is of somebody who was trained to report, and words it as they all do
    words: int  # of the shorter text
    content: int  # its words that carry meaning


class Because(StrEnum):
    """What decided. The first group makes a copy, any of the second a question."""

    SAME_PERSON = "same_person"
    LINEAGE = "lineage"
    PUBLIC = "public"
    LONG = "long"  # two people do not happen to write so much alike

    PLACES = "places"
    OBSERVER = "observer"
    SHORT = "short"


COPIES = frozenset({Because.SAME_PERSON, Because.LINEAGE, Because.PUBLIC, Because.LONG})


def effect(between: Between) -> Effect:
    """A copy, or a question to a person."""
    return Effect.COPY if because(between) in COPIES else Effect.SUGGEST


def because(between: Between) -> Because:
    """Why it is the one or the other: the first line of the table that applies."""
    lines = (
        (between.same_contact, Because.SAME_PERSON), (between.lineage, Because.LINEAGE),
        (between.places_differ, Because.PLACES), (between.observer, Because.OBSERVER),
        (between.public, Because.PUBLIC),
        (between.words >= LONG_WORDS and between.content >= LONG_CONTENT, Because.LONG),
    )
    return next((why for applies, why in lines if applies), Because.SHORT)
