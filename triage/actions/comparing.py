"""A new report is compared with those that are there: it becomes a copy, or people are asked, or it stands alone.

It happens in a transaction of its own, right after the one that opened the report, and one at a time on a desk: so
two copies that arrive in the same instant at two nodes see each other. Until then nobody can claim the report
(`Report.compare_by`); whoever tries compares it first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, cast

from sqlalchemy import Executable, Row, Table, bindparam, func, insert, select, text, update

from triage import effects, logs
from triage.actions import copies, locking, matters, pairs
from triage.actions.pairs import Why
from triage.crashpoints import crashpoint
from triage.db import db, is_postgresql, run_in_transaction, unavailable
from triage.effects import Between, Effect
from triage.models import Report, TextKey
from triage.queries import candidates, origins, weighing
from triage.queries.alike import Akin, Alike, Same
from triage.queries.candidates import Candidate
from triage.queries.origins import Opened
from triage.similarity.incidents import Likeness
from triage.similarity.preparing import Prepared, prepare
from triage.similarity.verdicts import RULES_VERSION, Verdict
from triage.statements import execute

log = logs.logger(__name__)

ONE_AT_A_TIME = 7_236_200  # any constant: the advisory lock of comparing
TURN = select(func.pg_advisory_xact_lock(ONE_AT_A_TIME))
TELLING = 5  # messages of a report that are looked at for one that says something: the first is often a greeting
MOST_SUGGESTED = 3  # of each kind
MOST_DIFFERENCES = 6  # that are kept with an explanation
OPENED = cast(Table, Report.__table__)
TAKE = (update(OPENED).where(OPENED.c.id == bindparam("number"), OPENED.c.compare_by.is_not(None))
        .values(compare_by=None)
        .returning(*candidates.STANDS))
STANDS = select(*candidates.STANDS).where(OPENED.c.id == bindparam("number"))
TEXT_KEY = insert(cast(Table, TextKey.__table__))


class Found(NamedTuple):
    """A report as it is compared, its telling text, and what that is like."""

    new: Candidate
    prepared: Prepared
    alike: Alike


def compare(report_id: int) -> bool:
    """Compare a report, once; whether it was to be. Link it, or note what people are to be asked."""
    wait_for_turn()
    crashpoint("like.turn")
    if locking.first():  # somebody had what it may go with: that is waited for before it is held itself
        matters.lock_primaries({*locking.first(), report_id})
    # Its lock: what joins it meanwhile waits, and is then seen to tell something new, or not.
    report = execute(TAKE, {"number": report_id}).first()
    if report is None:
        return False
    found = _look(report)
    if found is not None:
        keep(found)
    if report.status != "closed" and report.duplicate_of is None:
        if found is not None:
            _decide(report, found)
        else:
            _link_said_again(report)
    crashpoint("like.found")
    return True


def settle(report_id: int) -> bool:
    """`compare` in a transaction of its own; whether it was compared. One that cannot be is logged and stands alone."""
    try:
        compared = run_in_transaction(lambda: compare(report_id))
        crashpoint("like.kept")
        return compared
    except Exception as problem:
        if unavailable(problem):
            raise  # the database, not the report: it waits
        log.exception("report.not_compared", report_id=report_id, problem=type(problem).__name__)
        run_in_transaction(lambda: _leave(report_id))
        return False


def _leave(report_id: int) -> None:
    """A report that could not be compared stands alone."""
    matters.lock(report_id).compare_by = None


def wait_for_turn() -> None:
    """One comparison at a time on a desk, until the transaction ends. SQLite has one writer anyway."""
    if is_postgresql():
        db.session.execute(TURN)


def look(report_id: int) -> Found | None:
    """What a report is like, to be asked for. None where nothing in it says enough. Only reads."""
    return _look(execute(STANDS, {"number": report_id}).one())


def _look(report: Row[Any]) -> Found | None:
    for message in origins.told(report.id, TELLING):
        prepared = prepare(message.body)
        if message.repost_of or not prepared.is_empty:
            new = candidates.told(report, message.body)
            return Found(new, prepared, Alike(new, message, prepared))
    return None


def keep(found: Found) -> None:
    """Keep what a report is found by from now on."""
    number, prepared = found.new.report_id, found.prepared
    execute(TEXT_KEY, {"report_id": number, "message_id": found.alike.message.id, "body_hash": prepared.body_hash,
                       "rules": RULES_VERSION})
    if prepared.shingles:
        execute(_keys(db.session.get_bind().dialect.name),
                {"hashes": json.dumps(prepared.shingles), "number": number})


@cache
def _keys(dialect: str) -> Executable:
    each = f"SELECT h, CAST(:number AS bigint) FROM ({candidates.numbered(dialect)}) AS each"  # noqa: S608 - ours
    return text(f"INSERT INTO shingles (h, report_id) {each}")


def _decide(report: Opened, found: Found) -> None:
    new, prepared, alike = found
    if _repeats_what_says_nothing(report, alike):
        return
    same: list[Same] = []
    for one in alike.same_messages():
        if effects.effect(_between(new, prepared, one)) is Effect.COPY and _link(report, one):
            return
        same.append(one)
    _suggest(report, same, alike.same_incidents())


def _repeats_what_says_nothing(report: Opened, alike: Alike) -> bool:
    """A post that repeats one whose text says too little to be found by it is a copy all the same; whether it is."""
    original = origins.original(report.id, alike.message)
    told = original is None or db.session.get(TextKey, original) is not None
    return not told and _link_to(report, original or 0, Why(1.0, RULES_VERSION, {"reason": "lineage"}))


def _link_said_again(report: Opened) -> None:
    """Words that say nothing are a copy where the same person says them again within the hour."""
    other = origins.said_again(report)
    if other is not None:
        _link_to(report, other, Why(1.0, RULES_VERSION, {"reason": "exact"}))


def _link_to(report: Opened, other_id: int, why: Why) -> bool:
    """Let it travel with what a report belongs to, where it can; whether it does."""
    primary_id = matters.primary_of(other_id)
    if pairs.refused(report.id, primary_id):
        return False
    primary = copies.join(report.id, primary_id)
    if primary is not None:
        pairs.note(report.id, primary.id, "same_message", "linked", why)
    return primary is not None


def _between(new: Candidate, prepared: Prepared, found: Same) -> Between:
    return weighing.between(new, found.other, (prepared, found.prepared), lineage=found.verdict is None)


def _link(report: Opened, found: Same) -> bool:
    """Let it travel with the one it repeats, where it can; whether it does."""
    if pairs.refused(report.id, found.other.primary_id):
        return False
    primary = copies.join(report.id, found.other.primary_id)
    if primary is not None:
        pairs.note(report.id, primary.id, "same_message", "linked", _told(report.id, primary.id, found))
    return primary is not None


def _suggest(report: Opened, same: Sequence[Same], akin: Sequence[Akin]) -> None:
    open_ = [one for one in same if not pairs.refused(report.id, one.other.primary_id)]
    asked = {one.other.primary_id for one in open_}
    fresh = [one for one in akin if one.other.primary_id not in asked]
    pairs.ask(report.id, "same_message", {
        one.other.primary_id: _told(report.id, one.other.primary_id, one) for one in open_[:MOST_SUGGESTED]})
    pairs.ask(report.id, "same_incident", {
        kin.other.primary_id: of_likeness(kin.likeness) for kin in _one_an_incident(fresh)[:MOST_SUGGESTED]})


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
