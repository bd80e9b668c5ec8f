"""Accounts: our identities at providers."""

from __future__ import annotations

from sqlalchemy import JSON, CheckConstraint, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from triage.db import Base
from triage.models.columns import Key, Moment, Word, link


class Account(Base):
    """One identity on a channel at a provider. With `operator_id` it is that operator's secondary account.

    `limits` is a list of [count, seconds] windows; NULL takes the channel's defaults. The secret is
    sealed with context `accounts.secret|channel|provider|address`.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("channel", "provider", "address"),
        CheckConstraint("can_receive OR can_send", name="does_something"),
    )

    id: Mapped[Key]
    channel: Mapped[Word]
    provider: Mapped[Word]
    address: Mapped[str] = mapped_column(String(254))
    label: Mapped[str] = mapped_column(String(120), default="")
    can_receive: Mapped[bool]
    can_send: Mapped[bool]
    operator_id: Mapped[int | None] = link("operators.id", null=True, index=True)
    secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    limits: Mapped[list[list[int]] | None] = mapped_column(JSON)
    paused_until: Mapped[Moment | None]
    paused_at: Mapped[Moment | None]  # by a person, until a person resumes it
    needs_attention: Mapped[str | None] = mapped_column(String(200))
    cursor: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[Moment]

    @property
    def secret_context(self) -> str:
        """What the sealed secret is bound to."""
        return f"accounts.secret|{self.channel}|{self.provider}|{self.address}"
