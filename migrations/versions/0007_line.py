"""The line of what is not closed, in the order in which it is read: SQLite sorted all of it for each page of a list.

Alembic cannot read an index of an expression back from SQLite: whoever rebuilds `reports` later makes it anew.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LINE, CLOSED = "ix_reports_line", "ix_reports_closed_at"
# "Waits for nobody" sorts last; an index of an expression is used only where a query says the very same.
FAR = {"sqlite": "'9999-01-01 00:00:00.000000'", "postgresql": "'9999-01-01 00:00:00+00'::timestamptz"}
STILL, OVER = sa.text("closed_at IS NULL"), sa.text("closed_at IS NOT NULL")


def upgrade() -> None:
    waits = sa.text(f"coalesce(unanswered_since, {FAR[op.get_bind().dialect.name]})")
    op.create_index(LINE, "reports", ["priority", waits, "id"], sqlite_where=STILL, postgresql_where=STILL)
    op.drop_index(CLOSED, "reports")
    op.create_index(CLOSED, "reports", ["closed_at"], sqlite_where=OVER, postgresql_where=OVER)


def downgrade() -> None:
    op.drop_index(CLOSED, "reports")
    op.create_index(CLOSED, "reports", ["closed_at"])
    op.drop_index(LINE, "reports")
