"""The ground the verbs stand on: locking a report, its open assignment, and what still waits for an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Table, bindparam, func, insert, select
from sqlalchemy.orm import aliased

from triage import clock, events
from triage.actions import locking
from triage.db import db
from triage.errors import AlreadyClosed, IsACopy, NotFound, NotTheHolder
from triage.events import Kind
from triage.models import Assignment, Operator, Report
from triage.queries import scope, unanswered
from triage.queries.scope import family
from triage.rights import Right

__all__ = ["family"]

# A new report is compared at once. Where nobody is there to do it, it waits so long before it is taken all the same.
COMPARED_WITHIN = timedelta(seconds=20)
# Built once, as every verb begins with one of them.
LOCKED = (select(Report).where(Report.id == bindparam("number")).with_for_update(key_share=True)
          .execution_options(populate_existing=True))
AT_ONCE = LOCKED.with_for_update(key_share=True, skip_locked=True)
HELD: Table = Assignment.__table__  # type: ignore[assignment]  # typed as FromClause
START = insert(HELD).returning(HELD.c.id)
COPIES = (select(Report).where(Report.duplicate_of == bindparam("number")).order_by(Report.id)
          .with_for_update(key_share=True).execution_options(populate_existing=True))
HOLDING = (select(Assignment).where(Assignment.report_id == bindparam("number"), Assignment.ended_at.is_(None))
           .execution_options(populate_existing=True))
SEEN = aliased(Report)  # as it was before its lock was waited for: what is no copy by then is not locked at all
WENT_WITH = select(SEEN.duplicate_of).where(SEEN.id == bindparam("number")).scalar_subquery()
ALONE, COPY = LOCKED.where(WENT_WITH.is_(None)), LOCKED.where(bindparam("primary") == WENT_WITH)
PRIMARY = select(Report.duplicate_of).where(Report.id == bindparam("number"))
STANDS_FOR = select(Report.id, func.coalesce(Report.duplicate_of, Report.id)).where(
    Report.id.in_(bindparam("numbers", expanding=True)))


def lock(report_id: int, actor: Operator | None = None) -> Report:
    """The report, locked until the transaction ends and read afresh. NotFound where `actor` may not see it."""
    query = LOCKED if actor is None else LOCKED.where(scope.visible(actor))
    found = db.session.scalar(query, {"number": report_id})
    if found is None:
        raise NotFound
    return found


def lock_matter(report_id: int, actor: Operator | None = None) -> tuple[Report, Report]:
    """The report and the one that stands for it (itself, or its primary), the primary locked first."""
    alone = ALONE if actor is None else ALONE.where(scope.visible(actor))
    found = db.session.scalar(alone, {"number": report_id})
    if found is not None:
        return found, _standing(found)
    known = db.session.scalar(PRIMARY, {"number": report_id})
    if known is None:
        lock(report_id, actor)
        raise locking.Moved  # it is no copy any more
    primary = _standing(lock(known))
    return _lock_copy(report_id, known, actor), primary


def _standing(report: Report) -> Report:
    """Moved where a locked report has become a copy: whoever holds it must not wait for what it goes with."""
    if report.duplicate_of is not None:
        raise locking.Moved
    return report


def _lock_copy(report_id: int, primary_id: int, actor: Operator | None) -> Report:
    """A copy of a primary that is locked. Moved, and not waited for, where it goes with that no more."""
    query = COPY if actor is None else COPY.where(scope.visible(actor))
    found = db.session.scalar(query, {"number": report_id, "primary": primary_id})
    if found is None and primary_of(report_id) == primary_id:
        raise NotFound
    if found is None:
        raise locking.Moved
    return found


def lock_primaries(numbers: Iterable[int], actor: Operator | None = None) -> dict[int, Report]:
    """What stands for each of these reports, by their numbers, locked by its own. NotFound where it is not `actor`'s.

    Several are locked by this and by `lock_all` only, each in one call: all that stand for others first.
    """
    known = _stands_for(wanted := frozenset(numbers))
    locked = {number: _standing(lock(number, actor)) for number in sorted(set(known.values()))}
    if any(number not in locked for number in known) and _stands_for(wanted) != known:
        raise locking.Moved
    return {number: locked[primary] for number, primary in known.items()}


def _stands_for(numbers: frozenset[int]) -> dict[int, int]:
    found = dict(db.session.execute(STANDS_FOR, {"numbers": numbers}).all()) if numbers else {}
    if len(found) < len(numbers):
        raise NotFound
    return found


def lock_all(numbers: Iterable[int], actor: Operator | None = None) -> dict[int, Report]:
    """These reports, by their numbers, all that stand for them locked before those that go with others.

    NotFound where `actor` may not see one of these.
    """
    known = _stands_for(wanted := frozenset(numbers))
    first = sorted(set(known.values()))
    locked = {number: _standing(lock(number, actor if number in wanted else None)) for number in first}
    copies = {number: _lock_copy(number, known[number], actor) for number in sorted(wanted.difference(first))}
    return {number: (copies if number in copies else locked)[number] for number in wanted}


def lock_working(report_id: int, actor: Operator) -> Report:
    """The locked report, if `actor` is in charge of it. NotFound, AlreadyClosed, IsACopy, NotTheHolder."""
    report = lock(report_id, actor)
    if report.status == "closed":
        raise AlreadyClosed
    require_primary(report)
    require_charge(report, actor)
    return report


def lock_at_once(report_id: int) -> Report:
    """The report, locked, for whoever holds another already. Moved where somebody has it: it is locked first then."""
    found = db.session.scalar(AT_ONCE, {"number": report_id})
    if found is None:
        raise locking.Moved(report_id)
    return found


def copies(report_id: int) -> Sequence[Report]:
    """The copies of a primary that is locked, locked by number and read afresh."""
    return db.session.scalars(COPIES, {"number": report_id}).all()


def primary_of(report_id: int) -> int:
    """The number of the report that stands for this one: itself, or its primary."""
    return db.session.scalar(PRIMARY, {"number": report_id}) or report_id


def require_primary(report: Report) -> None:
    """IsACopy where the report goes with another."""
    if report.duplicate_of is not None:
        raise IsACopy(report=report.id, primary=report.duplicate_of)


def holding(report_id: int) -> Assignment | None:
    """The open assignment of a report."""
    return db.session.scalar(HOLDING, {"number": report_id})


def require_holder(report: Report, actor: Operator, fence: int | None = None) -> Assignment:
    """The open assignment, if `actor` has it and `fence` (when given) is its number; else NotTheHolder."""
    held = holding(report.id)
    if held is None or held.operator_id != actor.id or fence not in (None, held.id):
        raise NotTheHolder(holder_name(held))
    return held


def require_charge(report: Report, actor: Operator) -> None:
    """NotTheHolder unless `actor` holds the report, or may step in where others hold."""
    if not actor.may(Right.STEP_IN):
        require_holder(report, actor)


def holder_name(held: Assignment | None) -> str:
    """The public name of who holds, empty where nobody does."""
    operator = db.session.get(Operator, held.operator_id) if held else None
    return operator.public_name if operator else ""


def start(report_id: int, operator_id: int, assigned_by: int | None = None) -> Assignment:
    """Open an assignment; the partial unique index refuses a second one.

    What comes back is a plain value; `holding` gives the one that can be ended.
    """
    now = clock.now()
    values = {"report_id": report_id, "operator_id": operator_id, "assigned_by": assigned_by, "started_at": now,
              "last_active_at": now}
    db.session.flush()
    return Assignment(id=db.session.scalar(START, values), **values)


def end(held: Assignment, reason: str) -> None:
    """End an assignment, once."""
    held.ended_at = clock.now()
    held.end_reason = reason


def reckon(report: Report) -> None:
    """Set `unanswered_since` and `awaiting_citizen_since` from the messages themselves.

    Unanswered is every inbound message after the last answer of a person that was not cancelled and
    did not fail, and after what was settled by closing. A primary waits for its copies' messages too,
    where neither the copy was answered since, nor the primary since it has that copy. Acknowledgements
    answer nothing. Where a report begins to wait again, its holder's lease begins anew. Of a copy the
    primary is reckoned as well: the caller has locked both.
    """
    db.session.flush()
    _reckon(report)
    if report.duplicate_of is not None:
        _reckon(db.session.get_one(Report, report.duplicate_of))


def reckon_all(primary: Report, some: Iterable[Report]) -> None:
    """The same for some copies of a primary, and once for the primary itself; all are locked."""
    db.session.flush()
    for report in (*some, primary):
        _reckon(report)


def waiting(primary: Report) -> set[int]:
    """Which reports of a matter hold words that nobody has answered: the primary, its copies."""
    answer = last_answer(primary.id)
    return unanswered.reports(primary.id, *_settled(primary, answer[0] if answer else 0))


def _reckon(report: Report) -> None:
    waited = report.unanswered_since is not None
    answer = unanswered.last_answer(report.id)
    answered, through = _settled(report, answer[0] if answer else 0)
    report.unanswered_since = unanswered.oldest(report.id, answered, through)
    waits = answer is not None and report.unanswered_since is None and answered == through
    report.awaiting_citizen_since = answer[1] if waits and answer else None
    if not waited and report.unanswered_since is not None:
        _renew(report.id)


def _settled(report: Report, answered: int) -> tuple[int, int]:
    """The last answer, and up to which message of its own a report is settled, by it or by closing."""
    return answered, max(answered, report.handled_through or 0)


def _renew(report_id: int) -> None:
    """A report begins to wait for its holder: their lease begins now, however long it had slept before."""
    held = holding(report_id)
    if held is not None:
        held.last_active_at = clock.now()


def last_answer(report_id: int) -> tuple[int, datetime] | None:
    """Number and moment of the last answer of a person that was not cancelled and did not fail."""
    db.session.flush()
    return unanswered.last_answer(report_id)


def wake(report: Report, by: int | None = None) -> None:
    """A snoozed report is awake again; `by` is the person who woke it, where it was one."""
    if report.snoozed_until is not None:
        report.snoozed_until = None
        _renew(report.id)
        events.record(Kind.REPORT_WOKEN, report.id, by)
