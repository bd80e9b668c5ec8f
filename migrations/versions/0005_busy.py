"""How much waits for somebody, counted at the moment it is asked: PostgreSQL's claim in one statement needs it.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# A statement sees what was there when it began. A volatile function sees what is there when it is called:
# behind the lock on the person, when whatever they took a moment before is visible.
BUSY = """
CREATE FUNCTION triage_busy(who bigint, at timestamptz) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (
        SELECT count(*) FROM assignments JOIN reports ON reports.id = assignments.report_id
        WHERE assignments.operator_id = who AND assignments.ended_at IS NULL
        AND reports.awaiting_citizen_since IS NULL
        AND (reports.snoozed_until IS NULL OR reports.snoozed_until <= at)
    );
END
$$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(BUSY)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION triage_busy(bigint, timestamptz)")
