"""What operators write for themselves: internal notes and drafts of answers."""

from __future__ import annotations

from sqlalchemy import Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from triage.db import Base
from triage.models.columns import Key, Moment, link


class Note(Base):
    """An internal remark on a report; the citizen never sees it."""

    __tablename__ = "notes"
    __table_args__ = (Index("ix_notes_report_id_id", "report_id", "id"),)

    id: Mapped[Key]
    report_id: Mapped[int] = link("reports.id")
    operator_id: Mapped[int] = link("operators.id")
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Moment]


class Draft(Base):
    """What an operator has typed and not sent; one per report and operator, kept through every change of holder."""

    __tablename__ = "drafts"
    __table_args__ = (UniqueConstraint("report_id", "operator_id"),)

    id: Mapped[Key]
    report_id: Mapped[int] = link("reports.id")
    operator_id: Mapped[int] = link("operators.id")
    body: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[Moment]
