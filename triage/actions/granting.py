"""Who may make and change whom: nobody makes or changes somebody mightier than themselves."""

from __future__ import annotations

from collections.abc import Collection

from triage.errors import Forbidden
from triage.models import Operator
from triage.queries import scope
from triage.rights import Right

PLAIN = frozenset({"operator"})  # whom somebody without the right to grant roles may make and change


def require(actor: Operator | None, roles: Collection[str]) -> None:
    """Forbidden unless `actor` may make somebody with `roles` and change them. None is the command line."""
    if actor is None or actor.may(Right.GRANT_ROLES):
        return
    scope.require(actor, Right.MANAGE_PEOPLE)
    if set(roles) - PLAIN:
        raise Forbidden


def may_change(actor: Operator, other: Operator) -> bool:
    """Whether `actor` may change and re-invite `other`."""
    return actor.may(Right.GRANT_ROLES) or (actor.may(Right.MANAGE_PEOPLE) and other.roles <= PLAIN)
