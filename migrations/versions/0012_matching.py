"""Matching: what reports are compared by, which were found alike, and the incidents they tell of.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import conv

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WHEN = sa.DateTime(timezone=True)
INCIDENT = conv("fk_reports_incident_id_incidents")
SUGGESTED = sa.text("state = 'suggested'")
LINE = "ix_reports_line"
FAR = {"sqlite": "'9999-01-01 00:00:00.000000'", "postgresql": "'9999-01-01 00:00:00+00'::timestamptz"}  # as 0007
STILL = sa.text("closed_at IS NULL")


def upgrade() -> None:
    _incidents()
    _keys()
    _matches()
    op.drop_index(LINE, "reports")
    with op.batch_alter_table("reports") as reports:
        reports.add_column(sa.Column("incident_id", BIG, nullable=True))
        reports.add_column(sa.Column("compare_by", WHEN, nullable=True))
        reports.create_foreign_key(INCIDENT, "incidents", ["incident_id"], ["id"])
    for column in ("incident_id", "compare_by"):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_reports_{column}", "reports", [column], sqlite_where=there, postgresql_where=there)
    _line()


def _line() -> None:
    """The index of an expression, which cannot be read back when the table is made anew on SQLite."""
    waits = sa.text(f"coalesce(unanswered_since, {FAR[op.get_bind().dialect.name]})")
    op.create_index(LINE, "reports", ["priority", waits, "id"], sqlite_where=STILL, postgresql_where=STILL)


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", BIG, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("place_id", BIG, nullable=True),
        sa.Column("operator_id", BIG, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_incidents_state")),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"], name=op.f("fk_incidents_operator_id_operators")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_incidents_place_id_places")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )


def _keys() -> None:
    op.create_table(
        "text_keys",
        sa.Column("report_id", BIG, autoincrement=False, nullable=False),
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_text_keys_message_id_messages")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_text_keys_report_id_reports")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_text_keys")),
    )
    op.create_index(op.f("ix_text_keys_message_id"), "text_keys", ["message_id"])
    op.create_index("ix_text_keys_body_hash_report_id", "text_keys", ["body_hash", "report_id"])
    op.create_table(
        "shingles",
        sa.Column("h", BIG, autoincrement=False, nullable=False),
        sa.Column("report_id", BIG, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_shingles_report_id_reports")),
        sa.PrimaryKeyConstraint("h", "report_id", name=op.f("pk_shingles")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_shingles_report_id"), "shingles", ["report_id"])


def _matches() -> None:
    op.create_table(
        "matches",
        sa.Column("id", BIG, nullable=False),
        sa.Column("report_id", BIG, nullable=False),
        sa.Column("other_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("found_at", WHEN, nullable=False),
        sa.Column("operator_id", BIG, nullable=True),
        sa.Column("decided_at", WHEN, nullable=True),
        sa.CheckConstraint("kind IN ('same_message', 'same_incident')", name=op.f("ck_matches_kind")),
        sa.CheckConstraint("state IN ('suggested', 'linked', 'rejected', 'undone')", name=op.f("ck_matches_state")),
        sa.CheckConstraint("other_id < report_id", name=op.f("ck_matches_the_later_first")),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name=op.f("ck_matches_score")),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"], name=op.f("fk_matches_operator_id_operators")),
        sa.ForeignKeyConstraint(["other_id"], ["reports.id"], name=op.f("fk_matches_other_id_reports")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_matches_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matches")),
        sa.UniqueConstraint("report_id", "other_id", "kind", name=op.f("uq_matches_report_id_other_id_kind")),
    )
    op.create_index("ix_matches_other_id_state", "matches", ["other_id", "state"])
    op.create_index("ix_matches_suggested", "matches", ["report_id"], sqlite_where=SUGGESTED,
                    postgresql_where=SUGGESTED)


def downgrade() -> None:
    for column in ("compare_by", "incident_id"):
        op.drop_index(f"ix_reports_{column}", "reports")
    op.drop_index(LINE, "reports")
    with op.batch_alter_table("reports") as reports:
        reports.drop_constraint(INCIDENT, type_="foreignkey")
        reports.drop_column("incident_id")
        reports.drop_column("compare_by")
    _line()
    for table in ("matches", "shingles", "text_keys", "incidents"):
        op.drop_table(table)
