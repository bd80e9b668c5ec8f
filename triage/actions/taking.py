"""Claims as one statement that is a transaction of its own, for the commonest case on PostgreSQL.

To lock the person, count what they hold, take the report, open the assignment and write the history one
after the other costs six turns to the server; this costs one. It takes only what needs nothing more. Whatever
it does not take is taken, or refused with the reason, by `assignments`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, overload

from sqlalchemy import (
    CTE,
    ColumnClause,
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.exc import DBAPIError

from triage import clock, events, rights
from triage.actions import assignments, comparing
from triage.actions.assignments import DRAFT, HELD, ME, NOW, TABLE, WHO
from triage.db import BigKey, is_postgresql, let_go, run_in_transaction, run_statement, worth_retrying
from triage.events import Kind
from triage.models import Assignment, Operator
from triage.queries import candidates, scope
from triage.rights import Right
from triage.statements import key_of


def _constant(value: object) -> ColumnClause[Any]:
    """What never changes stands in the words: bound to them, it would have to be told and read each time."""
    return literal_column(f"'{value}'")


def _may_take() -> ColumnElement[bool]:
    roles = _constant(" ").op("||")(WHO.c.roles).op("||")(_constant(" "))
    return or_(*[roles.like(_constant(f"% {role} %")) for role in sorted(rights.RIGHTS[Right.HANDLE_REPORTS])])


# Who takes, locked: not who is off shift (taking begins it), nor who may not.
SELF = (select(WHO.c.id, WHO.c.capacity)
        .where(WHO.c.id == ME, WHO.c.active, WHO.c.shift != _constant("off"), _may_take())
        .with_for_update(key_share=True).cte("self"))


ROOM = func.triage_room(SELF.c.id, SELF.c.capacity, NOW)
VERSION: ColumnClause[Any] = literal_column("reports.xmin")


def _as_it_was(seen: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether nobody changed, or gave back, the report since the moment that will be written down.

    Whoever waited for a lock was shown the report as it is now (`seen`), but all other tables as they were before.
    """
    since = select(func.count()).where(HELD.c.report_id == TABLE.c.id, HELD.c.ended_at > NOW)
    return and_(seen == VERSION, since.correlate(TABLE).scalar_subquery() == literal_column("0"))


class Taken(NamedTuple):
    """What somebody took: the number of the assignment (the fence) and of the report."""

    id: int
    report_id: int


def _at_once(wanted: Select[int]) -> str:
    """Lock the report that is `wanted`, take it, assign it and write it down: the assignment, or no row.

    In the driver's words. What was locked is open to who takes, so only that is asked which a lock does not keep.
    """
    head = wanted.add_columns(VERSION.label("seen")).correlate(SELF).lateral("head")
    locked = select(head.c.id, head.c.seen, SELF.c.id.label("who")).select_from(SELF.join(head, true()))
    found = locked.where(ROOM).cte("wanted")
    # Counted, not "none exists": PostgreSQL would make a join of that, and read all drafts and assignments for it.
    drafts = select(func.count()).where(DRAFT.c.report_id == TABLE.c.id).correlate(TABLE).scalar_subquery()
    same = TABLE.c.id == found.c.id, assignments.COMPARED, drafts == literal_column("0"), _as_it_was(found.c.seen)
    taken = (update(TABLE).where(*same).values(status=_constant("assigned"), snoozed_until=null())
             .returning(TABLE.c.id, found.c.who).cte("taken"))
    given = select(taken.c.id, taken.c.who, NOW, NOW)
    held = (insert(HELD).from_select(["report_id", "operator_id", "started_at", "last_active_at"], given)
            .returning(HELD.c.id, HELD.c.report_id, HELD.c.operator_id).cte("held"))
    dialect = psycopg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types
    return str(select(held.c.id, held.c.report_id).add_cte(_noted(held)).compile(dialect=dialect))


def _noted(held: CTE) -> CTE:
    return events.noting(select(held.c.report_id, held.c.operator_id, _constant(Kind.REPORT_CLAIMED),
                                events.about("assignment", held.c.id), NOW))


NUMBER = TABLE.c.id == bindparam("number", type_=BigKey)
FIRST = _at_once(assignments.first(SELF.c.id, assignments.UNANSWERED))
NAMED = _at_once(select(TABLE.c.id).where(NUMBER, scope.open_to(SELF.c.id, NOW)).with_for_update(key_share=True))
AT_ONCE = 5  # that are compared before somebody looks again whether there is one to take
TOLD = {"events": [{"kind": Kind.REPORT_CLAIMED.value}]}


def take(report_id: int, actor: Operator) -> Taken:
    """`assignments.claim` in a transaction of its own. What was not compared yet is compared first, in one before."""
    taken = _try(NAMED, actor, clock.now(), number=report_id)
    if taken is None and is_postgresql() and actor.may(Right.HANDLE_REPORTS):
        taken = _plain(assignments.held_by(report_id, actor))  # most who come second are told without a transaction
    if taken is None and candidates.waits(report_id):
        comparing.settle(report_id)
    return taken or run_in_transaction(lambda: _plain(assignments.claim(report_id, actor)))


def take_next(actor: Operator) -> Taken | None:
    """`assignments.claim_next` in a transaction of its own. What comes first and was not compared yet is compared."""
    seen: set[int] = set()
    while (taken := _next(actor)) is None:
        some = [number for number in _heads(actor) if number not in seen]
        if not some:
            return None
        for number in some:
            comparing.settle(number)
        seen.update(some)
    return taken


def _next(actor: Operator) -> Taken | None:
    now = clock.now()
    return _try(FIRST, actor, now) or run_in_transaction(
        lambda: _plain(assignments.taken_at(actor, now) or assignments.claim_next(actor)))


def _heads(actor: Operator) -> list[int]:
    """What they would be given next, if it was compared."""
    found = candidates.heads(actor, AT_ONCE) if actor.may(Right.HANDLE_REPORTS) else []
    let_go()
    return found


@overload
def _plain(held: Assignment) -> Taken: ...
@overload
def _plain(held: Assignment | None) -> Taken | None: ...
def _plain(held: Assignment | None) -> Taken | None:
    return Taken(held.id, held.report_id) if held is not None else None


def _try(statement: str, actor: Operator, now: datetime, **which: int) -> Taken | None:
    if not is_postgresql():
        return None
    try:
        row = run_statement(statement, {"me": key_of(actor), "now": now, **which}, TOLD)
    except DBAPIError as problem:
        if not worth_retrying(problem):
            raise
        return None  # it may have taken place all the same: who asked looks behind the lock on the person
    return Taken(*row) if row is not None else None
