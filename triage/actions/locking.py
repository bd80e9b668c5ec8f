"""The order of locks where it cannot be known before one of them is had (docs/decisions/012).

Which report stands for another, and who had one last, may change while somebody waits for their lock. Whoever finds
that must not wait for anything more while they hold it: they let go of everything and begin anew. A savepoint would
not do: who waits for a lock that was given back with one may go on waiting for the whole transaction.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from triage.db import RETRIES, Again, db


class Moved(Again):
    """What was locked, or whose it is, is not what it was when it was looked for; or it comes `before` what is locked.

    The transaction begins anew.
    """

    def __init__(self, *before: int) -> None:
        super().__init__(before=first() | set(before))
        RETRIES["order"] += 1


def first() -> AbstractSet[int]:
    """The numbers of reports that an earlier run of the transaction should have locked before others."""
    found: AbstractSet[int] = db.session.info.get("before", frozenset())
    return found
