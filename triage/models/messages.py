"""Messages: utterances, inbound and outbound, whose words are never edited."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from triage.db import Base
from triage.models.columns import Key, Moment, Word, link, one_of

DIRECTIONS = ("in", "out")


class Message(Base):
    """One utterance. The messages of a report, by id, are its conversation.

    `dedupe_key` names it for ever: inbound from the provider's id, outbound `reply:<operator>:<report>:<client key>`
    with `fingerprint` of the text. An outbound message without `operator_id` is the desk's own
    (acknowledgement, confirmation of STOP).
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("dedupe_key"),
        one_of("direction", DIRECTIONS, "direction"),
        CheckConstraint("direction = 'out' OR operator_id IS NULL", name="author"),
        Index("ix_messages_report_id_id", "report_id", "id"),
        Index("ix_messages_channel_external_id", "channel", "external_id"),
    )

    id: Mapped[Key]
    report_id: Mapped[int] = link("reports.id")
    contact_id: Mapped[int | None] = link("contacts.id", null=True, index=True)
    account_id: Mapped[int | None] = link("accounts.id", null=True, index=True)
    channel: Mapped[Word]
    direction: Mapped[Word]
    body: Mapped[str] = mapped_column(Text)
    operator_id: Mapped[int | None] = link("operators.id", null=True)
    external_id: Mapped[str | None] = mapped_column(String(200))
    in_reply_to: Mapped[str | None] = mapped_column(String(200))
    repost_of: Mapped[str | None] = mapped_column(String(200))
    sent_at: Mapped[Moment | None]
    recorded_at: Mapped[Moment]
    dedupe_key: Mapped[str] = mapped_column(String(250))
    fingerprint: Mapped[str | None] = mapped_column(String(64))
