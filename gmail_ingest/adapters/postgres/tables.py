"""The schema, as SQLAlchemy Core tables: its one description.

Holds: tables, constraints, indexes. Add here: a column together with an Alembic migration
(a test shows that both agree). Keep out: queries.
Source: design.md's data model; edge cases 10 (history ids are NUMERIC), 52 (no btree over a raw
header: long ones are indexed by digest), 53 (bounded search vector).
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: Gmail's history ids: unsigned 64 bit or larger, so that ordering must be numeric.
HISTORY_ID = sa.Numeric(30, 0)
TIMESTAMP = sa.DateTime(timezone=True)
NOW = sa.text("now()")

tenants = sa.Table(
    "tenants",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False, server_default="connected"),
    sa.Column("settings", pg.JSONB, nullable=False, server_default="{}"),
    sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("disconnected_at", TIMESTAMP),
)

integrations = sa.Table(
    "integrations",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("tenant_id", sa.ForeignKey("tenants.id"), nullable=False, index=True),
    sa.Column("auth_type", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("sealed_credential", pg.BYTEA),
    sa.Column("key_version", sa.Text),
    sa.Column("generation", sa.Integer, nullable=False, server_default="1"),
    sa.Column("state", sa.Text, nullable=False, server_default="active"),
    sa.Column("last_error", sa.Text),
    sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("updated_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.UniqueConstraint("tenant_id", "auth_type", "subject"),
    comment="subject: the mailbox address of an OAuth grant, the service account's own address",
)

mailboxes = sa.Table(
    "mailboxes",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("tenant_id", sa.ForeignKey("tenants.id"), nullable=False),
    sa.Column("integration_id", sa.ForeignKey("integrations.id"), nullable=False, index=True),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("aliases", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("checkpoint", HISTORY_ID, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="active"),
    sa.Column("last_error", sa.Text),
    sa.Column("watch_expires_at", TIMESTAMP),
    sa.Column("last_push_at", TIMESTAMP),
    sa.Column("last_push_history_id", HISTORY_ID),
    sa.Column("last_synced_at", TIMESTAMP),
    sa.Column("initial_synced_at", TIMESTAMP),
    sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.UniqueConstraint("tenant_id", "address"),
    sa.CheckConstraint("address = lower(address)", name="address_lower"),
    sa.Index("ix_mailboxes_address", "address"),
)

sync_jobs = sa.Table(
    "sync_jobs",
    metadata,
    sa.Column("id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("tenant_id", sa.ForeignKey("tenants.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="queued"),
    sa.Column("counts", pg.JSONB, nullable=False, server_default="{}"),
    sa.Column("error", sa.Text),
    sa.Column("merged_into", pg.UUID(as_uuid=True)),
    sa.Column("dagster_run_id", sa.Text),
    sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("started_at", TIMESTAMP),
    sa.Column("finished_at", TIMESTAMP),
    sa.Index("ix_sync_jobs_tenant_id_created_at", "tenant_id", sa.text("created_at DESC")),
)

sync_queue = sa.Table(
    "sync_queue",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("tenant_id", sa.ForeignKey("tenants.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("job_id", sa.ForeignKey("sync_jobs.id"), nullable=False),
    sa.Column("mailbox_ids", pg.ARRAY(sa.BigInteger)),
    sa.Column("history_id", HISTORY_ID),
    sa.Column("force", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("enqueued_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("not_before", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("dispatched_until", TIMESTAMP),
    sa.Column("claimed_by", sa.Text),
    sa.Column("claimed_until", TIMESTAMP),
    sa.Index(
        "uq_sync_queue_waiting",
        "tenant_id",
        "kind",
        unique=True,
        postgresql_where=sa.text("claimed_by IS NULL"),
    ),
    sa.Index("ix_sync_queue_not_before", "not_before"),
    comment="mailbox_ids NULL: every mailbox of the tenant; dispatched_until: a run was asked for",
)

message_ledger = sa.Table(
    "message_ledger",
    metadata,
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), primary_key=True),
    sa.Column("gmail_id", sa.Text, primary_key=True),
    sa.Column("thread_id", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("fate", sa.Text, nullable=False, server_default="pending"),
    sa.Column("rule", sa.Text),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("next_attempt_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("error", sa.Text),
    sa.Column("history_id", HISTORY_ID, nullable=False, server_default="0"),
    sa.Column("first_seen_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("decided_at", TIMESTAMP),
    sa.CheckConstraint(
        "fate IN ('pending', 'stored', 'excluded', 'gone', 'dead')", name="fate_known"
    ),
    sa.Index(
        "ix_message_ledger_pending",
        "mailbox_id",
        "source",
        sa.text("thread_id DESC"),
        postgresql_where=sa.text("fate = 'pending'"),
    ),
    sa.Index("ix_message_ledger_mailbox_id_thread_id", "mailbox_id", "thread_id"),
)

listings = sa.Table(
    "listings",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), nullable=False, index=True),
    sa.Column("window_start", TIMESTAMP),
    sa.Column("window_end", TIMESTAMP),
    sa.Column("page_token", sa.Text),
    sa.Column("ids_listed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("started_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("done_at", TIMESTAMP),
    comment="a window of a mailbox being listed: the durable page token",
)

emails = sa.Table(
    "emails",
    metadata,
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), primary_key=True),
    sa.Column("gmail_id", sa.Text, primary_key=True),
    sa.Column("tenant_id", sa.Text, nullable=False),
    sa.Column("thread_id", sa.Text, nullable=False),
    sa.Column("history_id", HISTORY_ID, nullable=False),
    sa.Column("rfc_message_id", sa.Text),
    sa.Column("in_reply_to", sa.Text),
    sa.Column("references", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("sender_address", sa.Text),
    sa.Column("sender_name", sa.Text),
    sa.Column("recipients", pg.JSONB, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("internal_date", TIMESTAMP, nullable=False),
    sa.Column("header_date", sa.Text),
    sa.Column("label_ids", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("snippet", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
    sa.Column("reply_text", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("is_auto_reply", sa.Boolean, nullable=False),
    sa.Column("is_bounce", sa.Boolean, nullable=False),
    sa.Column("is_list", sa.Boolean, nullable=False),
    sa.Column("has_attachment", sa.Boolean, nullable=False),
    sa.Column("sanitized", sa.Boolean, nullable=False),
    sa.Column("search_vector", pg.TSVECTOR, nullable=False),
    sa.Column("stored_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Index(
        "ix_emails_tenant_date",
        "tenant_id",
        sa.text("internal_date DESC"),
        sa.text("mailbox_id DESC"),
        sa.text("gmail_id DESC"),
    ),
    sa.Index("ix_emails_mailbox_id_thread_id", "mailbox_id", "thread_id"),
    sa.Index("ix_emails_tenant_id_thread_id", "tenant_id", "thread_id"),
    sa.Index("ix_emails_rfc_message_id_digest", sa.text("md5(rfc_message_id)")),
    sa.Index("ix_emails_search_vector", "search_vector", postgresql_using="gin"),
)

threads = sa.Table(
    "threads",
    metadata,
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), primary_key=True),
    sa.Column("thread_id", sa.Text, primary_key=True),
    sa.Column("tenant_id", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("participants", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("first_date", TIMESTAMP, nullable=False),
    sa.Column("last_date", TIMESTAMP, nullable=False),
    sa.Column("last_inbound_at", TIMESTAMP),
    sa.Column("last_outbound_at", TIMESTAMP),
    sa.Column("message_count", sa.Integer, nullable=False),
    sa.Index("ix_threads_tenant_id_last_date", "tenant_id", sa.text("last_date DESC")),
)

participants = sa.Table(
    "participants",
    metadata,
    sa.Column("mailbox_id", sa.BigInteger, primary_key=True),
    sa.Column("gmail_id", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("tenant_id", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("internal_date", TIMESTAMP, nullable=False),
    sa.ForeignKeyConstraint(
        ["mailbox_id", "gmail_id"], ["emails.mailbox_id", "emails.gmail_id"], ondelete="CASCADE"
    ),
    sa.Index(
        "ix_participants_tenant_address_date",
        "tenant_id",
        "address",
        sa.text("internal_date DESC"),
    ),
)

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("mailbox_id", sa.BigInteger, primary_key=True),
    sa.Column("gmail_id", sa.Text, primary_key=True),
    sa.Column("part_id", sa.Text, primary_key=True),
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("mime_type", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("content_id", sa.Text),
    sa.Column("inline", sa.Boolean, nullable=False),
    sa.ForeignKeyConstraint(
        ["mailbox_id", "gmail_id"], ["emails.mailbox_id", "emails.gmail_id"], ondelete="CASCADE"
    ),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("token", sa.BigInteger, nullable=False),
    sa.Column("until", TIMESTAMP, nullable=False),
    comment="a free lease keeps its row (until in the past), so that tokens only ever grow",
)

quota_lines = sa.Table(
    "quota_lines",
    metadata,
    sa.Column("scope", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("live_at", TIMESTAMP, nullable=False),
    sa.Column("history_at", TIMESTAMP, nullable=False),
    sa.Column("burst_at", TIMESTAMP, nullable=False),
    sa.Column("paused_until", TIMESTAMP),
    comment="scope: a mailbox id, 0 is the project; times up to which units are reserved",
)

quota_usage = sa.Table(
    "quota_usage",
    metadata,
    sa.Column("scope", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("units", sa.BigInteger, nullable=False),
    comment="scope as in quota_lines; the day is Google's (Pacific time)",
)

drains = sa.Table(
    "drains",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("started_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("seen_at", TIMESTAMP, nullable=False, server_default=NOW),
    comment="drain runs by their heartbeat: a dead one is soon replaced",
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("sha256", pg.BYTEA, nullable=False, unique=True),
    sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("revoked_at", TIMESTAMP),
    comment="hashes only: the keys themselves are shown once and kept nowhere",
)
