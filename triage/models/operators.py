"""People of the desk: operators with their roles, teams, sessions and invitations."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from triage import rights
from triage.db import Base, BigKey
from triage.models.columns import Key, Moment, Word, WordSet, link, one_of

ROLES = ("operator", "coordinator", "admin", "auditor")
SHIFTS = ("taking", "finishing", "off")


class Operator(Base):
    """A person of the desk. `public_name` is what citizens see: a pseudonym unless chosen otherwise."""

    __tablename__ = "operators"
    __table_args__ = (
        UniqueConstraint("email"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("capacity > 0", name="capacity"),
        one_of("shift", SHIFTS, "shift"),
    )

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(120))
    public_name: Mapped[str] = mapped_column(String(60))
    roles: Mapped[frozenset[str]] = mapped_column(WordSet)
    needs_approval: Mapped[bool] = mapped_column(default=False)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    languages: Mapped[frozenset[str]] = mapped_column(WordSet, default=frozenset)
    ui_language: Mapped[str | None] = mapped_column(String(12))
    capacity: Mapped[int]
    shift: Mapped[Word] = mapped_column(default="off")
    active: Mapped[bool] = mapped_column(default=True)
    last_seen_at: Mapped[Moment | None]
    created_at: Mapped[Moment]

    @property
    def on_shift(self) -> bool:
        """Whether follow-ups come back to this person and silence is noticed."""
        return self.active and self.shift != "off"

    def may(self, right: rights.Right) -> bool:
        """Whether this person has `right`, by the one table of rights; nobody who was switched off has any."""
        return self.active and rights.has(self.roles, right)

    @property
    def reads_reports(self) -> bool:
        """Operators and coordinators read report text; somebody who is only admin or auditor does not."""
        return self.may(rights.Right.READ_REPORTS)


class Team(Base):
    """A group a report can be routed to."""

    __tablename__ = "teams"
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(80))


class TeamMember(Base):
    """Membership of an operator in a team."""

    __tablename__ = "team_members"

    team_id: Mapped[int] = mapped_column(BigKey, ForeignKey("teams.id"), primary_key=True)
    operator_id: Mapped[int] = mapped_column(BigKey, ForeignKey("operators.id"), primary_key=True)


class StaffSession(Base):
    """A signed-in browser. Only the SHA-256 of its secret is stored; deleting the row ends it."""

    __tablename__ = "staff_sessions"
    __table_args__ = (UniqueConstraint("token_hash"),)

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(String(64))
    operator_id: Mapped[int] = link("operators.id", index=True)
    created_at: Mapped[Moment]
    last_seen_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    user_agent: Mapped[str] = mapped_column(String(120), default="")


class Invitation(Base):
    """A single-use link by which a person sets their password. Only its SHA-256 is stored."""

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("token_hash"),)

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(String(64))
    operator_id: Mapped[int] = link("operators.id", index=True)
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None]
