"""The journal: every raw item, kept before it is understood."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from triage.db import Base
from triage.models.columns import Key, Moment, Word, link, one_of

STATES = ("received", "ingested", "quarantined")
RESULTS = ("opened", "joined", "copy", "control")


class InboundItem(Base):
    """One raw item. `raw_sealed` opens with context `inbound.raw|<external_key>`.

    `state` received = kept, not yet understood (pending); `result` says what an ingested item
    became, so the ledger adds up: received = opened + joined + copy + control + quarantined + pending.
    `due_at` is set where the item may be read only later (slowed, never dropped).
    """

    __tablename__ = "inbound"
    __table_args__ = (
        UniqueConstraint("external_key"),
        UniqueConstraint("receipt_key"),
        one_of("state", STATES, "state"),
        one_of("result", RESULTS, "result"),
        CheckConstraint("(state = 'ingested') = (result IS NOT NULL)", name="result_when_ingested"),
        Index("ix_inbound_state_id", "state", "id"),
        Index("ix_inbound_state_result", "state", "result"),
    )

    id: Mapped[Key]
    provider: Mapped[Word]
    account_id: Mapped[int | None] = link("accounts.id", null=True)
    external_key: Mapped[str] = mapped_column(String(200))
    receipt_key: Mapped[str | None] = mapped_column(String(64))
    raw_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[Moment]
    due_at: Mapped[Moment | None]
    state: Mapped[Word]
    result: Mapped[Word | None]
    error: Mapped[str | None] = mapped_column(String(200))

    @property
    def raw_context(self) -> str:
        """What the sealed raw item is bound to."""
        return f"inbound.raw|{self.external_key}"
