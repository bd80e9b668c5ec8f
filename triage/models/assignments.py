"""Assignments: the fact that an operator holds a report. The id is the fence."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped

from triage.db import Base
from triage.models.columns import Key, Moment, Word, link, one_of

END_REASONS = ("released", "reassigned", "lease", "closed", "linked")


class Assignment(Base):
    """Open at most once per report, ended once, never rewritten."""

    __tablename__ = "assignments"
    __table_args__ = (
        one_of("end_reason", END_REASONS, "end_reason"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended"),
        # The second condition always holds. It keeps PostgreSQL from looking for what one person holds along this
        # index, through what everybody holds: it did, as long as its statistics said that hardly anything is held.
        Index("uq_assignments_open", "report_id", unique=True, sqlite_where=text("ended_at IS NULL"),
              postgresql_where=text("ended_at IS NULL AND report_id IS NOT NULL")),
        Index("ix_assignments_open_operator", "operator_id",
              sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
        Index("ix_assignments_report_id_id", "report_id", "id"),
    )

    id: Mapped[Key]
    report_id: Mapped[int] = link("reports.id")
    operator_id: Mapped[int] = link("operators.id")
    assigned_by: Mapped[int | None] = link("operators.id", null=True)
    started_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    end_reason: Mapped[Word | None]
    last_active_at: Mapped[Moment]
