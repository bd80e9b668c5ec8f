"""Nothing is lost at our doors: what arrives is in the database, or on disk until it can be, before we say so."""

from __future__ import annotations

import errno

from sqlalchemy.exc import SQLAlchemyError

from triage import context, logs
from triage.actions import arrivals
from triage.actions.arrivals import Arrived
from triage.db import unavailable
from triage.reach import OutOfReach, reach

log = logs.logger(__name__)

RETRY_AFTER = {"Retry-After": "30"}  # seconds


class NotKept(Exception):
    """Neither the database nor the spool could keep it: whoever brought it must bring it again."""


def keep(arrived: Arrived) -> bool:
    """Take in what arrived; whether it is in the database already, else it waits in the spool. Raises NotKept.

    Takes a few seconds at most, whatever state the database is in. An error of the domain (NotFound)
    leaves as it is: then nothing was kept.
    """
    try:
        reach().together(arrivals.take_in, arrived)
    except (OutOfReach, SQLAlchemyError) as problem:
        if isinstance(problem, SQLAlchemyError) and not unavailable(problem):
            log.error("arrival.not_taken_in", problem=type(problem).__name__)
        _spool(arrived)
        return False
    return True


def _spool(arrived: Arrived) -> None:
    try:
        context.spool().put(arrivals.pack(arrived), arrived.received_at)
    except OSError as problem:
        log.error("spool.refused", problem=errno.errorcode.get(problem.errno or 0, "OSError"))
        raise NotKept from problem
