"""Contacts: people outside, their addresses sealed."""

from __future__ import annotations

from sqlalchemy import LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from triage.db import Base
from triage.models.columns import Key, Moment, Word, link


class Contact(Base):
    """A person's address of one kind (phone, email, mastodon, …).

    `address_key` is the blind index of the address, `address_sealed` opens with context
    `contacts.address|<kind>|<address_key>`. `hint` is what staff may always see (last two digits
    or a public handle). `opted_out_at` holds for every number of ours, whichever of them heard it
    (`opted_out_account_id`, where it was one). `observer_since`: trained to report, and words it as all of them do.
    """

    __tablename__ = "contacts"
    __table_args__ = (UniqueConstraint("address_kind", "address_key"),)

    id: Mapped[Key]
    address_kind: Mapped[Word]
    address_key: Mapped[str] = mapped_column(String(64))
    address_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    hint: Mapped[str] = mapped_column(String(80))
    name: Mapped[str | None] = mapped_column(String(120))
    language: Mapped[str | None] = mapped_column(String(12))
    opted_out_at: Mapped[Moment | None]
    opted_out_account_id: Mapped[int | None] = link("accounts.id", null=True, index=True)
    acknowledged_at: Mapped[Moment | None]
    observer_since: Mapped[Moment | None]
    created_at: Mapped[Moment]

    @property
    def address_context(self) -> str:
        """What the sealed address is bound to."""
        return self.context_of(self.address_kind, self.address_key)

    @staticmethod
    def context_of(kind: str, key: str) -> str:
        """The same of the contact of this kind and key."""
        return f"contacts.address|{kind}|{key}"
