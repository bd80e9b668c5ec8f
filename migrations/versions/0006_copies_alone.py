"""The index of copies holds copies only: SQLite took "is no copy" for a way to find what was resolved.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COPIES = "ix_reports_duplicate_of"
COPY = sa.text("duplicate_of IS NOT NULL")


def upgrade() -> None:
    op.drop_index(COPIES, "reports")
    op.create_index(COPIES, "reports", ["duplicate_of"], sqlite_where=COPY, postgresql_where=COPY)


def downgrade() -> None:
    op.drop_index(COPIES, "reports")
    op.create_index(COPIES, "reports", ["duplicate_of"])
