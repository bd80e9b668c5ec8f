"""Who holds what: claim, take next, release, assign. One holder at most, by the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    Row,
    Select,
    Table,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    update,
)

from triage import clock, events, rights
from triage.actions import drafts, locking, matters, notes, outbox
from triage.db import BigKey, UtcDateTime, db, is_postgresql
from triage.errors import (
    N_,
    AlreadyAssigned,
    AlreadyClosed,
    AtCapacity,
    BadInput,
    Forbidden,
    NotClaimable,
    NotFound,
)
from triage.events import Kind
from triage.models import Assignment, Draft, Operator, Report
from triage.models.operators import SHIFTS
from triage.queries import reports, scope
from triage.rights import Right
from triage.statements import key_of

TABLE, HELD, DRAFT, WHO = (cast(Table, model.__table__) for model in (Report, Assignment, Draft, Operator))
ME, NOW = bindparam("me", type_=BigKey), bindparam("now", type_=UtcDateTime)
CAPACITY = bindparam("capacity", type_=Integer())
COMPARED = TABLE.c.compare_by.is_(None)  # else it may be a copy, which nobody takes


def _busy() -> Select[int]:
    """How many reports an operator holds that wait for them (not on the citizen, not snoozed)."""
    about = TABLE.alias()
    awake = or_(about.c.snoozed_until.is_(None), about.c.snoozed_until <= NOW)
    query = select(func.count()).select_from(HELD.join(about, about.c.id == HELD.c.report_id))
    query = query.where(HELD.c.operator_id == ME, HELD.c.ended_at.is_(None))
    return query.where(about.c.awaiting_citizen_since.is_(None), awake)


def _taking(which: ColumnElement[bool]) -> Executable:
    """The one guarded statement: no row means that someone was faster, or that there is no room.

    It also says whether anybody left a draft on what was taken.
    """
    guard = scope.open_to(ME, NOW), COMPARED, _busy().scalar_subquery() < CAPACITY
    drafted = select(DRAFT.c.report_id).where(DRAFT.c.report_id == TABLE.c.id).correlate(TABLE).exists()
    taken = update(TABLE).where(which, *guard).values(status="assigned", snoozed_until=None)
    return taken.returning(TABLE.c.id, drafted)


def first(who: ColumnElement[int], waits: ColumnElement[bool]) -> Select[int]:
    """The head of the queue: urgency, then longest unanswered wait. What another has locked is passed over."""
    return _first(who, waits).with_for_update(skip_locked=True, key_share=True)


def _first(who: ColumnElement[int], waits: ColumnElement[bool]) -> Select[int]:
    queue = select(TABLE.c.id).where(scope.open_to(who, NOW), waits).limit(literal_column("1"))
    return queue.order_by(TABLE.c.priority, TABLE.c.unanswered_since, TABLE.c.id)


def _head(waits: ColumnElement[bool]) -> Executable:
    return _taking(TABLE.c.id == first(ME, waits).scalar_subquery())


# Built once, and of tables alone: to build such a statement, or to lead it through the ORM, takes longer than it runs.
BUSY = _busy()
ROOM = select(WHO.c.capacity, WHO.c.active, WHO.c.roles).where(WHO.c.id == ME).with_for_update(key_share=True)
TAKE = _taking(TABLE.c.id == bindparam("number"))
UNANSWERED, ANSWERED = TABLE.c.unanswered_since.is_not(None), TABLE.c.unanswered_since.is_(None)
TAKE_NEXT = (_head(UNANSWERED), _head(ANSWERED))
LEFT = tuple(_first(ME, waits).add_columns(COMPARED.label("compared")) for waits in (UNANSWERED, ANSWERED))


def claim(report_id: int, actor: Operator) -> Assignment:
    """Take a report for oneself. The holder claiming again gets the same assignment.

    Raises AlreadyAssigned naming the holder, NotClaimable, AtCapacity or NotFound.
    """
    capacity = lock_room(actor)
    taken = _take(TAKE, actor, capacity, number=report_id)
    if taken is not None:
        return taken
    held = held_by(report_id, actor)
    if held is not None:
        return held
    _require_fewer(actor, capacity)
    raise NotClaimable


def claim_next(actor: Operator) -> Assignment | None:
    """Take the first report of the queue (urgency, then longest unanswered wait); None where none is left."""
    capacity = lock_room(actor)
    for statement in TAKE_NEXT:
        taken = _take(statement, actor, capacity)
        if taken is not None:
            return taken
    _require_fewer(actor, capacity)
    return _wait_for_next(actor, capacity) if is_postgresql() else None  # SQLite locks no rows


def _wait_for_next(actor: Operator, capacity: int) -> Assignment | None:
    """Before anybody is told that nothing is free, what somebody has locked is waited for.

    Not everybody who locks a report takes it: its acknowledgement may just be leaving. But one by one: who was too
    late for one must not hold it while they wait for the next.
    """
    left = _left(actor)
    if left is None or not left.compared:  # whoever asks has it compared first
        return None
    taken = _take(TAKE, actor, capacity, number=left.id)
    if taken is None:
        raise locking.Moved
    return taken


def _left(actor: Operator) -> Row[Any] | None:
    """What stands first in the queue, whoever has locked it."""
    bound = {"me": key_of(actor), "now": clock.now()}
    found = (db.session.execute(statement, bound).first() for statement in LEFT)
    return next((row for row in found if row is not None), None)


def _take(statement: Executable, actor: Operator, capacity: int, **which: int) -> Assignment | None:
    bound = {"me": key_of(actor), "now": clock.now(), "capacity": capacity, **which}
    row = db.session.execute(statement, bound).first()
    return _claimed(row[0], actor, drafted=row[1]) if row is not None else None


def taken_at(actor: Operator, moment: datetime) -> Assignment | None:
    """What `actor` took at exactly this moment and still holds. Waits for whatever they are just taking."""
    lock_room(actor)
    held = select(Assignment).where(Assignment.operator_id == actor.id, Assignment.started_at == moment)
    return db.session.scalar(held.where(Assignment.ended_at.is_(None)))


def _claimed(report_id: int, actor: Operator, *, drafted: bool) -> Assignment:
    held = matters.start(report_id, actor.id)
    if drafted:
        drafts.inherit(report_id, actor.id)
    if actor.shift == "off":
        set_shift(actor, "taking")
    events.record(Kind.REPORT_CLAIMED, report_id, actor.id, assignment=held.id)
    return held


def held_by(report_id: int, actor: Operator) -> Assignment | None:
    """The actor's own assignment, None where nobody holds; AlreadyAssigned where someone else does."""
    reports.load(report_id, actor)
    held = matters.holding(report_id)
    if held is None or held.operator_id == actor.id:
        return held
    seconds = int((clock.now() - held.started_at).total_seconds())
    raise AlreadyAssigned(holder=matters.holder_name(held), seconds=max(seconds, 0))


