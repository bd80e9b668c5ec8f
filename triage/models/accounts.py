"""Accounts: our identities at providers; what a message costs."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, CheckConstraint, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from triage.db import Base, BigKey
from triage.models.columns import Key, Moment, Word, link, one_of

TROUBLES = ("broken", "suspended")
WAITS = ("asked", "failing")


class Account(Base):
    """One identity on a channel at a provider. With `operator_id` it is that operator's secondary account.

    `limits` is a list of [count, seconds] windows; NULL takes the channel's defaults. The secret is
    sealed with context `accounts.secret|channel|provider|address`; `options` are a provider's own settings
    that are no secrets. `paused_until` with `paused_why`: the provider `asked` us to wait, or it was `failing`.
    `trouble`: a person must mend it (`broken`), or the provider has `suspended` it; `troubled_at` is when that
    was last seen. `budget_micros` and `ceiling_micros` are millionths of the desk's currency in 24 hours: past
    the first somebody is told, past the second nothing leaves. `turn` is how far its queue has come and
    `next_slot_at` when the next message may leave; both are set by who begins an attempt.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("channel", "provider", "address"),
        CheckConstraint("can_receive OR can_send", name="does_something"),
        one_of("trouble", TROUBLES, "trouble"),
        one_of("paused_why", WAITS, "paused_why"),
        CheckConstraint("(trouble IS NULL) = (needs_attention IS NULL)", name="trouble_said"),
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
    options: Mapped[dict[str, str] | None] = mapped_column(JSON)
    budget_micros: Mapped[int | None] = mapped_column(BigInteger)
    ceiling_micros: Mapped[int | None] = mapped_column(BigInteger)
    paused_until: Mapped[Moment | None]
    paused_why: Mapped[Word | None]
    paused_at: Mapped[Moment | None]  # by a person, until a person resumes it
    needs_attention: Mapped[str | None] = mapped_column(String(200))
    trouble: Mapped[Word | None]
    troubled_at: Mapped[Moment | None]
    last_error: Mapped[str | None] = mapped_column(String(200))
    last_error_at: Mapped[Moment | None]
    turn: Mapped[int] = mapped_column(BigKey, default=0)
    next_slot_at: Mapped[Moment | None]
    cursor: Mapped[str | None] = mapped_column(String(200))
    polled_at: Mapped[Moment | None]
    polling_until: Mapped[Moment | None]  # somebody asks its provider just now; later than that they have died
    created_at: Mapped[Moment]

    @property
    def secret_context(self) -> str:
        """What the sealed secret is bound to."""
        return f"accounts.secret|{self.channel}|{self.provider}|{self.address}"


class Price(Base):
    """What one part of a message to a country costs, in millionths of the desk's currency.

    `region` is an ISO 3166 code of two letters, or `*` for everywhere else.
    """

    __tablename__ = "prices"
    __table_args__ = (
        UniqueConstraint("channel", "provider", "region"),
        CheckConstraint("micros >= 0", name="micros"),
    )

    id: Mapped[Key]
    channel: Mapped[Word]
    provider: Mapped[Word]
    region: Mapped[Word]
    micros: Mapped[int] = mapped_column(BigInteger)
