"""Accounts with a queue, a price and a state of their own; files that come and go with messages.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import conv

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WHEN = sa.DateTime(timezone=True)
ALONE = {"resolve_fks": False}  # `reports`, which it refers to, has an index that cannot be read back
TROUBLE, WAITS, SAID = (conv(f"ck_accounts_{name}") for name in ("trouble", "paused_why", "trouble_said"))
PURPOSE = conv("ck_deliveries_purpose")
HEARD, WROTE = conv("fk_contacts_opted_out_account_id_accounts"), conv("fk_deliveries_operator_id_operators")
ACCOUNT = {"options": sa.JSON(), "budget_micros": sa.BigInteger(), "ceiling_micros": sa.BigInteger(),
           "paused_why": sa.String(40), "trouble": sa.String(40), "troubled_at": WHEN, "last_error": sa.String(200),
           "last_error_at": WHEN, "next_slot_at": WHEN, "polled_at": WHEN, "polling_until": WHEN}


def upgrade() -> None:
    with op.batch_alter_table("accounts") as accounts:
        for name, kind in ACCOUNT.items():
            accounts.add_column(sa.Column(name, kind, nullable=True))
        accounts.add_column(sa.Column("turn", BIG, nullable=False, server_default="0"))
    op.execute("UPDATE accounts SET trouble = 'broken', troubled_at = created_at WHERE needs_attention IS NOT NULL")
    op.execute("UPDATE accounts SET paused_why = 'asked' WHERE paused_until IS NOT NULL")
    with op.batch_alter_table("accounts") as accounts:
        accounts.alter_column("turn", server_default=None)
        accounts.create_check_constraint(TROUBLE, "trouble IN ('broken', 'suspended')")
        accounts.create_check_constraint(WAITS, "paused_why IN ('asked', 'failing')")
        accounts.create_check_constraint(SAID, "(trouble IS NULL) = (needs_attention IS NULL)")
    with op.batch_alter_table("contacts") as contacts:
        contacts.add_column(sa.Column("opted_out_account_id", BIG, nullable=True))
        contacts.create_foreign_key(HEARD, "accounts", ["opted_out_account_id"], ["id"])
    op.create_index(op.f("ix_contacts_opted_out_account_id"), "contacts", ["opted_out_account_id"])
    _deliveries()
    _prices()
    _attachments()


def _deliveries() -> None:
    with op.batch_alter_table("deliveries", reflect_kwargs=ALONE) as deliveries:
        deliveries.add_column(sa.Column("operator_id", BIG, nullable=True))
        deliveries.add_column(sa.Column("turn", BIG, nullable=False, server_default="0"))
        deliveries.add_column(sa.Column("segments", sa.Integer(), nullable=False, server_default="1"))
        deliveries.add_column(sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false()))
        deliveries.create_foreign_key(WROTE, "operators", ["operator_id"], ["id"])
        deliveries.drop_constraint(PURPOSE, type_="check")
        deliveries.create_check_constraint(
            PURPOSE, "purpose IN ('reply', 'acknowledgement', 'stop_confirmation', 'test')")
    op.execute("UPDATE deliveries SET operator_id = "
               "(SELECT operator_id FROM messages WHERE messages.id = deliveries.message_id)")
    with op.batch_alter_table("deliveries", reflect_kwargs=ALONE) as deliveries:
        for name in ("turn", "segments", "by_hand"):
            deliveries.alter_column(name, server_default=None)
    op.create_index("ix_deliveries_turn", "deliveries", ["account_id", "state", "turn", "id"])
    op.add_column("delivery_attempts", sa.Column("cost_micros", sa.BigInteger(), nullable=True))
    op.create_index("ix_delivery_attempts_account_id_finished_at", "delivery_attempts", ["account_id", "finished_at"])


def _prices() -> None:
    op.create_table(
        "prices",
        sa.Column("id", BIG, nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("micros >= 0", name=op.f("ck_prices_micros")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prices")),
        sa.UniqueConstraint("channel", "provider", "region", name=op.f("uq_prices_channel_provider_region")),
    )


def _attachments() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", BIG, nullable=False),
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("source_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("original", sa.String(length=64), nullable=True),
        sa.Column("clean", sa.String(length=64), nullable=True),
        sa.Column("clean_type", sa.String(length=100), nullable=True),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", WHEN, nullable=True),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("transcript", sa.Text(), nullable=True),
        sa.Column("transcribed_by", BIG, nullable=True),
        sa.Column("transcribed_at", WHEN, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'kept', 'refused', 'gone')", name=op.f("ck_attachments_state")),
        sa.CheckConstraint("kind IN ('image', 'audio', 'video', 'document', 'other')",
                           name=op.f("ck_attachments_kind")),
        sa.CheckConstraint("(state = 'kept') = (original IS NOT NULL)", name=op.f("ck_attachments_kept")),
        sa.CheckConstraint("(transcript IS NULL) = (transcribed_at IS NULL)", name=op.f("ck_attachments_transcribed")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_attachments_message_id_messages")),
        sa.ForeignKeyConstraint(["transcribed_by"], ["operators.id"],
                                name=op.f("fk_attachments_transcribed_by_operators")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("message_id", "place", name=op.f("uq_attachments_message_id_place")),
    )
    op.create_index("ix_attachments_due", "attachments", ["state", "due_at", "id"])
    op.create_index("ix_attachments_sha256", "attachments", ["sha256"])


def downgrade() -> None:
    op.drop_table("attachments")
    op.drop_table("prices")
    op.drop_index("ix_delivery_attempts_account_id_finished_at", "delivery_attempts")
    op.drop_column("delivery_attempts", "cost_micros")
    op.drop_index("ix_deliveries_turn", "deliveries")
    op.execute("UPDATE deliveries SET purpose = 'acknowledgement' WHERE purpose = 'test'")
    with op.batch_alter_table("deliveries", reflect_kwargs=ALONE) as deliveries:
        deliveries.drop_constraint(WROTE, type_="foreignkey")
        deliveries.drop_constraint(PURPOSE, type_="check")
        deliveries.create_check_constraint(PURPOSE, "purpose IN ('reply', 'acknowledgement', 'stop_confirmation')")
        for name in ("operator_id", "turn", "segments", "by_hand"):
            deliveries.drop_column(name)
    op.drop_index(op.f("ix_contacts_opted_out_account_id"), "contacts")
    with op.batch_alter_table("contacts") as contacts:
        contacts.drop_constraint(HEARD, type_="foreignkey")
        contacts.drop_column("opted_out_account_id")
    with op.batch_alter_table("accounts") as accounts:
        for name in (TROUBLE, WAITS, SAID):
            accounts.drop_constraint(name, type_="check")
        for column in (*ACCOUNT, "turn"):
            accounts.drop_column(column)
