"""The schema of the first release.

Revision 0001, the first. Generated from ``tables.metadata``; LZ4 for bodies where it is built in.
Source: edge cases 10, 52 and 53; PostgreSQL's ALTER TABLE ... SET COMPRESSION (version 14).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)
HISTORY_ID = sa.Numeric(30, 0)
NOW = sa.text("now()")
#: Bodies of mail and their words: LZ4 packs them a little worse than PGLZ, for a fraction of the
#: CPU. Where the server has no LZ4 (the embedded one) they are not packed: PGLZ took 0.44 ms a
#: message, a third of all that Postgres does for one.
_BODIES = ("text", "html", "reply_text", "search_vector")


def upgrade() -> None:
    """Create all tables."""
    _accounts()
    _queue()
    _ledger()
    _mail()
    _access()
    _compress_bodies()


def _compress_bodies() -> None:
    lz4 = sa.text(
        "SELECT 1 FROM pg_settings "
        "WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)"
    )
    packing = "COMPRESSION lz4" if op.get_bind().scalar(lz4) else "STORAGE EXTERNAL"
    for column in _BODIES:
        op.execute(f"ALTER TABLE emails ALTER COLUMN {column} SET {packing}")


def _accounts() -> None:
    """Who is connected."""
    op.create_table(
        "tenants",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="connected", nullable=False),
        sa.Column("settings", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("created_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.Column("disconnected_at", TIMESTAMP),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
    )
    op.create_table(
        "integrations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("auth_type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sealed_credential", postgresql.BYTEA()),
        sa.Column("key_version", sa.Text()),
        sa.Column("generation", sa.Integer(), server_default="1", nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("created_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.Column("updated_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_integrations_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_integrations"),
        sa.UniqueConstraint(
            "tenant_id", "auth_type", "subject", name="uq_integrations_tenant_id_auth_type_subject"
        ),
        comment="subject: the mailbox address of an OAuth grant, the service account's own address",
    )
    op.create_index("ix_integrations_tenant_id", "integrations", ["tenant_id"], unique=False)
    op.create_table(
        "mailboxes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("integration_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("aliases", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("checkpoint", HISTORY_ID, nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("watch_expires_at", TIMESTAMP),
        sa.Column("last_push_at", TIMESTAMP),
        sa.Column("last_push_history_id", HISTORY_ID),
        sa.Column("last_synced_at", TIMESTAMP),
        sa.Column("initial_synced_at", TIMESTAMP),
        sa.Column("created_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.CheckConstraint("address = lower(address)", name="ck_mailboxes_address_lower"),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name="fk_mailboxes_integration_id"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_mailboxes_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mailboxes"),
        sa.UniqueConstraint("tenant_id", "address", name="uq_mailboxes_tenant_id_address"),
    )
    op.create_index("ix_mailboxes_address", "mailboxes", ["address"], unique=False)
    op.create_index("ix_mailboxes_integration_id", "mailboxes", ["integration_id"], unique=False)


def _queue() -> None:
    """What is asked for, and what became of it."""
    op.create_table(
        "sync_jobs",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("counts", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("merged_into", sa.UUID()),
        sa.Column("dagster_run_id", sa.Text()),
        sa.Column("created_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.Column("started_at", TIMESTAMP),
        sa.Column("finished_at", TIMESTAMP),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_sync_jobs_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sync_jobs"),
    )
    op.create_index(
        "ix_sync_jobs_tenant_id_created_at",
        "sync_jobs",
        ["tenant_id", sa.literal_column("created_at DESC")],
        unique=False,
    )
    op.create_table(
        "sync_queue",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("mailbox_ids", postgresql.ARRAY(sa.BigInteger())),
        sa.Column("history_id", HISTORY_ID),
        sa.Column("force", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("enqueued_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.Column("not_before", TIMESTAMP, server_default=NOW, nullable=False),
        sa.Column("dispatched_until", TIMESTAMP),
        sa.Column("claimed_by", sa.Text()),
        sa.Column("claimed_until", TIMESTAMP),
        sa.ForeignKeyConstraint(["job_id"], ["sync_jobs.id"], name="fk_sync_queue_job_id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_sync_queue_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sync_queue"),
        comment="mailbox_ids NULL: every mailbox of the tenant; "
        "dispatched_until: a run was asked for",
    )
    op.create_index("ix_sync_queue_not_before", "sync_queue", ["not_before"], unique=False)
    # Whether somebody works on a tenant is asked for each waiting row: without it, claiming from
    # 1,000 rows takes a quarter of a second.
    op.create_index(
        "ix_sync_queue_claimed",
        "sync_queue",
        ["tenant_id", "kind"],
        unique=False,
        postgresql_where=sa.text("claimed_by IS NOT NULL"),
    )
    op.create_index(
        "uq_sync_queue_waiting",
        "sync_queue",
        ["tenant_id", "kind"],
        unique=True,
        postgresql_where=sa.text("claimed_by IS NULL"),
    )


def _ledger() -> None:
    """Which messages exist, and who may write about them."""
    op.create_table(
        "message_ledger",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("gmail_id", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("fate", sa.Text(), server_default="pending", nullable=False),
        sa.Column("rule", sa.Text()),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("history_id", HISTORY_ID, server_default="0", nullable=False),
        sa.Column("first_seen_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.Column("decided_at", TIMESTAMP),
        sa.CheckConstraint(
            "fate IN ('pending', 'stored', 'excluded', 'gone', 'dead')",
            name="ck_message_ledger_fate_known",
        ),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name="fk_message_ledger_mailbox_id"
        ),
        sa.PrimaryKeyConstraint("mailbox_id", "gmail_id", name="pk_message_ledger"),
    )
    op.create_index(
        "ix_message_ledger_mailbox_id_thread_id",
        "message_ledger",
        ["mailbox_id", "thread_id"],
        unique=False,
    )
    op.create_index(
        "ix_message_ledger_pending",
        "message_ledger",
        ["mailbox_id", "source", sa.literal_column("thread_id DESC")],
        unique=False,
        postgresql_where=sa.text("fate = 'pending'"),
    )
    op.create_table(
        "listings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("window_start", TIMESTAMP),
        sa.Column("window_end", TIMESTAMP),
        sa.Column("page_token", sa.Text()),
        sa.Column("ids_listed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("started_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.Column("done_at", TIMESTAMP),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailboxes.id"], name="fk_listings_mailbox_id"),
        sa.PrimaryKeyConstraint("id", name="pk_listings"),
        comment="a window of a mailbox being listed: the durable page token",
    )
    op.create_index("ix_listings_mailbox_id", "listings", ["mailbox_id"], unique=False)
    op.create_table(
        "leases",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("until", TIMESTAMP, nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailboxes.id"], name="fk_leases_mailbox_id"),
        sa.PrimaryKeyConstraint("mailbox_id", "source", name="pk_leases"),
        comment="a free lease keeps its row (until in the past), so that tokens only ever grow",
    )


def _mail() -> None:
    """What the CRM reads."""
    op.create_table(
        "emails",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("gmail_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("history_id", HISTORY_ID, nullable=False),
        sa.Column("rfc_message_id", sa.Text()),
        sa.Column("in_reply_to", sa.Text()),
        sa.Column("references", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sender_address", sa.Text()),
        sa.Column("sender_name", sa.Text()),
        sa.Column("recipients", postgresql.JSONB(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("internal_date", TIMESTAMP, nullable=False),
        sa.Column("header_date", sa.Text()),
        sa.Column("label_ids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("snippet", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("reply_text", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("is_auto_reply", sa.Boolean(), nullable=False),
        sa.Column("is_bounce", sa.Boolean(), nullable=False),
        sa.Column("is_list", sa.Boolean(), nullable=False),
        sa.Column("has_attachment", sa.Boolean(), nullable=False),
        sa.Column("sanitized", sa.Boolean(), nullable=False),
        sa.Column("search_vector", postgresql.TSVECTOR(), nullable=False),
        sa.Column("stored_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailboxes.id"], name="fk_emails_mailbox_id"),
        sa.PrimaryKeyConstraint("mailbox_id", "gmail_id", name="pk_emails"),
    )
    op.create_index(
        "ix_emails_mailbox_id_thread_id", "emails", ["mailbox_id", "thread_id"], unique=False
    )
    op.create_index(
        "ix_emails_rfc_message_id_digest",
        "emails",
        [sa.literal_column("md5(rfc_message_id)")],
        unique=False,
    )
    op.create_index(
        "ix_emails_search_vector", "emails", ["search_vector"], unique=False, postgresql_using="gin"
    )
    op.create_index(
        "ix_emails_tenant_date",
        "emails",
        [
            "tenant_id",
            sa.literal_column("internal_date DESC"),
            sa.literal_column("mailbox_id DESC"),
            sa.literal_column("gmail_id DESC"),
        ],
        unique=False,
    )
    op.create_index(
        "ix_emails_tenant_id_thread_id", "emails", ["tenant_id", "thread_id"], unique=False
    )
    op.create_table(
        "threads",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("participants", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("first_date", TIMESTAMP, nullable=False),
        sa.Column("last_date", TIMESTAMP, nullable=False),
        sa.Column("last_inbound_at", TIMESTAMP),
        sa.Column("last_outbound_at", TIMESTAMP),
        sa.Column("message_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailboxes.id"], name="fk_threads_mailbox_id"),
        sa.PrimaryKeyConstraint("mailbox_id", "thread_id", name="pk_threads"),
    )
    op.create_index(
        "ix_threads_tenant_id_last_date",
        "threads",
        ["tenant_id", sa.literal_column("last_date DESC")],
        unique=False,
    )
    op.create_table(
        "participants",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("gmail_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("internal_date", TIMESTAMP, nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id", "gmail_id"],
            ["emails.mailbox_id", "emails.gmail_id"],
            name="fk_participants_mailbox_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("mailbox_id", "gmail_id", "position", name="pk_participants"),
    )
    op.create_index(
        "ix_participants_tenant_address_date",
        "participants",
        ["tenant_id", "address", sa.literal_column("internal_date DESC")],
        unique=False,
    )
    op.create_table(
        "attachments",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("gmail_id", sa.Text(), nullable=False),
        sa.Column("part_id", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.Text()),
        sa.Column("inline", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id", "gmail_id"],
            ["emails.mailbox_id", "emails.gmail_id"],
            name="fk_attachments_mailbox_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("mailbox_id", "gmail_id", "part_id", name="pk_attachments"),
    )


def _access() -> None:
    """Who may call the API."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", postgresql.BYTEA(), nullable=False),
        sa.Column("created_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.Column("revoked_at", TIMESTAMP),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("name", name="uq_api_keys_name"),
        sa.UniqueConstraint("sha256", name="uq_api_keys_sha256"),
        comment="hashes only: the keys themselves are shown once and kept nowhere",
    )
