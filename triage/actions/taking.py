"""Claims as one statement that is a transaction of its own, for the commonest case on PostgreSQL.

To lock the person, count what they hold, take the report, open the assignment and write the history one
after the other costs six turns to the server; this costs one. It takes only what needs nothing more. Whatever
it does not take is taken, or refused with the reason, by `assignments`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, overload

from sqlalchemy import (
    CTE,
    ColumnElement,
    Executable,
    Select,
    String,
    Table,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    true,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.exc import DBAPIError

from triage import clock, events, rights
from triage.actions import assignments
from triage.actions.assignments import DRAFT, HELD, ME, NOW, TABLE, WHO
from triage.db import BigKey, is_postgresql, run_in_transaction, run_statement, worth_retrying
from triage.events import Kind
from triage.models import Assignment, Event, Operator
from triage.queries import scope
from triage.rights import Right
from triage.statements import key_of

HISTORY: Table = Event.__table__  # type: ignore[assignment]  # typed as FromClause


def _may_take() -> ColumnElement[bool]:
    roles = " " + type_coerce(WHO.c.roles, String) + " "
    return or_(*[roles.like(f"% {role} %") for role in sorted(rights.RIGHTS[Right.HANDLE_REPORTS])])


# Who takes, locked: not who is off shift (taking begins it), nor who may not.
SELF = (select(WHO.c.id, WHO.c.capacity)
        .where(WHO.c.id == ME, WHO.c.active, WHO.c.shift != literal_column("'off'"), _may_take())
        .with_for_update(key_share=True).cte("self"))


ROOM = func.triage_busy(SELF.c.id, NOW) < SELF.c.capacity


def _as_it_was() -> ColumnElement[bool]:
    """Whether nobody changed, or gave back, the report since the moment that will be written down.

    Whoever waited for a lock is shown the report as it is now, but all other tables as they were before.
    """
    before = TABLE.alias("before")
    version: Select[str] = select(literal_column("before.xmin")).select_from(before).where(before.c.id == TABLE.c.id)
    since = select(func.count()).where(HELD.c.report_id == TABLE.c.id, HELD.c.ended_at > NOW)
    same: ColumnElement[bool] = literal_column("reports.xmin") == version.correlate(TABLE).scalar_subquery()
    return and_(same, since.correlate(TABLE).scalar_subquery() == 0)


class Taken(NamedTuple):
    """What somebody took: the number of the assignment (the fence) and of the report."""

    id: int
    report_id: int


class AtOnce(NamedTuple):
    """A statement as the driver is told it, and what is bound to it besides what its caller says."""

    words: str
    bound: Mapping[str, object]

    @classmethod
    def of(cls, statement: Executable) -> AtOnce:
        """Compiled once, for PostgreSQL."""
        compiled = statement.compile(dialect=psycopg.dialect())  # type: ignore[no-untyped-call, attr-defined]
        return cls(str(compiled), compiled.params)


def _at_once(wanted: Select[int, int]) -> AtOnce:
    """Take what is `wanted` (a report, by whom), assign it and write it down; the assignment, or no row."""
    found = wanted.where(ROOM).cte("wanted")
    # Counted, not "none exists": PostgreSQL would make a join of that, and read all drafts and assignments for it.
    drafts = select(func.count()).where(DRAFT.c.report_id == TABLE.c.id).correlate(TABLE).scalar_subquery()
    taken = (update(TABLE).where(TABLE.c.id == found.c.id, scope.open_to(found.c.who, NOW), drafts == 0, _as_it_was())
             .values(status="assigned", snoozed_until=None).returning(TABLE.c.id, found.c.who).cte("taken"))
    given = select(taken.c.id, taken.c.who, NOW, NOW)
    held = (insert(HELD).from_select(["report_id", "operator_id", "started_at", "last_active_at"], given)
            .returning(HELD.c.id, HELD.c.report_id, HELD.c.operator_id).cte("held"))
    return AtOnce.of(select(held.c.id, held.c.report_id).add_cte(_noted(held)))


def _noted(held: CTE) -> CTE:
    turn = text(events.TURN).columns().cte("turn")
    line = select(held.c.report_id, held.c.operator_id, literal_column(f"'{Kind.REPORT_CLAIMED}'"),
                  func.json_build_object("assignment", held.c.id), NOW).select_from(held.join(turn, true()))
    return insert(HISTORY).from_select(["report_id", "operator_id", "kind", "data", "occurred_at"], line).cte("noted")


HEAD = assignments.first(SELF.c.id, assignments.UNANSWERED).correlate(SELF).lateral("head")
FIRST = _at_once(select(HEAD.c.id, SELF.c.id.label("who")).select_from(SELF.join(HEAD, true())))
NAMED = _at_once(select(bindparam("number", type_=BigKey).label("id"), SELF.c.id.label("who")))
TOLD = {"events": [{"kind": Kind.REPORT_CLAIMED.value}]}


def take(report_id: int, actor: Operator) -> Taken:
    """`assignments.claim` in a transaction of its own."""
    taken = _try(NAMED, actor, clock.now(), number=report_id)
    if taken is None and is_postgresql() and actor.may(Right.HANDLE_REPORTS):
        taken = _plain(assignments.held_by(report_id, actor))  # most who come second are told without a transaction
    return taken or run_in_transaction(lambda: _plain(assignments.claim(report_id, actor)))


def take_next(actor: Operator) -> Taken | None:
    """`assignments.claim_next` in a transaction of its own."""
    now = clock.now()
    return _try(FIRST, actor, now) or run_in_transaction(
        lambda: _plain(assignments.taken_at(actor, now) or assignments.claim_next(actor)))


@overload
def _plain(held: Assignment) -> Taken: ...
@overload
def _plain(held: Assignment | None) -> Taken | None: ...
def _plain(held: Assignment | None) -> Taken | None:
    return Taken(held.id, held.report_id) if held is not None else None


def _try(statement: AtOnce, actor: Operator, now: datetime, **which: int) -> Taken | None:
    if not is_postgresql():
        return None
    try:
        row = run_statement(statement.words, {**statement.bound, "me": key_of(actor), "now": now, **which}, TOLD)
    except DBAPIError as problem:
        if not worth_retrying(problem):
            raise
        return None  # it may have taken place all the same: who asked looks behind the lock on the person
    return Taken(*row) if row is not None else None
