"""The desk itself: one row with its name and the state of its clocks; the sender rule of each channel."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from triage.db import Base
from triage.models.columns import Moment, Word, one_of

SENDER_RULES = ("holder", "pool", "arrival")


class Desk(Base):
    """One row. `leases_frozen_at` stops the lease clocks after an outage until a coordinator speaks.

    `leases_resumed_at` is when one spoke last: whoever was silent before that is no new reason to stop.
    """

    __tablename__ = "desk"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    last_sweep_at: Mapped[Moment | None]
    leases_frozen_at: Mapped[Moment | None]
    leases_resumed_at: Mapped[Moment | None]
    freeze_reason: Mapped[str | None] = mapped_column(String(40))  # outage | silence


class SenderRule(Base):
    """Which account answers on a channel; a channel without a row has the rule `holder`."""

    __tablename__ = "sender_rules"
    __table_args__ = (one_of("rule", SENDER_RULES, "rule"),)

    channel: Mapped[Word] = mapped_column(primary_key=True)
    rule: Mapped[Word]
