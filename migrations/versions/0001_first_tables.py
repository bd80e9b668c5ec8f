"""First tables: the desk, its people and accounts, the journal, reports with their conversation, the outbox, the history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.triggers import create_event_triggers, drop_event_triggers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", BIG, nullable=False),
        sa.Column("address_kind", sa.String(length=40), nullable=False),
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("language", sa.String(length=12), nullable=True),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("address_kind", "address_key", name=op.f("uq_contacts_address_kind_address_key")),
    )


def _desk() -> None:
    op.create_table(
        "desk",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("last_sweep_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leases_frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("freeze_reason", sa.String(length=40), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_desk_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk")),
    )


def _operators() -> None:
    op.create_table(
        "operators",
        sa.Column("id", BIG, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("public_name", sa.String(length=60), nullable=False),
        sa.Column("roles", sa.String(length=200), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("languages", sa.String(length=200), nullable=False),
        sa.Column("ui_language", sa.String(length=12), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("shift", sa.String(length=40), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("shift IN ('taking', 'finishing', 'off')", name=op.f("ck_operators_shift")),
        sa.CheckConstraint("capacity > 0", name=op.f("ck_operators_capacity")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_operators_email_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operators")),
        sa.UniqueConstraint("email", name=op.f("uq_operators_email")),
    )


def _sender_rules() -> None:
    op.create_table(
        "sender_rules",
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.CheckConstraint("rule IN ('holder', 'pool', 'arrival')", name=op.f("ck_sender_rules_rule")),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_sender_rules")),
    )


def _teams() -> None:
    op.create_table(
        "teams",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("name", name=op.f("uq_teams_name")),
    )


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", BIG, nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("can_receive", sa.Boolean(), nullable=False),
        sa.Column("can_send", sa.Boolean(), nullable=False),
        sa.Column("operator_id", BIG, nullable=True),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("limits", sa.JSON(), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("needs_attention", sa.String(length=200), nullable=True),
        sa.Column("cursor", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("can_receive OR can_send", name=op.f("ck_accounts_does_something")),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"], name=op.f("fk_accounts_operator_id_operators")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("channel", "provider", "address", name=op.f("uq_accounts_channel_provider_address")),
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_accounts_operator_id"), ["operator_id"], unique=False)


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", BIG, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("operator_id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"], name=op.f("fk_invitations_operator_id_operators")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
    )
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitations_operator_id"), ["operator_id"], unique=False)


def _staff_sessions() -> None:
    op.create_table(
        "staff_sessions",
        sa.Column("id", BIG, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("operator_id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_agent", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name=op.f("fk_staff_sessions_operator_id_operators")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_sessions_token_hash")),
    )
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_sessions_operator_id"), ["operator_id"], unique=False)


def _team_members() -> None:
    op.create_table(
        "team_members",
        sa.Column("team_id", BIG, nullable=False),
        sa.Column("operator_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"], name=op.f("fk_team_members_operator_id_operators")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_members_team_id_teams")),
        sa.PrimaryKeyConstraint("team_id", "operator_id", name=op.f("pk_team_members")),
    )


def _inbound() -> None:
    op.create_table(
        "inbound",
        sa.Column("id", BIG, nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("account_id", BIG, nullable=True),
        sa.Column("external_key", sa.String(length=200), nullable=False),
        sa.Column("receipt_key", sa.String(length=64), nullable=True),
        sa.Column("raw_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("result", sa.String(length=40), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.CheckConstraint("(state = 'ingested') = (result IS NOT NULL)", name=op.f("ck_inbound_result_when_ingested")),
        sa.CheckConstraint("result IN ('opened', 'joined', 'copy', 'control')", name=op.f("ck_inbound_result")),
        sa.CheckConstraint("state IN ('received', 'ingested', 'quarantined')", name=op.f("ck_inbound_state")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_inbound_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound")),
        sa.UniqueConstraint("external_key", name=op.f("uq_inbound_external_key")),
        sa.UniqueConstraint("receipt_key", name=op.f("uq_inbound_receipt_key")),
    )
    with op.batch_alter_table("inbound", schema=None) as batch_op:
        batch_op.create_index("ix_inbound_state_id", ["state", "id"], unique=False)


def _reports() -> None:
    op.create_table(
        "reports",
        sa.Column("id", BIG, nullable=False),
        sa.Column("contact_id", BIG, nullable=True),
        sa.Column("reply_contact_id", BIG, nullable=True),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("account_id", BIG, nullable=True),
        sa.Column("thread_key", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("team_id", BIG, nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=True),
        sa.Column("place_text", sa.String(length=200), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unanswered_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("awaiting_citizen_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handled_through", BIG, nullable=True),
        sa.Column("duplicate_of", BIG, nullable=True),
        sa.Column("split_from", BIG, nullable=True),
        sa.Column("firsthand", sa.Boolean(), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("receipt_key", sa.String(length=64), nullable=True),
        sa.CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_reports_closed_at")),
        sa.CheckConstraint("(status = 'closed') = (outcome IS NOT NULL)", name=op.f("ck_reports_closed_outcome")),
        sa.CheckConstraint("(status = 'duplicate') = (duplicate_of IS NOT NULL)", name=op.f("ck_reports_duplicate_of")),
        sa.CheckConstraint("outcome <> 'not_actionable' OR reason IS NOT NULL", name=op.f("ck_reports_discard_reason")),
        sa.CheckConstraint("outcome IN ('actionable', 'not_actionable', 'no_answer')", name=op.f("ck_reports_outcome")),
        sa.CheckConstraint(
            "reason IN ('spam', 'off_topic', 'test', 'abuse', 'empty', 'thanks', 'other')",
            name=op.f("ck_reports_reason"),
        ),
        sa.CheckConstraint("status IN ('open', 'assigned', 'closed', 'duplicate')", name=op.f("ck_reports_status")),
        sa.CheckConstraint("priority BETWEEN 0 AND 2", name=op.f("ck_reports_priority")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_reports_account_id_accounts")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_reports_contact_id_contacts")),
        sa.ForeignKeyConstraint(["duplicate_of"], ["reports.id"], name=op.f("fk_reports_duplicate_of_reports")),
        sa.ForeignKeyConstraint(
            ["reply_contact_id"], ["contacts.id"], name=op.f("fk_reports_reply_contact_id_contacts")
        ),
        sa.ForeignKeyConstraint(["split_from"], ["reports.id"], name=op.f("fk_reports_split_from_reports")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_reports_team_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("receipt_key", name=op.f("uq_reports_receipt_key")),
    )
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reports_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reports_duplicate_of"), ["duplicate_of"], unique=False)
        batch_op.create_index(
            "ix_reports_queue",
            ["priority", "unanswered_since", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'open'"),
            postgresql_where=sa.text("status = 'open'"),
        )
        batch_op.create_index("ix_reports_status_closed_at", ["status", "closed_at"], unique=False)
        batch_op.create_index("ix_reports_thread_key_id", ["thread_key", "id"], unique=False)
        batch_op.create_index(
            "uq_reports_live_thread",
            ["thread_key"],
            unique=True,
            sqlite_where=sa.text("status <> 'closed'"),
            postgresql_where=sa.text("status <> 'closed'"),
        )


def _assignments() -> None:
    op.create_table(
        "assignments",
        sa.Column("id", BIG, nullable=False),
        sa.Column("report_id", BIG, nullable=False),
        sa.Column("operator_id", BIG, nullable=False),
        sa.Column("assigned_by", BIG, nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=40), nullable=True),
        sa.Column("last_active_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "end_reason IN ('released', 'reassigned', 'lease', 'closed', 'linked')",
            name=op.f("ck_assignments_end_reason"),
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name=op.f("ck_assignments_ended")),
        sa.ForeignKeyConstraint(["assigned_by"], ["operators.id"], name=op.f("fk_assignments_assigned_by_operators")),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"], name=op.f("fk_assignments_operator_id_operators")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_assignments_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
    )
    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.create_index(
            "ix_assignments_open_operator",
            ["operator_id"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index("ix_assignments_report_id_id", ["report_id", "id"], unique=False)
        batch_op.create_index(
            "uq_assignments_open",
            ["report_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", BIG, nullable=False),
        sa.Column("report_id", BIG, nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("wording", sa.String(length=500), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("purpose IN ('answer', 'forward', 'publish')", name=op.f("ck_consents_purpose")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_consents_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sa.UniqueConstraint("report_id", "purpose", name=op.f("uq_consents_report_id_purpose")),
    )


def _drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", BIG, nullable=False),
        sa.Column("report_id", BIG, nullable=False),
        sa.Column("operator_id", BIG, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"], name=op.f("fk_drafts_operator_id_operators")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_drafts_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("report_id", "operator_id", name=op.f("uq_drafts_report_id_operator_id")),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", BIG, nullable=False),
        sa.Column("report_id", BIG, nullable=True),
        sa.Column("operator_id", BIG, nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"], name=op.f("fk_events_operator_id_operators")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_events_report_id_reports")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index("ix_events_report_id_seq", ["report_id", "seq"], unique=False)


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", BIG, nullable=False),
        sa.Column("report_id", BIG, nullable=False),
        sa.Column("contact_id", BIG, nullable=True),
        sa.Column("account_id", BIG, nullable=True),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("direction", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("operator_id", BIG, nullable=True),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("in_reply_to", sa.String(length=200), nullable=True),
        sa.Column("repost_of", sa.String(length=200), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dedupe_key", sa.String(length=250), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.CheckConstraint("direction = 'out' OR operator_id IS NULL", name=op.f("ck_messages_author")),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_messages_direction")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_messages_account_id_accounts")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_messages_contact_id_contacts")),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"], name=op.f("fk_messages_operator_id_operators")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_messages_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_messages_dedupe_key")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_messages_account_id"), ["account_id"], unique=False)
        batch_op.create_index("ix_messages_channel_external_id", ["channel", "external_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_messages_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index("ix_messages_report_id_id", ["report_id", "id"], unique=False)


def _notes() -> None:
    op.create_table(
        "notes",
        sa.Column("id", BIG, nullable=False),
        sa.Column("report_id", BIG, nullable=False),
        sa.Column("operator_id", BIG, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.id"], name=op.f("fk_notes_operator_id_operators")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_notes_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    with op.batch_alter_table("notes", schema=None) as batch_op:
        batch_op.create_index("ix_notes_report_id_id", ["report_id", "id"], unique=False)


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", BIG, nullable=False),
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("report_id", BIG, nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("contact_id", BIG, nullable=True),
        sa.Column("account_id", BIG, nullable=True),
        sa.Column("assignment_id", BIG, nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_id", sa.String(length=200), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("account_id IS NOT NULL OR channel = 'web'", name=op.f("ck_deliveries_account")),
        sa.CheckConstraint("purpose <> 'reply' OR assignment_id IS NOT NULL", name=op.f("ck_deliveries_fence")),
        sa.CheckConstraint(
            "purpose IN ('reply', 'acknowledgement', 'stop_confirmation')", name=op.f("ck_deliveries_purpose")
        ),
        sa.CheckConstraint(
            "state IN ('held', 'queued', 'sending', 'sent', 'delivered', 'failed', 'uncertain', 'cancelled')",
            name=op.f("ck_deliveries_state"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_deliveries_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk_deliveries_assignment_id_assignments")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_deliveries_contact_id_contacts")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_deliveries_message_id_messages")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_deliveries_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("account_id", "provider_id", name=op.f("uq_deliveries_account_id_provider_id")),
        sa.UniqueConstraint("message_id", "part", name=op.f("uq_deliveries_message_id_part")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deliveries_assignment_id"), ["assignment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deliveries_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_deliveries_due",
            ["next_attempt_at", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('held', 'queued')"),
            postgresql_where=sa.text("state IN ('held', 'queued')"),
        )
        batch_op.create_index("ix_deliveries_report_id_state", ["report_id", "state"], unique=False)


def _delivery_attempts() -> None:
    op.create_table(
        "delivery_attempts",
        sa.Column("id", BIG, nullable=False),
        sa.Column("delivery_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("provider_id", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'retry', 'rejected', 'unknown', 'account_problem')",
            name=op.f("ck_delivery_attempts_outcome"),
        ),
        sa.CheckConstraint("(finished_at IS NULL) = (outcome IS NULL)", name=op.f("ck_delivery_attempts_finished")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_delivery_attempts_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_delivery_attempts_delivery_id_deliveries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempts")),
    )
    with op.batch_alter_table("delivery_attempts", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_attempts_account_id_started_at", ["account_id", "started_at"], unique=False)
        batch_op.create_index("ix_delivery_attempts_delivery_id_id", ["delivery_id", "id"], unique=False)
        batch_op.create_index(
            "uq_delivery_attempts_running",
            ["delivery_id"],
            unique=True,
            sqlite_where=sa.text("finished_at IS NULL"),
            postgresql_where=sa.text("finished_at IS NULL"),
        )


def upgrade() -> None:
    _contacts()
    _desk()
    _operators()
    _sender_rules()
    _teams()
    _accounts()
    _invitations()
    _staff_sessions()
    _team_members()
    _inbound()
    _reports()
    _assignments()
    _consents()
    _drafts()
    _events()
    _messages()
    _notes()
    _deliveries()
    _delivery_attempts()
    op.execute("INSERT INTO desk (id) VALUES (1)")
    create_event_triggers()


def downgrade() -> None:
    drop_event_triggers()
    for table in (
        "delivery_attempts",
        "deliveries",
        "notes",
        "messages",
        "events",
        "drafts",
        "consents",
        "assignments",
        "reports",
        "inbound",
        "team_members",
        "staff_sessions",
        "invitations",
        "accounts",
        "teams",
        "sender_rules",
        "operators",
        "desk",
        "contacts",
    ):
        op.drop_table(table)
