"""Two reports that were found alike: one line a pair and kind, kept for ever and written anew by whoever decides."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, literal_column, or_, select

from triage import clock
from triage.db import db
from triage.models import Match, Report
from triage.queries.scope import family
from triage.statements import execute, insert_missing, insert_once

ONE_LINE = ("report_id", "other_id", "kind")
REFUSED = ("rejected", "undone")
PAIR = cast(Table, Match.__table__).c
NEVER = select(PAIR.id).where(PAIR.report_id == bindparam("later"), PAIR.other_id == bindparam("earlier"),
                              PAIR.state.in_(REFUSED)).limit(literal_column("1"))


@dataclass(frozen=True)
class Why:
    """How sure it is (0 to 1), by which version of the rules (0: a person), and in words of state why."""

    score: float
    rules: int
    words: dict[str, Any]


A_PERSON = Why(1.0, 0, {"reason": "person"})


def note(report_id: int, other_id: int, kind: str, state: str, why: Why) -> None:
    """Keep what the desk found by itself, unless there is a line already: what a person said stands.

    What was a question so far, and is linked now, is no question any more.
    """
    made = insert_once(Match, ONE_LINE, report_id=max(report_id, other_id), other_id=min(report_id, other_id),
                       kind=kind, state=state, score=why.score, rules=why.rules, why=why.words, found_at=clock.now())
    asked = _found(report_id, other_id) if made is None and (kind, state) == ("same_message", "linked") else None
    if asked is not None and asked.state == "suggested":
        asked.state, asked.score, asked.rules, asked.why = state, why.score, why.rules, why.words


def ask(report_id: int, kind: str, others: Mapping[int, Why]) -> None:
    """Keep what people are to be asked of a report and others, where there is no line of the two already."""
    now = clock.now()
    insert_missing(Match, ONE_LINE, [
        {"report_id": max(report_id, other), "other_id": min(report_id, other), "kind": kind, "state": "suggested",
         "score": why.score, "rules": why.rules, "why": why.words, "found_at": now} for other, why in others.items()])


def decide(match: Match, state: str, by: int) -> None:
    """Write what a person said of two."""
    match.state, match.operator_id, match.decided_at = state, by, clock.now()


def say(report_id: int, other_id: int, state: str, by: int, kind: str = "same_message") -> None:
    """A person says of two reports whether they are the same, whether or not the desk had found them alike."""
    match = _found(report_id, other_id, kind)
    if match is None:
        note(report_id, other_id, kind, state, A_PERSON)
        match = _found(report_id, other_id, kind)
    if match is not None:
        decide(match, state, by)


def part(taken_out: Sequence[int], primary_id: int, by: int) -> None:
    """A person says that a report is no copy of a primary; of what belongs to it, named after it, and of what is left
    with the primary, none is the same message as the other."""
    together = select(Report.id).where(family(primary_id))
    ends = or_(and_(Match.report_id.in_(taken_out), Match.other_id.in_(together)),
               and_(Match.other_id.in_(taken_out), Match.report_id.in_(together)))
    linked = select(Match).where(ends, Match.kind == "same_message", Match.state == "linked")
    for match in db.session.scalars(linked).all():
        decide(match, "undone", by)
    say(taken_out[0], primary_id, "undone", by)


def divide(report_id: int, gone: Collection[int], stay: Sequence[int], by: int) -> None:
    """A person says that reports, of which one was named, do not tell of one incident with those that stay there."""
    ends = or_(and_(Match.report_id.in_(gone), Match.other_id.in_(stay)),
               and_(Match.other_id.in_(gone), Match.report_id.in_(stay)))
    linked = select(Match).where(ends, Match.kind == "same_incident", Match.state == "linked")
    for match in db.session.scalars(linked).all():
        decide(match, "undone", by)
    if stay:
        say(report_id, stay[0], "undone", by, "same_incident")


def refused(report_id: int, other_id: int) -> bool:
    """Whether a person said that the two are not the same message, or not even the same incident."""
    db.session.flush()
    return execute(NEVER, {"later": max(report_id, other_id), "earlier": min(report_id, other_id)}).first() is not None


def _found(report_id: int, other_id: int, kind: str = "same_message") -> Match | None:
    pair = Match.report_id == max(report_id, other_id), Match.other_id == min(report_id, other_id)
    return db.session.scalar(select(Match).where(*pair, Match.kind == kind))
