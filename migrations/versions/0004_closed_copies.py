"""A closed copy keeps its primary, so that both are reopened together; which answers were given before a link.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import conv

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OLD = "(status = 'duplicate') = (duplicate_of IS NOT NULL)"
NEW = "status = 'closed' OR (status = 'duplicate') = (duplicate_of IS NOT NULL)"
COPIES, ITSELF = conv("ck_reports_duplicate_of"), conv("ck_reports_not_itself")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("reports") as reports:
        reports.add_column(sa.Column("linked_after", BIG, nullable=True))
        reports.drop_constraint(COPIES, type_="check")
        reports.create_check_constraint(COPIES, NEW)
        reports.create_check_constraint(ITSELF, "duplicate_of <> id")


def downgrade() -> None:
    op.execute("UPDATE reports SET duplicate_of = NULL WHERE status = 'closed'")
    with op.batch_alter_table("reports") as reports:
        reports.drop_constraint(ITSELF, type_="check")
        reports.drop_constraint(COPIES, type_="check")
        reports.create_check_constraint(COPIES, OLD)
        reports.drop_column("linked_after")
