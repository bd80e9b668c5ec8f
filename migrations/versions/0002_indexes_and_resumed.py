"""Indexes for what is asked most often, and when the lease clocks were last let run.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("desk", sa.Column("leases_resumed_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_reports_status_closed_at", "reports")
    op.create_index("ix_reports_closed_at", "reports", ["closed_at"])
    op.create_index("ix_reports_reply_contact_id", "reports", ["reply_contact_id"])
    asleep = sa.text("snoozed_until IS NOT NULL")
    op.create_index("ix_reports_snoozed_until", "reports", ["snoozed_until"],
                    sqlite_where=asleep, postgresql_where=asleep)
    op.drop_index("ix_deliveries_due", "deliveries")
    op.create_index("ix_deliveries_due", "deliveries", ["state", "next_attempt_at", "id"])
    op.create_index("ix_deliveries_settled_at", "deliveries", ["settled_at"])
    op.create_index("ix_inbound_state_result", "inbound", ["state", "result"])


def downgrade() -> None:
    op.drop_index("ix_inbound_state_result", "inbound")
    op.drop_index("ix_deliveries_settled_at", "deliveries")
    op.drop_index("ix_deliveries_due", "deliveries")
    waiting = sa.text("state IN ('held', 'queued')")
    op.create_index("ix_deliveries_due", "deliveries", ["next_attempt_at", "id"],
                    sqlite_where=waiting, postgresql_where=waiting)
    op.drop_index("ix_reports_snoozed_until", "reports")
    op.drop_index("ix_reports_reply_contact_id", "reports")
    op.drop_index("ix_reports_closed_at", "reports")
    op.create_index("ix_reports_status_closed_at", "reports", ["status", "closed_at"])
    op.drop_column("desk", "leases_resumed_at")
