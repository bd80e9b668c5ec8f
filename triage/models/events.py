"""Events: the history, numbered in commit order, append-only by trigger."""

from __future__ import annotations

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from triage.db import Base, BigKey
from triage.models.columns import Moment, Word, link


class Event(Base):
    """One line of the history. `data` holds ids and words of state only, never text or a contact."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_report_id_seq", "report_id", "seq"), {"sqlite_autoincrement": True})

    seq: Mapped[int] = mapped_column(BigKey, primary_key=True)
    report_id: Mapped[int | None] = link("reports.id", null=True)
    operator_id: Mapped[int | None] = link("operators.id", null=True)
    kind: Mapped[Word]
    data: Mapped[dict[str, object]] = mapped_column(JSON)
    occurred_at: Mapped[Moment]
