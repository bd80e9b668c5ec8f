"""Who may see and take which reports: conditions every loader applies; and the one way to ask for a right."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, and_, false, literal_column, or_, select, true

from triage.errors import Forbidden
from triage.models import Assignment, Operator, Report, TeamMember
from triage.rights import Right

# Of the tables, not of the mapped classes: a statement of these alone passes the ORM by, which is several times dearer.
COLUMN, MEMBER = Report.__table__.c, TeamMember.__table__.c


def require(actor: Operator, *rights: Right) -> None:
    """Forbidden unless `actor` has one of `rights`."""
    if not any(actor.may(right) for right in rights):
        raise Forbidden


def teams_of(operator_id: int | ColumnElement[int]) -> ColumnElement[bool]:
    """Reports of no team, or of a team this operator is in."""
    member = select(MEMBER.team_id).where(MEMBER.operator_id == operator_id).correlate_except(TeamMember.__table__)
    return or_(COLUMN.team_id.is_(None), COLUMN.team_id.in_(member))


def visible(actor: Operator) -> ColumnElement[bool]:
    """Reports whose text `actor` may read: all for coordinators, own teams' for operators, none for others.

    What an operator holds stays readable with its copies when they leave its team: it is theirs to answer.
    """
    if not actor.may(Right.READ_REPORTS):
        return false()
    if actor.may(Right.READ_EVERY_TEAM):
        return true()
    held = select(Assignment.report_id).where(Assignment.operator_id == actor.id, Assignment.ended_at.is_(None))
    return or_(teams_of(actor.id), Report.id.in_(held), Report.duplicate_of.in_(held))


def family(report_id: int) -> ColumnElement[bool]:
    """The report and its copies."""
    return or_(Report.id == report_id, Report.duplicate_of == report_id)


def claimable(actor: Operator, now: datetime) -> ColumnElement[bool]:
    """Reports `actor` may take at `now`: open, not snoozed, of no team or an own one."""
    if not actor.may(Right.HANDLE_REPORTS):
        return false()
    return open_to(actor.id, now)


def open_to(operator_id: int | ColumnElement[int], now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """What `claimable` asks of a report, also for a statement built before it is known for whom: open, awake, and
    compared with what was there before, or it should be by now: whoever takes it has it compared first.
    """
    return and_(waiting_for(operator_id, now), or_(COLUMN.compare_by.is_(None), COLUMN.compare_by <= now))


def waiting_for(operator_id: int | ColumnElement[int], now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """The same of a report whether or not it was compared.

    The state stands in the statement itself: only so do the databases use the index of what is open.
    """
    awake = or_(COLUMN.snoozed_until.is_(None), COLUMN.snoozed_until <= now)
    return and_(COLUMN.status == literal_column("'open'"), awake, teams_of(operator_id))
