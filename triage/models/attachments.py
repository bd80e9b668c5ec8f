"""Attachments: files that came with a message or leave with one, sealed on disk; what was said in them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from triage.db import Base
from triage.models.columns import Key, Moment, Word, link, one_of

STATES = ("waiting", "kept", "refused", "gone")
KINDS = ("image", "audio", "video", "document", "other")


class Attachment(Base):
    """One file of a message.

    `waiting` lies with its provider still (`source_sealed` opens with context `attachments.source|<message>|<place>`;
    `due_at` is when it is fetched next), `kept` is here, `refused` is not kept (`error` says why), `gone` could not be
    had. `content_type` and `kind` are found in its bytes, never believed. `original` and `clean` name sealed files:
    as it came, and without what tells who made it (None where there is no such copy). `sha256` is keyed: equal
    files have it, and nobody can look a known picture up by it.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        UniqueConstraint("message_id", "place"),
        one_of("state", STATES, "state"),
        one_of("kind", KINDS, "kind"),
        CheckConstraint("(state = 'kept') = (original IS NOT NULL)", name="kept"),
        CheckConstraint("(transcript IS NULL) = (transcribed_at IS NULL)", name="transcribed"),
        Index("ix_attachments_due", "state", "due_at", "id"),
        Index("ix_attachments_sha256", "sha256"),
    )

    id: Mapped[Key]
    message_id: Mapped[int] = link("messages.id")
    place: Mapped[int]
    state: Mapped[Word]
    kind: Mapped[Word] = mapped_column(default="other")
    filename: Mapped[str] = mapped_column(String(200), default="")
    content_type: Mapped[str] = mapped_column(String(100), default="")
    size: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    source_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    original: Mapped[str | None] = mapped_column(String(64))
    clean: Mapped[str | None] = mapped_column(String(64))
    clean_type: Mapped[str | None] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(String(200), default="")
    error: Mapped[str | None] = mapped_column(String(200))
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[Moment | None]
    created_at: Mapped[Moment]
    transcript: Mapped[str | None] = mapped_column(Text)
    transcribed_by: Mapped[int | None] = link("operators.id", null=True)
    transcribed_at: Mapped[Moment | None]

    @property
    def source_context(self) -> str:
        """What `source_sealed` opens with: this very row and no other."""
        return f"attachments.source|{self.message_id}|{self.place}"
