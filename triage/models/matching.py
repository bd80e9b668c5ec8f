"""What reports are compared by, and what came of it: links, suggestions and refusals, none of them ever deleted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, CheckConstraint, Float, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from triage.db import Base, BigKey
from triage.models.columns import Key, Moment, Word, link, one_of

INCIDENT_STATES = ("open", "closed")
KINDS = ("same_message", "same_incident")
STATES = ("suggested", "linked", "rejected", "undone")


class TextKey(Base):
    """The message that tells what a report is about, and the fingerprint of its body. One a report."""

    __tablename__ = "text_keys"
    __table_args__ = (Index("ix_text_keys_body_hash_report_id", "body_hash", "report_id"),)

    report_id: Mapped[int] = mapped_column(BigKey, ForeignKey("reports.id"), primary_key=True, autoincrement=False)
    message_id: Mapped[int] = link("messages.id", index=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    rules: Mapped[int]


class Shingle(Base):
    """A pair of words, or a telling word, of a report: by them what may be the same is found."""

    __tablename__ = "shingles"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - as SQLAlchemy wants it

    h: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    report_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("reports.id"), primary_key=True, autoincrement=False, index=True)


class Match(Base):
    """Two reports that were found alike: in what way, why, by whom, and what became of it.

    `report_id` is the later one. One line a pair and kind: what was refused is not asked again.
    """

    __tablename__ = "matches"
    __table_args__ = (
        one_of("kind", KINDS, "kind"),
        one_of("state", STATES, "state"),
        CheckConstraint("other_id < report_id", name="the_later_first"),
        CheckConstraint("score BETWEEN 0 AND 1", name="score"),
        UniqueConstraint("report_id", "other_id", "kind"),
        Index("ix_matches_other_id_state", "other_id", "state"),
        Index("ix_matches_suggested", "report_id",
              sqlite_where=text("state = 'suggested'"), postgresql_where=text("state = 'suggested'")),
    )

    id: Mapped[Key]
    report_id: Mapped[int] = link("reports.id")
    other_id: Mapped[int] = link("reports.id")
    kind: Mapped[Word]
    state: Mapped[Word]
    score: Mapped[float] = mapped_column(Float)
    why: Mapped[dict[str, Any]] = mapped_column(JSON)  # words of the explanation, by kind of reason
    rules: Mapped[int]  # the version of the rules that found it
    found_at: Mapped[Moment]
    operator_id: Mapped[int | None] = link("operators.id", null=True)  # who decided; None: the desk by itself
    decided_at: Mapped[Moment | None]


class Incident(Base):
    """Something that happened, told by several first-hand voices. Reports point to it and can be taken out again."""

    __tablename__ = "incidents"
    __table_args__ = (one_of("state", INCIDENT_STATES, "state"),)

    id: Mapped[Key]
    title: Mapped[str] = mapped_column(String(200))
    state: Mapped[Word]
    place_id: Mapped[int | None] = link("places.id", null=True)
    operator_id: Mapped[int] = link("operators.id")  # who said first that two reports tell of the same
    created_at: Mapped[Moment]