def require_room(operator: Operator) -> None:
    """AtCapacity unless `operator` may hold one more. Locks their row, so that two tabs count the same."""
    _require_fewer(operator, lock_room(operator))


def lock_room(operator: Operator) -> int:
    """How many reports `operator` may hold, their row locked. Forbidden where they may hold none.

    Asked behind the lock: whoever was switched off a moment ago has given everything back, and gets nothing new.
    """
    capacity, active, roles = db.session.execute(ROOM, {"me": key_of(operator)}).one()
    if not (active and rights.has(roles, Right.HANDLE_REPORTS)):
        raise Forbidden
    return int(capacity)


def _require_fewer(operator: Operator, capacity: int) -> None:
    if busy(operator.id) >= capacity:
        raise AtCapacity(name=operator.public_name, capacity=capacity)


def busy(operator_id: int) -> int:
    """How many reports the operator holds that wait for them (not on the citizen, not snoozed)."""
    return db.session.scalar(BUSY, {"me": operator_id, "now": clock.now()}) or 0


def release(report_id: int, actor: Operator, note: str = "") -> None:
    """Give a report back to its place in the queue. Waiting answers are cancelled and kept as a draft."""
    report = matters.lock(report_id, actor)
    held = matters.require_holder(report, actor)
    if note:
        notes.add(report_id, actor, note)
    put_back(report, held, "released")
    events.record(Kind.REPORT_RELEASED, report.id, actor.id, assignment=held.id)


def put_back(report: Report, held: Assignment, reason: str) -> None:
    """End an assignment so that the report is open again."""
    matters.end(held, reason)
    report.status = "open"
    outbox.hand_over(report)


def assign(report_id: int, to_operator_id: int, actor: Operator) -> Assignment:
    """A coordinator gives a report to somebody, whoever held it. AtCapacity where they are full."""
    scope.require(actor, Right.ASSIGN_REPORTS)
    to = db.session.get(Operator, to_operator_id)
    if to is None or not to.active or not to.reads_reports:
        raise NotFound
    require_room(to)
    report = matters.lock(report_id, actor)
    held = matters.holding(report_id)
    if held is not None and held.operator_id == to.id:
        return held
    _check_assignable(report, to)
    return give(report, held, to, actor)


def _check_assignable(report: Report, to: Operator) -> None:
    if report.status == "closed":
        raise AlreadyClosed
    if report.status == "duplicate":
        raise NotClaimable
    allowed = select(Report.id).where(Report.id == report.id, scope.teams_of(to.id))
    if db.session.scalar(allowed) is None:
        raise BadInput(N_("%(name)s is not in the team of this report."), "operator", name=to.public_name)


def give(report: Report, held: Assignment | None, to: Operator, actor: Operator, **why: int) -> Assignment:
    """A locked report is theirs from now on, who have room; `why` is for the history."""
    if held is not None:
        put_back(report, held, "reassigned")
        db.session.flush()
    report.status, report.snoozed_until = "assigned", None
    given = matters.start(report.id, to.id, assigned_by=actor.id)
    drafts.inherit(report.id, to.id)
    events.record(Kind.REPORT_ASSIGNED, report.id, actor.id, assignment=given.id, to=to.id,
                  was=held.operator_id if held else None, **why)
    return given


def touch(report_id: int, actor: Operator) -> None:
    """Still on it: renews the lease."""
    report = matters.lock(report_id, actor)
    matters.require_holder(report, actor).last_active_at = clock.now()


def set_shift(actor: Operator, shift: str) -> None:
    """Say whether one is taking reports, finishing, or off. Forbidden."""
    scope.require(actor, Right.HANDLE_REPORTS)
    if shift not in SHIFTS:
        raise BadInput(N_("Choose taking, finishing or off."), "shift")
    if actor.shift != shift:
        actor.shift = shift
        events.record(Kind.OPERATOR_SHIFT, None, actor.id, shift=shift)
