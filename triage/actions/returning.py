"""A report that comes back to who had it last: people are locked before reports (docs/decisions/012).

Who that is can be known for sure only behind the lock of the report. So it is looked up first, and asked again there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table, bindparam, func, literal_column, select

from triage.actions import locking
from triage.db import BigKey, db
from triage.models import Assignment, Operator, Report
from triage.rights import Right
from triage.statements import execute

PEOPLE, HELD, REPORTS = (cast(Table, model.__table__) for model in (Operator, Assignment, Report))
NUMBERS = bindparam("numbers", type_=BigKey, expanding=True)
STANDS = select(func.coalesce(REPORTS.c.duplicate_of, REPORTS.c.id)).where(REPORTS.c.id.in_(NUMBERS))
CLOSED = select(REPORTS.c.id).where(REPORTS.c.id.in_(STANDS), REPORTS.c.status == literal_column("'closed'"))
LAST = select(func.max(HELD.c.id)).where(HELD.c.report_id.in_(CLOSED)).group_by(HELD.c.report_id)
HAD = select(HELD.c.operator_id).where(HELD.c.id.in_(LAST))
LAST_HOLDERS = select(PEOPLE.c.id).where(PEOPLE.c.id.in_(HAD)).order_by(PEOPLE.c.id).with_for_update(key_share=True)


def lock_last_holders(report_ids: Sequence[int]) -> None:
    """Whoever had these reports last, where what stands for them is closed: before they are locked themselves."""
    if report_ids:
        execute(LAST_HOLDERS, {"numbers": report_ids})


def takes_back(operator_id: int, report_id: int) -> bool:
    """Whether they are there to go on with a report. Behind their lock: they may be switched off at this moment.

    Moved where that lock is somebody else's: it was another who was to be locked before the report.
    """
    at_once = {"key_share": True, "skip_locked": True}
    operator = db.session.get(Operator, operator_id, with_for_update=at_once, populate_existing=True)
    if operator is None:
        raise locking.Moved(report_id)
    return operator.on_shift and operator.may(Right.HANDLE_REPORTS)
