"""Deliveries: the outbox, and every try."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from triage.db import Base, BigKey
from triage.models.columns import Key, Moment, Word, link, one_of

STATES = ("held", "queued", "sending", "sent", "delivered", "failed", "uncertain", "cancelled")
WAITING = ("held", "queued")
UNFINISHED = ("held", "queued", "sending")
PURPOSES = ("reply", "acknowledgement", "stop_confirmation", "test")
OUTCOMES = ("accepted", "retry", "rejected", "unknown", "account_problem")


class Delivery(Base):
    """The sending of one outbound message (or one part of it).

    `held` until the undo seconds pass, `queued`, `sending` while an attempt is open, then `sent`,
    `delivered`, `failed`, `uncertain` (may have been sent, a person decides) or `cancelled`.
    `account_id` is NULL only for the web, whose answers are read at /back. `assignment_id` is the
    fence; NULL for acknowledgements. `operator_id` wrote it; NULL: the desk. An `uncertain` one with
    `next_attempt_at` is asked about at its provider then. `turn` is its place in its account's queue, by fair
    queueing between those who write (see `actions/turns.py`). `segments` are the parts that are paid for.
    `by_hand`: a person sent it with their own device and said so; nothing leaves by machine.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("message_id", "part"),
        UniqueConstraint("account_id", "provider_id"),
        one_of("state", STATES, "state"),
        one_of("purpose", PURPOSES, "purpose"),
        CheckConstraint("account_id IS NOT NULL OR channel = 'web'", name="account"),
        CheckConstraint("purpose <> 'reply' OR assignment_id IS NOT NULL", name="fence"),
        Index("ix_deliveries_due", "state", "next_attempt_at", "id"),  # whole: SQLite uses no part for bound states
        Index("ix_deliveries_turn", "account_id", "state", "turn", "id"),
        Index("ix_deliveries_settled_at", "settled_at"),
        Index("ix_deliveries_report_id_state", "report_id", "state"),
    )

    id: Mapped[Key]
    message_id: Mapped[int] = link("messages.id")
    report_id: Mapped[int] = link("reports.id")
    part: Mapped[int] = mapped_column(default=1)
    channel: Mapped[Word]
    purpose: Mapped[Word]
    contact_id: Mapped[int | None] = link("contacts.id", null=True, index=True)
    account_id: Mapped[int | None] = link("accounts.id", null=True)
    assignment_id: Mapped[int | None] = link("assignments.id", null=True, index=True)
    operator_id: Mapped[int | None] = link("operators.id", null=True)
    turn: Mapped[int] = mapped_column(BigKey, default=0)
    segments: Mapped[int] = mapped_column(default=1)
    by_hand: Mapped[bool] = mapped_column(default=False)
    state: Mapped[Word]
    next_attempt_at: Mapped[Moment | None]
    provider_id: Mapped[str | None] = mapped_column(String(200))
    last_error: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[Moment]
    settled_at: Mapped[Moment | None]


class DeliveryAttempt(Base):
    """One try: open at most once per delivery, ended once, never rewritten. Rate limits are counted from here."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (
        one_of("outcome", OUTCOMES, "outcome"),
        CheckConstraint("(finished_at IS NULL) = (outcome IS NULL)", name="finished"),
        Index("uq_delivery_attempts_running", "delivery_id", unique=True,
              sqlite_where=text("finished_at IS NULL"), postgresql_where=text("finished_at IS NULL")),
        Index("ix_delivery_attempts_account_id_started_at", "account_id", "started_at"),
        Index("ix_delivery_attempts_account_id_finished_at", "account_id", "finished_at"),
        Index("ix_delivery_attempts_delivery_id_id", "delivery_id", "id"),
    )

    id: Mapped[Key]
    delivery_id: Mapped[int] = link("deliveries.id")
    account_id: Mapped[int | None] = link("accounts.id", null=True)
    started_at: Mapped[Moment]
    finished_at: Mapped[Moment | None]
    outcome: Mapped[Word | None]
    provider_id: Mapped[str | None] = mapped_column(String(200))
    cost_micros: Mapped[int | None] = mapped_column(BigInteger)  # what it was expected to cost when it began
