"""People of the desk: who there is, in which teams, who can be given a report."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from triage import clock
from triage.db import db
from triage.errors import NotFound
from triage.models import Assignment, Invitation, Operator, Team, TeamMember
from triage.queries import scope
from triage.queries.shapes import OperatorLine
from triage.rights import Right

SHIFT_ORDER = {"taking": 0, "finishing": 1, "off": 2}
SILENT_MINUTES = 5


def operators(actor: Operator) -> list[Operator]:
    """Everybody, active people first, by name. Forbidden."""
    scope.require(actor, Right.MANAGE_PEOPLE)
    return _everybody()


def one(operator_id: int, actor: Operator) -> Operator:
    """One person. Forbidden or NotFound."""
    scope.require(actor, Right.MANAGE_PEOPLE)
    found = db.session.get(Operator, operator_id)
    if found is None:
        raise NotFound
    return found


def _everybody() -> list[Operator]:
    return list(db.session.scalars(select(Operator).order_by(Operator.active.desc(), func.lower(Operator.name))))


def by_email(email: str) -> Operator | None:
    """The person who signs in with this address, written in any case."""
    return db.session.scalar(select(Operator).where(Operator.email == email.strip().lower()))


def teams(actor: Operator) -> list[Team]:
    """Every team by name. Forbidden."""
    scope.require(actor, Right.HANDLE_REPORTS, Right.MANAGE_TEAMS)
    return list(db.session.scalars(select(Team).order_by(func.lower(Team.name))))


def members(team_id: int, actor: Operator) -> list[Operator]:
    """The people of a team by name. Forbidden."""
    scope.require(actor, Right.MANAGE_TEAMS)
    joined = select(Operator).join(TeamMember, TeamMember.operator_id == Operator.id)
    return list(db.session.scalars(joined.where(TeamMember.team_id == team_id).order_by(Operator.name)))


def memberships(actor: Operator) -> Mapping[int, frozenset[int]]:
    """For each person in a team, the numbers of their teams. Forbidden."""
    scope.require(actor, Right.MANAGE_TEAMS)
    found: dict[int, frozenset[int]] = {}
    for row in db.session.scalars(select(TeamMember)):
        found[row.operator_id] = found.get(row.operator_id, frozenset()) | {row.team_id}
    return found


def open_invitation(token_hash: str) -> Operator | None:
    """Whom a link invites; None where it was used, replaced, is too old, or never was."""
    return db.session.scalar(
        select(Operator).join(Invitation, Invitation.operator_id == Operator.id)
        .where(Invitation.token_hash == token_hash, Invitation.used_at.is_(None), Operator.active)
        .where(Invitation.expires_at > clock.now())
    )


def holdings(actor: Operator) -> Mapping[int, int]:
    """How many reports each person holds; people who hold none are left out. Forbidden."""
    scope.require(actor, Right.MANAGE_PEOPLE, Right.MANAGE_ACCOUNTS, Right.ASSIGN_REPORTS)
    query = select(Assignment.operator_id, func.count()).where(Assignment.ended_at.is_(None))
    return {row[0]: row[1] for row in db.session.execute(query.group_by(Assignment.operator_id))}


def on_shift_choices(actor: Operator) -> list[OperatorLine]:
    """Everybody a report or an account can be given to: those taking first, then those with the most room. Forbidden.
    """
    scope.require(actor, Right.ASSIGN_REPORTS, Right.MANAGE_ACCOUNTS)
    held = holdings(actor)
    lines = [_line(each, held.get(each.id, 0)) for each in _everybody() if each.reads_reports]
    return sorted(lines, key=lambda line: (SHIFT_ORDER[line.shift], line.holding - line.capacity, line.public_name))


def _line(operator: Operator, holding: int) -> OperatorLine:
    return OperatorLine(
        id=operator.id, name=operator.name, public_name=operator.public_name,
        languages=sorted(operator.languages), shift=operator.shift, silent_minutes=_silent(operator),
        holding=holding, capacity=operator.capacity, oldest_unanswered_at=None, sent_last_hour=0,
        accounts=(), reports=(),
    )


def _silent(operator: Operator) -> int | None:
    if not operator.on_shift or operator.last_seen_at is None:
        return None
    minutes = int((clock.now() - operator.last_seen_at).total_seconds() // 60)
    return minutes if minutes >= SILENT_MINUTES else None
