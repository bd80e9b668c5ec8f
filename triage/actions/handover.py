"""Giving reports that somebody holds to somebody else, without stepping on what changed meanwhile."""

from __future__ import annotations

from triage.actions import assignments, matters
from triage.db import db
from triage.errors import N_, NotFound, TriageError
from triage.models import Assignment, Operator
from triage.queries import scope
from triage.rights import Right


class HolderChanged(TriageError):
    """Somebody else holds the report now. params: holder (public name)."""

    code, status = "holder_changed", 409
    sentence = N_("Left as it is: %(holder)s holds it now.")


class NotHeld(TriageError):
    """Nobody holds the report any more."""

    code, status = "not_held", 409
    sentence = N_("Left as it is: nobody holds it any more.")


def give(report_id: int, was_operator_id: int, to_operator_id: int, actor: Operator) -> Assignment:
    """Give a report to somebody, if the one whom the coordinator's page named still holds it.

    Raises HolderChanged or NotHeld where the page was out of date, else what `assignments.assign` raises.
    """
    scope.require(actor, Right.ASSIGN_REPORTS)
    to = db.session.get(Operator, to_operator_id)
    if to is None:
        raise NotFound
    assignments.require_room(to)
    held = matters.holding(matters.lock(report_id, actor).id)
    if held is None:
        raise NotHeld
    if held.operator_id != was_operator_id:
        raise HolderChanged(holder=matters.holder_name(held))
    return assignments.assign(report_id, to_operator_id, actor)
