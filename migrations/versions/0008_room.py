"""Whether somebody has room, asked at a glance: most hold less than they may, so what waits is seldom counted.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# A statement sees what was there when it began. A volatile function sees what is there when it is called:
# behind the lock on the person, when whatever they took a moment before is visible.
FUNCTION = "CREATE FUNCTION {name} LANGUAGE plpgsql VOLATILE AS $$ BEGIN {body} END $$"
HELD = "SELECT count(*) FROM assignments WHERE operator_id = who AND ended_at IS NULL"
BUSY = """SELECT count(*) FROM assignments JOIN reports ON reports.id = assignments.report_id
    WHERE assignments.operator_id = who AND assignments.ended_at IS NULL AND reports.awaiting_citizen_since IS NULL
    AND (reports.snoozed_until IS NULL OR reports.snoozed_until <= at)"""
ROOM = FUNCTION.format(name="triage_room(who bigint, capacity integer, at timestamptz) RETURNS boolean",
                       body=f"IF ({HELD}) < capacity THEN RETURN true; END IF; RETURN ({BUSY}) < capacity;")
BEFORE = FUNCTION.format(name="triage_busy(who bigint, at timestamptz) RETURNS bigint", body=f"RETURN ({BUSY});")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION triage_busy(bigint, timestamptz)")
        op.execute(ROOM)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION triage_room(bigint, integer, timestamptz)")
        op.execute(BEFORE)
