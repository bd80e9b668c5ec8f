"""Places: polling stations, districts, towns; under which names they are found; where messages name them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Float, Index, PrimaryKeyConstraint, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from triage.db import Base
from triage.models.columns import Key, Moment, Word, link, one_of

NAMED_BY = ("code", "name", "alias")
# Compared sign by sign on either database: so a beginning of a name is found by the index, too.
FOLDED = String(120).with_variant(String(120, collation="C"), "postgresql")
BETWEEN = "\n"  # other names in one column; no name has a line's end


class Place(Base):
    """One place of the desk's own list. Imported; never deleted, as reports and the history point to it.

    `code_key` is the code as it is compared: two codes that differ in case or signs alone are one.
    """

    __tablename__ = "places"
    __table_args__ = (
        UniqueConstraint("code"),
        UniqueConstraint("code_key"),
        CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="point"),
        CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name="on_earth"),
        CheckConstraint("parent_id <> id", name="not_in_itself"),
        Index("ix_places_parent_id", "parent_id"),
    )

    id: Mapped[Key]
    code: Mapped[str] = mapped_column(String(60))
    code_key: Mapped[str] = mapped_column(FOLDED)
    name: Mapped[str] = mapped_column(String(200))
    aliases: Mapped[str] = mapped_column(Text, default="")
    parent_id: Mapped[int | None] = link("places.id", null=True)
    lat: Mapped[float | None] = mapped_column(Float(53))
    lon: Mapped[float | None] = mapped_column(Float(53))
    created_at: Mapped[Moment]
    changed_at: Mapped[Moment]

    @property
    def other_names(self) -> list[str]:
        """Its other names."""
        return self.aliases.split(BETWEEN) if self.aliases else []


class PlaceName(Base):
    """A folded code, name or other name, by which a place is looked up."""

    __tablename__ = "place_names"
    __table_args__ = (
        PrimaryKeyConstraint("key", "place_id"),
        one_of("kind", NAMED_BY, "kind"),
        Index("ix_place_names_place_id", "place_id"),
    )

    key: Mapped[str] = mapped_column(FOLDED)
    place_id: Mapped[int] = link("places.id")
    kind: Mapped[Word]


class Mention(Base):
    """A span of a message that names a place, counted in characters. Without a place: a code nobody knows, or a
    name of several places. `operator_id` is who said which place is meant; None: the machine.
    """

    __tablename__ = "mentions"
    __table_args__ = (
        UniqueConstraint("message_id", "start"),
        CheckConstraint("start >= 0 AND stop > start", name="span"),
        Index("ix_mentions_place_id", "place_id"),
    )

    id: Mapped[Key]
    message_id: Mapped[int] = link("messages.id")
    start: Mapped[int]
    stop: Mapped[int]
    place_id: Mapped[int | None] = link("places.id", null=True)
    said: Mapped[str] = mapped_column(String(200))
    code: Mapped[bool]
    operator_id: Mapped[int | None] = link("operators.id", null=True)
