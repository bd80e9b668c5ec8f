"""API tokens: what a program shows to act for one person of the desk."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from triage.db import Base
from triage.models.columns import Key, Moment, Word, WordSet, link, one_of

SCOPES = ("read", "write")
END_REASONS = ("ended", "password", "switched_off")


class ApiToken(Base):
    """Acts for `operator_id` within `scopes`, until it expires or is ended. Only its SHA-256 is stored."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        one_of("end_reason", END_REASONS, "end_reason"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended"),
    )

    id: Mapped[Key]
    operator_id: Mapped[int] = link("operators.id", index=True)
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[frozenset[str]] = mapped_column(WordSet)
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    last_used_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    end_reason: Mapped[Word | None]
