"""The one table of rights: what each right allows, and which roles have it. What stands nowhere is nobody's.

A right opens a door; which reports, people or accounts stand behind it for whom is decided by the
loaders (`triage.queries.scope`, the actions), which all take the actor. Somebody who is only admin or
auditor has no right that leads to the text of a report (house.md, section 2).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

EVERYBODY = frozenset({"operator", "coordinator", "admin", "auditor"})


class Right(StrEnum):
    """What somebody may be allowed to do."""

    OWN_PAGE = "own_page"  # password, sessions, language: one's own, whoever one is
    READ_REPORTS = "read_reports"  # the queue, the text and the conversation of reports in one's scope
    HANDLE_REPORTS = "handle_reports"  # take, answer, note, route, close, reopen, split
    ASSIGN_REPORTS = "assign_reports"  # give a report to somebody, take it from somebody
    SEE_FLOOR = "see_floor"  # who does what, decisions, leases, the ledger
    READ_QUARANTINE = "read_quarantine"  # raw items that nobody could read
    MANAGE_PEOPLE = "manage_people"
    MANAGE_ACCOUNTS = "manage_accounts"


RIGHTS: Mapping[Right, frozenset[str]] = {
    Right.OWN_PAGE: EVERYBODY,
    Right.READ_REPORTS: frozenset({"operator", "coordinator"}),
    Right.HANDLE_REPORTS: frozenset({"operator", "coordinator"}),
    Right.ASSIGN_REPORTS: frozenset({"coordinator"}),
    Right.SEE_FLOOR: frozenset({"coordinator"}),
    Right.READ_QUARANTINE: frozenset({"coordinator"}),
    Right.MANAGE_PEOPLE: frozenset({"coordinator", "admin"}),
    Right.MANAGE_ACCOUNTS: frozenset({"coordinator", "admin"}),
}


def has(roles: Collection[str], right: Right) -> bool:
    """Whether somebody with `roles` has `right`."""
    return not RIGHTS[right].isdisjoint(roles)
