"""A new report is compared with those that are there: it becomes a copy, or people are asked, or it stands alone.

It happens in a transaction of its own, right after the one that opened the report, and one at a time on a desk: so
two copies that arrive in the same instant at two nodes see each other. Until then nobody can claim the report
(`Report.compare_by`); whoever tries compares it first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table, func, insert, select

from triage import effects
from triage.actions import copies, locking, matters, pairs
from triage.actions.pairs import Why
from triage.crashpoints import crashpoint
from triage.db import db, is_postgresql
from triage.effects import Between, Effect
from triage.models import Message, Report, Shingle, TextKey
from triage.queries import candidates, origins, weighing
from triage.queries.alike import Akin, Alike, Same
from triage.queries.candidates import Candidate
from triage.similarity.incidents import Likeness
from triage.similarity.preparing import Prepared, prepare
from triage.similarity.verdicts import RULES_VERSION, Verdict
from triage.statements import execute

ONE_AT_A_TIME = 7_236_200  # any constant: the advisory lock of comparing
TURN = select(func.pg_advisory_xact_lock(ONE_AT_A_TIME))
TELLING = 5  # messages of a report that are looked at for one that says something: the first is often a greeting
MOST_SUGGESTED = 3  # of each kind
MOST_DIFFERENCES = 6  # that are kept with an explanation
KEYS = insert(cast(Table, Shingle.__table__))
TEXT_KEY = insert(cast(Table, TextKey.__table__))


def compare(report_id: int) -> bool:
    """Compare a report, once; whether it was to be. Link it, or note what people are to be asked."""
    wait_for_turn()
    crashpoint("like.turn")
    if locking.first():  # somebody had what it may go with: that is waited for before it is held itself
        matters.lock_primaries({*locking.first(), report_id})
    report = db.session.get(Report, report_id, populate_existing=True)
    if report is None or report.compare_by is None:
        return False
    report.compare_by = None
    db.session.flush()  # its lock: what joins it meanwhile waits, and is then seen to tell something new, or not
    found = look(report.id)
    if report.live and report.duplicate_of is None:
        if found is not None:
            _decide(report, found)
        else:
            _link_said_again(report)
    crashpoint("like.found")
    return True


def leave(report_id: int) -> bool:
    """A report that could not be compared stands alone; False: it was not."""
    matters.lock(report_id).compare_by = None
    return False


def wait_for_turn() -> None:
    """One comparison at a time on a desk, until the transaction ends. SQLite has one writer anyway."""
    if is_postgresql():
        db.session.execute(TURN)


def look(report_id: int) -> tuple[Candidate, Prepared, Alike] | None:
    """Keep what a report is found by, and look for what it is like. None where nothing in it says enough."""
    telling = _keep_keys(report_id)
    if telling is None:
        return None
    (new,) = candidates.load([report_id]).values()
    return new, telling[1], Alike(new, *telling)


def _keep_keys(report_id: int) -> tuple[Message, Prepared] | None:
    said = select(Message).where(Message.report_id == report_id, Message.direction == "in").order_by(Message.id)
    for message in db.session.scalars(said.limit(TELLING)):
        prepared = prepare(message.body)
        if message.repost_of or not prepared.is_empty:
            execute(TEXT_KEY, {"report_id": report_id, "message_id": message.id, "body_hash": prepared.body_hash,
                               "rules": RULES_VERSION})
            if prepared.shingles:
                execute(KEYS, [{"h": h, "report_id": report_id} for h in prepared.shingles])
            return message, prepared
    return None


def _decide(report: Report, found: tuple[Candidate, Prepared, Alike]) -> None:
    new, prepared, alike = found
    if _repeats_what_says_nothing(report, alike):
        return
    same = list(alike.same_messages())
    copied = (one for one in same if effects.effect(_between(new, prepared, one)) is Effect.COPY)
    if not any(_link(report, one) for one in copied):
        _suggest(report, same, alike.same_incidents())


def _repeats_what_says_nothing(report: Report, alike: Alike) -> bool:
    """A post that repeats one whose text says too little to be found by it is a copy all the same; whether it is."""
    original = origins.original(report.id, alike.message)
    told = original is None or db.session.get(TextKey, original) is not None
    return not told and _link_to(report, original or 0, Why(1.0, RULES_VERSION, {"reason": "lineage"}))


def _link_said_again(report: Report) -> None:
    """Words that say nothing are a copy where the same person says them again within the hour."""
    other = origins.said_again(report)
    if other is not None:
        _link_to(report, other, Why(1.0, RULES_VERSION, {"reason": "exact"}))


def _link_to(report: Report, other_id: int, why: Why) -> bool:
    """Let it travel with what a report belongs to, where it can; whether it does."""
    primary_id = db.session.scalar(select(func.coalesce(Report.duplicate_of, Report.id)).where(Report.id == other_id))
    if primary_id is None or pairs.refused(report.id, primary_id):
        return False
    primary = copies.join(report.id, primary_id)
    if primary is not None:
        pairs.note(report.id, primary.id, "same_message", "linked", why)
    return primary is not None


def _between(new: Candidate, prepared: Prepared, found: Same) -> Between:
    return weighing.between(new, found.other, (prepared, found.prepared), lineage=found.verdict is None)


def _link(report: Report, found: Same) -> bool:
    """Let it travel with the one it repeats, where it can; whether it does."""
    if pairs.refused(report.id, found.other.primary_id):
        return False
    primary = copies.join(report.id, found.other.primary_id)
    if primary is not None:
        pairs.note(report.id, primary.id, "same_message", "linked", _told(report.id, primary.id, found))
    return primary is not None


def _suggest(report: Report, same: Sequence[Same], akin: Sequence[Akin]) -> None:
    open_ = [one for one in same if not pairs.refused(report.id, one.other.primary_id)]
    for one in open_[:MOST_SUGGESTED]:
        other = one.other.primary_id
        pairs.note(report.id, other, "same_message", "suggested", _told(report.id, other, one))
    asked = {one.other.primary_id for one in open_}
    fresh = [one for one in akin if one.other.primary_id not in asked]
    for kin in _one_an_incident(fresh)[:MOST_SUGGESTED]:
        pairs.note(report.id, kin.other.primary_id, "same_incident", "suggested", of_likeness(kin.likeness))


def _one_an_incident(akin: Sequence[Akin]) -> list[Akin]:
    """Of several that belong to one incident the likest: who links one links all."""
    first = {one.other.incident_id or -one.other.report_id: one for one in reversed(akin)}
    return [one for one in akin if first[one.other.incident_id or -one.other.report_id] is one]


def _told(report_id: int, other_id: int, found: Same) -> Why:
    """The explanation as it is kept: `a` are the words of the later of the two."""
    first = found.first
    return of_verdict(first.mirrored() if first is not None and report_id < other_id else first)


def of_verdict(told: Verdict | None) -> Why:
    """Score, version and explanation of "the same message", as they are kept."""
    if told is None:
        return Why(1.0, RULES_VERSION, {"reason": "lineage"})
    words = [{"kind": one.kind.value, "a": list(one.a), "b": list(one.b)} for one in told.differences]
    more = max(0, len(words) - MOST_DIFFERENCES)
    return Why(told.covered, told.version,
               {"reason": told.reason.value, "differences": words[:MOST_DIFFERENCES], "more": more})


def of_likeness(told: Likeness) -> Why:
    """Score, version and explanation of "perhaps the same incident", as they are kept."""
    apart = int(told.apart.total_seconds()) if told.apart is not None else None
    grounds = [ground.value for ground, weight in told.grounds if weight]
    return Why(told.score, told.version,
               {"reason": "likeness", "grounds": grounds, "apart": apart, "codes": list(told.shared_codes)})
