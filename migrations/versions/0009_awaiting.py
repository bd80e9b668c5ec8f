"""What waits for a citizen is found by that: it was counted by reading everything that is not closed.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NAME, COLUMN = "ix_reports_awaiting_citizen_since", "awaiting_citizen_since"
WAITS = sa.text(f"{COLUMN} IS NOT NULL")


def upgrade() -> None:
    op.create_index(NAME, "reports", [COLUMN], sqlite_where=WAITS, postgresql_where=WAITS)


def downgrade() -> None:
    op.drop_index(NAME, "reports")
