"""What of a matter still waits for an answer, by its messages. Of tables alone, and built once: every verb asks it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, func, literal_column, or_, select

from triage.db import BigKey
from triage.models import Assignment, Delivery, Message, Report
from triage.statements import execute

DEAD = ("cancelled", "failed")
SAID, SENT, REPORTS, HELD = (cast(Table, model.__table__) for model in (Message, Delivery, Report, Assignment))
LATER = SAID.alias("later")
MATTER, ANSWERED, THROUGH = (bindparam(name, type_=BigKey) for name in ("matter", "answered", "through"))


def _alive(message_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether an answer was neither cancelled nor failed."""
    return select(SENT.c.id).where(SENT.c.message_id == message_id, SENT.c.state.not_in(DEAD)).exists()


def _waits() -> tuple[ColumnElement[bool], ...]:
    """Of the messages of a matter, joined to their reports, those that wait; as `actions.matters.reckon` says."""
    itself = and_(REPORTS.c.id == MATTER, SAID.c.id > THROUGH)
    of_copy = and_(REPORTS.c.id != MATTER, or_(SAID.c.id > ANSWERED, REPORTS.c.linked_after >= ANSWERED),
                   ~_settled_on_its_own())
    family = or_(REPORTS.c.id == MATTER, REPORTS.c.duplicate_of == MATTER)
    return family, SAID.c.direction == literal_column("'in'"), or_(itself, of_copy), ~_told_elsewhere()


def _told_elsewhere() -> ColumnElement[bool]:
    """Whether who wrote a message was answered later on another report of the matter, by who held its primary."""
    held = select(SENT.c.id).join(HELD, HELD.c.id == SENT.c.assignment_id).where(
        SENT.c.message_id == LATER.c.id, SENT.c.state.not_in(DEAD), HELD.c.report_id == MATTER).exists()
    return select(LATER.c.id).where(
        LATER.c.contact_id.in_((REPORTS.c.contact_id, REPORTS.c.reply_contact_id)), LATER.c.direction == "out",
        LATER.c.report_id != SAID.c.report_id, LATER.c.id > SAID.c.id,
        LATER.c.id > func.coalesce(REPORTS.c.linked_after, 0), held,
    ).correlate(SAID, REPORTS).exists()


def _settled_on_its_own() -> ColumnElement[bool]:
    """Whether a message was answered or closed where it stands: on a copy, before or after it was linked."""
    answered = select(LATER.c.id).where(LATER.c.report_id == SAID.c.report_id, LATER.c.id > SAID.c.id,
                                        LATER.c.operator_id.is_not(None), _alive(LATER.c.id)).correlate(SAID).exists()
    return or_(SAID.c.id <= func.coalesce(REPORTS.c.handled_through, 0), answered)


def _of_what_waits(*columns: Any) -> Select[Any]:
    return select(*columns).select_from(SAID.join(REPORTS, REPORTS.c.id == SAID.c.report_id)).where(*_waits())


LAST_ANSWER = (select(SAID.c.id, SAID.c.recorded_at)
               .where(SAID.c.report_id == MATTER, SAID.c.operator_id.is_not(None), _alive(SAID.c.id))
               .order_by(SAID.c.id.desc()).limit(literal_column("1")))
OLDEST = _of_what_waits(func.min(SAID.c.recorded_at))
WHERE = _of_what_waits(SAID.c.report_id)


def last_answer(report_id: int) -> tuple[int, datetime] | None:
    """Number and moment of the last answer of a person that was not cancelled and did not fail."""
    row = execute(LAST_ANSWER, {"matter": report_id}).first()
    return (row.id, row.recorded_at) if row else None


def oldest(report_id: int, answered: int, through: int) -> datetime | None:
    """Since when a report waits, with its copies. `answered`: its last answer; `through`: what is settled besides."""
    found: datetime | None = execute(OLDEST, {"matter": report_id, "answered": answered, "through": through}).scalar()
    return found


def reports(report_id: int, answered: int, through: int) -> set[int]:
    """Which reports of a matter hold words that nobody has answered: itself, its copies."""
    bound = {"matter": report_id, "answered": answered, "through": through}
    return set(execute(WHERE, bound).scalars())
