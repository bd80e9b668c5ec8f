"""People of the desk: who there is, in which teams, who can be given a report."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from triage import clock
from triage.db import db
from triage.models import Assignment, Invitation, Operator, Team, TeamMember
from triage.queries.shapes import OperatorLine

SHIFT_ORDER = {"taking": 0, "finishing": 1, "off": 2}
SILENT_MINUTES = 5


def operators() -> list[Operator]:
    """Everybody, active people first, by name."""
    return list(db.session.scalars(select(Operator).order_by(Operator.active.desc(), func.lower(Operator.name))))


def by_email(email: str) -> Operator | None:
    """The person who signs in with this address, written in any case."""
    return db.session.scalar(select(Operator).where(Operator.email == email.strip().lower()))


def teams() -> list[Team]:
    """Every team by name."""
    return list(db.session.scalars(select(Team).order_by(func.lower(Team.name))))


def members(team_id: int) -> list[Operator]:
    """The people of a team by name."""
    joined = select(Operator).join(TeamMember, TeamMember.operator_id == Operator.id)
    return list(db.session.scalars(joined.where(TeamMember.team_id == team_id).order_by(Operator.name)))


def memberships() -> Mapping[int, frozenset[int]]:
    """For each person in a team, the numbers of their teams."""
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


def holdings() -> Mapping[int, int]:
    """How many reports each person holds; people who hold none are left out."""
    query = select(Assignment.operator_id, func.count()).where(Assignment.ended_at.is_(None))
    return {row[0]: row[1] for row in db.session.execute(query.group_by(Assignment.operator_id))}


def on_shift_choices() -> list[OperatorLine]:
    """Everybody a report can be given to: those taking first, then those with the most room."""
    held = holdings()
    lines = [_line(each, held.get(each.id, 0)) for each in operators() if each.active and each.reads_reports]
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
