"""Two reports beside each other: plain frozen shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triage.effects import Because, Between
from triage.queries.place_shapes import PlaceView
from triage.queries.shapes import Row
from triage.similarity.explaining import Explanation, Mark
from triage.similarity.incidents import Likeness
from triage.similarity.verdicts import Verdict


@dataclass(frozen=True)
class Side:
    """One of two reports: the message that is compared of it, with what to mark in that."""

    row: Row
    text: str
    marks: Sequence[Mark]
    place: PlaceView | None
    empty: bool  # it says too little to be known by its text
    primary: int  # the report that stands for it: itself, where it is no copy
    more: int = 0  # further messages of the person, which are not compared


@dataclass(frozen=True)
class Standing:
    """How the two stand to each other, and what the reader may do about it."""

    together: bool  # they are one matter
    said: str = ""  # linked | rejected | undone: what was said of them last
    by: str | None = None  # public name of who said so; None: the desk by itself
    question: int | None = None  # the number of what people are asked
    may_confirm: bool = False
    may_reject: bool = False
    link: tuple[int, int] | None = None  # the copy and the primary, where the reader may make it so
    take_out: Sequence[int] = ()  # copies that the reader may say to be none
    then: Mapping[str, Any] | None = None  # why, as older rules than today's judged it; `a` are the later one's words
    instead: tuple[int, int] | None = None  # what stands for the two, where one is a copy: those are linked or not


@dataclass(frozen=True)
class Compared:
    """Two reports, the earlier first, judged anew by their texts; `told` are at most three differences, facts first."""

    first: Side
    second: Side
    verdict: Verdict
    told: Sequence[Explanation]
    differences: Sequence[Explanation]  # all of them, in the words of the texts
    between: Between
    because: Because
    likeness: Likeness
    same_person: bool | None  # None: of one of them nobody is known
    standing: Standing
