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


def effect(between: Between) -> Effect:
    """A copy, or a question to a person."""
    if between.same_contact or between.lineage:
        return Effect.COPY
    if between.places_differ or between.observer:
        return Effect.SUGGEST
    if between.public:
        return Effect.COPY
    long = between.words >= LONG_WORDS and between.content >= LONG_CONTENT
    return Effect.COPY if long else Effect.SUGGEST
