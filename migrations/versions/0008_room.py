"""Whether somebody has room, asked at a glance: most hold less than they may, so what waits is seldom counted.

And "one open assignment a report" in an index that says nothing of a person: PostgreSQL looked along it, through what
everybody holds, for what one person holds, as long as its statistics said that hardly anything is held.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
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


OPEN = "uq_assignments_open"


def _one_holder(where: str) -> None:
    op.drop_index(OPEN, "assignments")
    op.create_index(OPEN, "assignments", ["report_id"], unique=True, postgresql_where=sa.text(where))


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _one_holder("ended_at IS NULL AND report_id IS NOT NULL")
        op.execute("DROP FUNCTION triage_busy(bigint, timestamptz)")
        op.execute(ROOM)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _one_holder("ended_at IS NULL")
        op.execute("DROP FUNCTION triage_room(bigint, integer, timestamptz)")
        op.execute(BEFORE)
