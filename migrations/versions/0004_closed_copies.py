"""A closed copy keeps its primary, so that both can be reopened together; nothing is a copy of itself.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OLD = {"duplicate_of": "(status = 'duplicate') = (duplicate_of IS NOT NULL)"}
NEW = {"duplicate_of": "status = 'closed' OR (status = 'duplicate') = (duplicate_of IS NOT NULL)",
       "not_itself": "duplicate_of <> id"}
KEPT = {
    "closed_at": "(status = 'closed') = (closed_at IS NOT NULL)",
    "closed_outcome": "(status = 'closed') = (outcome IS NOT NULL)",
    "discard_reason": "outcome <> 'not_actionable' OR reason IS NOT NULL",
    "outcome": "outcome IN ('actionable', 'not_actionable', 'no_answer')",
    "reason": "reason IN ('spam', 'off_topic', 'test', 'abuse', 'empty', 'thanks', 'other')",
    "status": "status IN ('open', 'assigned', 'closed', 'duplicate')",
    "priority": "priority BETWEEN 0 AND 2",
}


def upgrade() -> None:
    _checks(OLD, NEW)


def downgrade() -> None:
    op.execute("UPDATE reports SET duplicate_of = NULL WHERE status = 'closed'")
    _checks(NEW, OLD)


def _checks(old: dict[str, str], new: dict[str, str]) -> None:
    if op.get_bind().dialect.name == "sqlite":  # it cannot change a CHECK: the table is copied, with all its CHECKs
        checks = [sa.CheckConstraint(rule, name=op.f(f"ck_reports_{name}")) for name, rule in (KEPT | new).items()]
        with op.batch_alter_table("reports", recreate="always", table_args=checks):
            return
    for name in old:
        op.drop_constraint(op.f(f"ck_reports_{name}"), "reports", type_="check")
    for name, rule in new.items():
        op.create_check_constraint(op.f(f"ck_reports_{name}"), "reports", rule)
