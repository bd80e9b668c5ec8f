"""Reports: the matters of the queue, and the consent given with them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ColumnElement, Index, String, UniqueConstraint, func, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.compiler import SQLCompiler

from triage.db import Base, BigKey, UtcDateTime
from triage.models.columns import Key, Moment, Word, link, one_of

STATUSES = ("open", "assigned", "closed", "duplicate")
OUTCOMES = ("actionable", "not_actionable", "no_answer")
REASONS = ("spam", "off_topic", "test", "abuse", "empty", "thanks", "other")
PURPOSES = ("answer", "forward", "publish")
NORMAL, URGENT, DANGER = 2, 1, 0


class Report(Base):
    """One matter: claimed, answered, closed. Everything later points to it.

    `priority` 0 danger now, 1 urgent, 2 normal. `unanswered_since` is the oldest inbound message no
    person has answered; it survives release and lease, so a returned report keeps its place.
    """

    __tablename__ = "reports"
    __table_args__ = (
        one_of("status", STATUSES, "status"),
        one_of("outcome", OUTCOMES, "outcome"),
        one_of("reason", REASONS, "reason"),
        # A closed copy remembers what it is a copy of, and is reopened with it.
        CheckConstraint("status = 'closed' OR (status = 'duplicate') = (duplicate_of IS NOT NULL)",
                        name="duplicate_of"),
        CheckConstraint("duplicate_of <> id", name="not_itself"),
        CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_at"),
        CheckConstraint("(status = 'closed') = (outcome IS NOT NULL)", name="closed_outcome"),
        CheckConstraint("outcome <> 'not_actionable' OR reason IS NOT NULL", name="discard_reason"),
        CheckConstraint("priority BETWEEN 0 AND 2", name="priority"),
        Index("uq_reports_live_thread", "thread_key", unique=True,
              sqlite_where=text("status <> 'closed'"), postgresql_where=text("status <> 'closed'")),
        Index("ix_reports_queue", "priority", "unanswered_since", "id",
              sqlite_where=text("status = 'open'"), postgresql_where=text("status = 'open'")),
        Index("ix_reports_thread_key_id", "thread_key", "id"),
        Index("ix_reports_closed_at", "closed_at",  # not led by status: SQLite would prefer it to the queue's own
              sqlite_where=text("closed_at IS NOT NULL"), postgresql_where=text("closed_at IS NOT NULL")),
        # Of copies alone: else SQLite finds what was resolved by "is no copy", which nearly everything is.
        Index("ix_reports_duplicate_of", "duplicate_of",
              sqlite_where=text("duplicate_of IS NOT NULL"), postgresql_where=text("duplicate_of IS NOT NULL")),
        Index("ix_reports_awaiting_citizen_since", "awaiting_citizen_since",
              sqlite_where=text("awaiting_citizen_since IS NOT NULL"),
              postgresql_where=text("awaiting_citizen_since IS NOT NULL")),
        Index("ix_reports_snoozed_until", "snoozed_until",
              sqlite_where=text("snoozed_until IS NOT NULL"), postgresql_where=text("snoozed_until IS NOT NULL")),
        Index("ix_reports_place_id", "place_id",
              sqlite_where=text("place_id IS NOT NULL"), postgresql_where=text("place_id IS NOT NULL")),
        Index("ix_reports_incident_id", "incident_id",
              sqlite_where=text("incident_id IS NOT NULL"), postgresql_where=text("incident_id IS NOT NULL")),
        Index("ix_reports_compare_by", "compare_by",
              sqlite_where=text("compare_by IS NOT NULL"), postgresql_where=text("compare_by IS NOT NULL")),
        UniqueConstraint("receipt_key"),
    )

    id: Mapped[Key]
    contact_id: Mapped[int | None] = link("contacts.id", null=True, index=True)
    reply_contact_id: Mapped[int | None] = link("contacts.id", null=True, index=True)
    channel: Mapped[Word]
    account_id: Mapped[int | None] = link("accounts.id", null=True)
    thread_key: Mapped[str] = mapped_column(String(200))
    status: Mapped[Word]
    team_id: Mapped[int | None] = link("teams.id", null=True)
    priority: Mapped[int] = mapped_column(default=NORMAL)
    language: Mapped[str | None] = mapped_column(String(12))
    place_text: Mapped[str | None] = mapped_column(String(200))
    # The place of the desk's list, and who said so or took it away; without anybody the machine found it.
    place_id: Mapped[int | None] = link("places.id", null=True)
    placed_by: Mapped[int | None] = link("operators.id", null=True)
    occurred_at: Mapped[Moment | None]
    received_at: Mapped[Moment]
    unanswered_since: Mapped[Moment | None]
    awaiting_citizen_since: Mapped[Moment | None]
    snoozed_until: Mapped[Moment | None]
    # Number of the last message when it was closed: nothing up to there waits.
    handled_through: Mapped[int | None] = mapped_column(BigKey)
    duplicate_of: Mapped[int | None] = link("reports.id", null=True)
    # Of a copy: the number of its primary's last answer when it was linked. Only later answers were meant for it too.
    linked_after: Mapped[int | None] = mapped_column(BigKey)
    split_from: Mapped[int | None] = link("reports.id", null=True)
    firsthand: Mapped[bool | None]
    outcome: Mapped[Word | None]
    reason: Mapped[Word | None]
    closed_at: Mapped[Moment | None]
    reopened_at: Mapped[Moment | None]
    receipt_key: Mapped[str | None] = mapped_column(String(64))
    incident_id: Mapped[int | None] = link("incidents.id", null=True)
    # Not compared yet with what is there: until then nobody takes it without comparing it first.
    compare_by: Mapped[Moment | None]

    @property
    def live(self) -> bool:
        """Whether follow-ups join this report without reopening it."""
        return self.status != "closed"


class Far(ColumnElement[datetime]):
    """A moment after all others, spelled in the statement itself: only so is the index of the line used."""

    inherit_cache = True
    type = UtcDateTime()


@compiles(Far, "sqlite")
def _far_on_sqlite(_element: Far, _compiler: SQLCompiler, **_words: object) -> str:
    return "'9999-01-01 00:00:00.000000'"


@compiles(Far, "postgresql")
def _far_on_postgresql(_element: Far, _compiler: SQLCompiler, **_words: object) -> str:
    return "'9999-01-01 00:00:00+00'::timestamptz"


# Since when it waits for an answer; what waits for nobody sorts last.
WAITS_SINCE = func.coalesce(Report.unanswered_since, Far())
Index("ix_reports_line", Report.priority, WAITS_SINCE, Report.id,
      sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL"))


class Consent(Base):
    """What a person allowed for one report, in which words and from where we know."""

    __tablename__ = "consents"
    __table_args__ = (UniqueConstraint("report_id", "purpose"), one_of("purpose", PURPOSES, "purpose"))

    id: Mapped[Key]
    report_id: Mapped[int] = link("reports.id")
    purpose: Mapped[Word]
    granted: Mapped[bool]
    wording: Mapped[str] = mapped_column(String(500))
    source: Mapped[Word]
    given_at: Mapped[Moment]
