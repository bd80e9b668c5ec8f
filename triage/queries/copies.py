"""What a report is a copy of, and what is a copy of it."""

from __future__ import annotations

from sqlalchemy import select

from triage.db import db
from triage.models import Operator, Report
from triage.queries import rows, scope
from triage.queries.shapes import Row

MOST_COPIES = 200


def primary_of(report_id: int, actor: Operator) -> int | None:
    """The number of the report this one is a copy of, where `actor` may see that one."""
    primary = select(Report.duplicate_of).where(Report.id == report_id).scalar_subquery()
    return db.session.scalar(select(Report.id).where(Report.id == primary, scope.visible(actor)))


def copies_of(report_id: int, actor: Operator) -> list[Row]:
    """The copies of a report which `actor` may see, the oldest first, at most MOST_COPIES."""
    query = select(Report).where(Report.duplicate_of == report_id, scope.visible(actor))
    return rows.of(list(db.session.scalars(query.order_by(Report.id).limit(MOST_COPIES))), actor)
