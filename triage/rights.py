"""The one table of rights: what each right allows, and which roles have it. What stands nowhere is nobody's.

A right opens a door; which reports, people or accounts stand behind it for whom is decided by the
loaders (`triage.queries.scope`, the actions), which all take the actor. Somebody who is only admin or
auditor has no right that leads to the text of a report (house.md, section 2). Roles are a set: a person
has every right that one of their roles has. docs/security.md shows this table to people.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

EVERYBODY = frozenset({"operator", "coordinator", "admin", "auditor"})


class Right(StrEnum):
    """What somebody may be allowed to do."""

    OWN_PAGE = "own_page"  # password, sessions, language: one's own, whoever one is
    READ_REPORTS = "read_reports"  # the queue, the text and the conversation of reports of no team and of own teams
    READ_EVERY_TEAM = "read_every_team"  # the reports of teams one is not in, too
    HANDLE_REPORTS = "handle_reports"  # take, answer and note; route, close, reopen and split what one holds
    STEP_IN = "step_in"  # route, close, split, link, wake and decide on a report that somebody else holds
    NAME_OBSERVERS = "name_observers"  # say of somebody who reports that they are a registered observer, or are none
    ASSIGN_REPORTS = "assign_reports"  # give a report to somebody, take it from somebody
    SEE_FLOOR = "see_floor"  # who does what, what needs a decision, the ledger
    RESUME_LEASES = "resume_leases"  # let the clocks run again after an outage
    OPEN_ORIGINALS = "open_originals"  # files as they came, with what they say of who made them, for a reason
    READ_QUARANTINE = "read_quarantine"  # raw items that nobody could read, and letting them be read again
    SEE_ALL_CHANGES = "see_all_changes"  # events about people, accounts and raw items, not only one's own
    MANAGE_PEOPLE = "manage_people"  # the list of people; add, invite and change those who are operators and no more
    GRANT_ROLES = "grant_roles"  # make anybody anything; invite and change people with any role
    MANAGE_TEAMS = "manage_teams"  # add teams, and who is in which
    MANAGE_PLACES = "manage_places"  # the list of places: look at it, import a new one
    MANAGE_ACCOUNTS = "manage_accounts"  # numbers and handles of ours, their keys and limits, who answers from which


RIGHTS: Mapping[Right, frozenset[str]] = {
    Right.OWN_PAGE: EVERYBODY,
    Right.READ_REPORTS: frozenset({"operator", "coordinator"}),
    Right.READ_EVERY_TEAM: frozenset({"coordinator"}),
    Right.HANDLE_REPORTS: frozenset({"operator", "coordinator"}),
    Right.STEP_IN: frozenset({"coordinator"}),
    Right.NAME_OBSERVERS: frozenset({"coordinator"}),
    Right.ASSIGN_REPORTS: frozenset({"coordinator"}),
    Right.SEE_FLOOR: frozenset({"coordinator"}),
    Right.RESUME_LEASES: frozenset({"coordinator"}),
    Right.OPEN_ORIGINALS: frozenset({"coordinator"}),
    Right.READ_QUARANTINE: frozenset({"coordinator"}),
    Right.SEE_ALL_CHANGES: frozenset({"coordinator"}),
    Right.MANAGE_PEOPLE: frozenset({"coordinator", "admin"}),
    Right.GRANT_ROLES: frozenset({"admin"}),
    Right.MANAGE_TEAMS: frozenset({"coordinator", "admin"}),
    Right.MANAGE_PLACES: frozenset({"coordinator", "admin"}),
    Right.MANAGE_ACCOUNTS: frozenset({"coordinator", "admin"}),
}


def has(roles: Collection[str], right: Right) -> bool:
    """Whether somebody with `roles` has `right`."""
    return not RIGHTS[right].isdisjoint(roles)
