"""Places: the desk's list, the names they are found by, where messages name them, and the place of a report.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import conv

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FOLDED = sa.String(120).with_variant(sa.String(120, collation="C"), "postgresql")
WHEN = sa.DateTime(timezone=True)
LINE = "ix_reports_line"
FAR = {"sqlite": "'9999-01-01 00:00:00.000000'", "postgresql": "'9999-01-01 00:00:00+00'::timestamptz"}  # as 0007
STILL, KNOWN = sa.text("closed_at IS NULL"), sa.text("place_id IS NOT NULL")
PLACE, PLACED_BY = conv("fk_reports_place_id_places"), conv("fk_reports_placed_by_operators")


def upgrade() -> None:
    _places()
    _place_names()
    _mentions()
    op.drop_index(LINE, "reports")
    with op.batch_alter_table("reports") as reports:
        reports.add_column(sa.Column("place_id", BIG, nullable=True))
        reports.add_column(sa.Column("placed_by", BIG, nullable=True))
        reports.create_foreign_key(PLACE, "places", ["place_id"], ["id"])
        reports.create_foreign_key(PLACED_BY, "operators", ["placed_by"], ["id"])
    op.create_index("ix_reports_place_id", "reports", ["place_id"], sqlite_where=KNOWN, postgresql_where=KNOWN)
    _line()


def _line() -> None:
    """The index of an expression, which cannot be read back when the table is made anew on SQLite."""
    waits = sa.text(f"coalesce(unanswered_since, {FAR[op.get_bind().dialect.name]})")
    op.create_index(LINE, "reports", ["priority", waits, "id"], sqlite_where=STILL, postgresql_where=STILL)


def _places() -> None:
    op.create_table(
        "places",
        sa.Column("id", BIG, nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("code_key", FOLDED, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("aliases", sa.Text(), nullable=False),
        sa.Column("parent_id", BIG, nullable=True),
        sa.Column("lat", sa.Float(53), nullable=True),
        sa.Column("lon", sa.Float(53), nullable=True),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("changed_at", WHEN, nullable=False),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name=op.f("ck_places_point")),
        sa.CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name=op.f("ck_places_on_earth")),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_places_not_in_itself")),
        sa.ForeignKeyConstraint(["parent_id"], ["places.id"], name=op.f("fk_places_parent_id_places")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places")),
        sa.UniqueConstraint("code", name=op.f("uq_places_code")),
        sa.UniqueConstraint("code_key", name=op.f("uq_places_code_key")),
    )
    op.create_index("ix_places_parent_id", "places", ["parent_id"])


def _place_names() -> None:
    op.create_table(
        "place_names",
        sa.Column("key", FOLDED, nullable=False),
        sa.Column("place_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.CheckConstraint("kind IN ('code', 'name', 'alias')", name=op.f("ck_place_names_kind")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_place_names_place_id_places")),
        sa.PrimaryKeyConstraint("key", "place_id", name=op.f("pk_place_names")),
    )
    op.create_index("ix_place_names_place_id", "place_names", ["place_id"])


def _mentions() -> None:
    op.create_table(
        "mentions",
        sa.Column("id", BIG, nullable=False),
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("stop", sa.Integer(), nullable=False),
        sa.Column("place_id", BIG, nullable=True),
        sa.Column("said", sa.String(length=200), nullable=False),
        sa.Column("code", sa.Boolean(), nullable=False),
        sa.Column("operator_id", BIG, nullable=True),
        sa.CheckConstraint("start >= 0 AND stop > start", name=op.f("ck_mentions_span")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_mentions_message_id_messages")),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"], name=op.f("fk_mentions_operator_id_operators")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_mentions_place_id_places")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentions")),
        sa.UniqueConstraint("message_id", "start", name=op.f("uq_mentions_message_id_start")),
    )
    op.create_index("ix_mentions_place_id", "mentions", ["place_id"])


def downgrade() -> None:
    op.drop_index("ix_reports_place_id", "reports")
    op.drop_index(LINE, "reports")
    with op.batch_alter_table("reports") as reports:
        for name, column in ((PLACE, "place_id"), (PLACED_BY, "placed_by")):
            reports.drop_constraint(name, type_="foreignkey")
            reports.drop_column(column)
    _line()
    for table in ("mentions", "place_names", "places"):
        op.drop_table(table)
