"""Teams: groups a report can be routed to."""

from __future__ import annotations

from sqlalchemy import delete

from triage import events
from triage.db import db
from triage.errors import N_, BadInput, NotFound
from triage.events import Kind
from triage.models import Operator, Team, TeamMember
from triage.queries import scope
from triage.rights import Right
from triage.statements import insert_once

MOST_NAME = 80
NO_NAME = N_("A team needs a name of at most %(most)s characters.")
ALREADY_THERE = N_("There is a team called %(name)s already.")


def add_team(name: str, actor: Operator | None = None) -> Team:
    """A new team without members."""
    _may(actor)
    plain = " ".join(name.split())
    if not plain or len(plain) > MOST_NAME or not plain.isprintable():
        raise BadInput(NO_NAME, "name", most=MOST_NAME)
    added = insert_once(Team, ("name",), name=plain)
    if added is None:
        raise BadInput(ALREADY_THERE, "name", name=plain)
    events.record(Kind.TEAM_CHANGED, None, actor.id if actor else None, team=added, what="added")
    return db.session.get_one(Team, added)


def join_team(team_id: int, operator_id: int, actor: Operator | None = None) -> None:
    """Make a person a member; nothing happens where they are one."""
    _may(actor)
    if db.session.get(Team, team_id) is None or db.session.get(Operator, operator_id) is None:
        raise NotFound
    if insert_once(TeamMember, ("team_id", "operator_id"), team_id=team_id, operator_id=operator_id) is not None:
        _note(actor, team_id, operator_id, "joined")


def leave_team(team_id: int, operator_id: int, actor: Operator | None = None) -> None:
    """End a membership. What the person holds stays theirs."""
    _may(actor)
    gone = delete(TeamMember).where(TeamMember.team_id == team_id, TeamMember.operator_id == operator_id)
    if db.session.execute(gone.returning(TeamMember.team_id)).first() is not None:
        _note(actor, team_id, operator_id, "left")


def _note(actor: Operator | None, team_id: int, operator_id: int, what: str) -> None:
    events.record(Kind.TEAM_CHANGED, None, actor.id if actor else None, team=team_id, operator=operator_id, what=what)


def _may(actor: Operator | None) -> None:
    if actor is not None:
        scope.require(actor, Right.MANAGE_TEAMS)
