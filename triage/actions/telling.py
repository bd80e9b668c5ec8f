"""What a report is about may be told by a later message than its first: then it is compared once more."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Table, bindparam, delete, literal_column, select, update

from triage import clock
from triage.actions import matters
from triage.db import UtcDateTime, db
from triage.models import Report, Shingle, TextKey
from triage.similarity.preparing import prepare
from triage.statements import execute

REPORTS, KEYS = cast(Table, Report.__table__), cast(Table, TextKey.__table__)
# Of a report of its own, in which nothing said enough so far.
AGAIN = update(REPORTS).where(
    REPORTS.c.id == bindparam("number"), REPORTS.c.status != literal_column("'closed'"),
    REPORTS.c.duplicate_of.is_(None), REPORTS.c.compare_by.is_(None),
    ~select(KEYS.c.report_id).where(KEYS.c.report_id == REPORTS.c.id).correlate(REPORTS).exists(),
).values(compare_by=bindparam("moment", type_=UtcDateTime))


def joined(report_id: int, said: str) -> None:
    """A message was stored on a locked report: where nothing had told what that is about, and this does, compare it."""
    if not prepare(said).is_empty:
        execute(AGAIN, {"number": report_id, "moment": clock.now() + matters.COMPARED_WITHIN})


def moved(report: Report, message_id: int) -> None:
    """The messages from this one on left a locked report: where one of them told what it is about, compare it anew."""
    told = db.session.get(TextKey, report.id)
    if told is None or told.message_id < message_id:
        return
    for keys in (Shingle, TextKey):
        db.session.execute(delete(keys).where(keys.report_id == report.id))
    report.compare_by = clock.now() + matters.COMPARED_WITHIN
