"""What became of a transaction whose COMMIT was not answered (PostgreSQL).

Its number is asked for over a new connection: see PostgreSQL's manual, `pg_xact_status`. That alone is
not enough. A server that crashes before it wrote anything of a transaction to disk gives the same number
to another one afterwards, and then says "committed" of that one. So where the transaction wrote a line of
the history, that line must be there; where it wrote none and the server has crashed meanwhile, nobody knows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolEmpty

from triage import clock

LONGEST_SECONDS = 8.0  # how long it is asked for
PAUSE = 0.05
MARGIN = 0.5  # seconds by which a crash may seem older than it is
IN_THE_FUTURE = "22023"  # the server has not given this number out: it crashed before it wrote it down
# Statistics begin anew after a crash, also after one that only restarted the server's processes.
ASK = text("""
    SELECT pg_xact_status(CAST(:number AS xid8)),
        greatest(pg_postmaster_start_time(), (SELECT stats_reset FROM pg_stat_bgwriter))
            > clock_timestamp() - make_interval(secs => :seconds)
""")

Info = Mapping[str, Any]
Evidence = Callable[[Connection, Info], bool | None]

_evidence: list[Evidence] = []


class CommitUnknown(Exception):
    """The answer to COMMIT was lost and the database has not come back to say whether it took place."""


def evidence(look: Evidence) -> None:
    """Ask `look(connection, info)` whether what a transaction wrote is there; None: it wrote nothing to look for."""
    _evidence.append(look)


def took_place(engine: Engine, number: str, info: Info, said_at: float) -> bool:
    """Whether the transaction with this number took place. CommitUnknown where nobody can say in time.

    The server may still be busy committing it, or be starting anew: then it is asked again. `said_at` is
    when COMMIT was said, by the steady clock.
    """
    until = clock.steady() + LONGEST_SECONDS
    while clock.steady() < until:
        answer = _ask(engine, number, info, clock.steady() - said_at + MARGIN)
        if answer is not None:
            return answer
        time.sleep(PAUSE)
    raise CommitUnknown


def _ask(engine: Engine, number: str, info: Info, seconds: float) -> bool | None:
    try:
        with engine.connect() as connection:
            status, crashed = connection.execute(ASK, {"number": number, "seconds": seconds}).one()
            if status != "committed":
                return False if status == "aborted" else None
            return _written(connection, info, crashed=crashed)
    except (DBAPIError, PoolEmpty) as problem:
        state = getattr(getattr(problem, "orig", None), "sqlstate", None)
        return False if state == IN_THE_FUTURE else None


def _written(connection: Connection, info: Info, *, crashed: bool) -> bool:
    found = [answer for look in _evidence if (answer := look(connection, info)) is not None]
    if crashed and not found:
        raise CommitUnknown
    return all(found)
