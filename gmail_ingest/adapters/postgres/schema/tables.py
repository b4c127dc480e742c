"""The schema of accounts, queue, ledger and limits, as SQLAlchemy Core tables.

Holds: tables, constraints, indexes. Add here: a column, together with an Alembic migration (a test
compares both).
Keep out: queries, mail (``mail_tables.py``). Source: docs/architecture.md#tables.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from gmail_ingest.adapters.postgres.schema.columns import HISTORY_ID, NOW, TIMESTAMP, metadata
from gmail_ingest.core.ledger.fates import FATES
from gmail_ingest.core.mail.reading import READING

tenants = sa.Table(
    "tenants",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False, server_default="connected"),
    sa.Column("settings", pg.JSONB, nullable=False, server_default="{}"),
    sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("disconnected_at", TIMESTAMP),
    sa.Column("reported_failure", sa.Text),
    comment="reported_failure: the failure that was reported to Dagster last",
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
    sa.Column("cause", sa.Text),
    sa.Column("failed_at", TIMESTAMP),
    sa.Column("watch_expires_at", TIMESTAMP),
    sa.Column("last_push_at", TIMESTAMP),
    sa.Column("last_push_history_id", HISTORY_ID),
    sa.Column("last_synced_at", TIMESTAMP),
    sa.Column("initial_synced_at", TIMESTAMP),
    sa.Column("reconcile_wanted_at", TIMESTAMP),
    sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("failing_since", TIMESTAMP),
    sa.Column("retry_at", TIMESTAMP),
    sa.Column("former_addresses", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("present_address", sa.Text),
    sa.Column("renamed_at", TIMESTAMP),
    sa.Column("history_reset_at", TIMESTAMP),
    sa.Column("replaced_at", TIMESTAMP),
    sa.Column("replaced_by", sa.BigInteger),
    sa.Column("reading", sa.SmallInteger, nullable=False, server_default=str(READING)),
    sa.Column("read_to", sa.Text, nullable=False, server_default=""),
    # The mail of a replaced account stays under the same address.
    sa.Index(
        "uq_mailboxes_living_address",
        "tenant_id",
        "address",
        unique=True,
        postgresql_where=sa.text("state <> 'replaced'"),
    ),
    sa.CheckConstraint("address = lower(address)", name="address_lower"),
    sa.Index("ix_mailboxes_address", "address"),
    sa.Index(
        "ix_mailboxes_aliases",
        "aliases",
        postgresql_using="gin",
        # Else each push of an unknown address would read the list of unmerged entries.
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("aliases <> '{}'"),
    ),
    comment="cause: names why it is in its state; failed_at: of its last sync, if that failed; "
    "failing_since: of its first failure since it was synced last; retry_at: it is tried again "
    "by itself then; reading: by which all its mail is read; read_to: up to this Gmail id by "
    "the next one",
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
    sa.Column("window_start", TIMESTAMP),
    sa.Column("window_end", TIMESTAMP),
    sa.Column("dagster_backfill_id", sa.Text),
    sa.Column("settled_at", TIMESTAMP),
    sa.Column("not_before", TIMESTAMP),
    sa.Column("seen_at", TIMESTAMP),
    sa.Column("asks", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_sync_jobs_tenant_id_created_at", "tenant_id", sa.text("created_at DESC")),
    sa.Index(
        "uq_sync_jobs_open_range",
        "tenant_id",
        "window_start",
        "window_end",
        unique=True,
        postgresql_where=sa.text("kind = 'historical' AND state IN ('queued', 'running')"),
    ),
    sa.Index(
        "ix_sync_jobs_unsettled",
        "created_at",
        postgresql_where=sa.text("kind = 'historical' AND settled_at IS NULL"),
    ),
    comment="of backfills: settled_at: Dagster has nothing to do for it any more; asks: "
    "those of Dagster that got nothing done, one after the other; seen_at: its worker's last word",
)

job_months = sa.Table(
    "job_months",
    metadata,
    sa.Column("job_id", sa.ForeignKey("sync_jobs.id"), primary_key=True),
    sa.Column("month", sa.Date, primary_key=True),
    sa.Column("done_at", TIMESTAMP),
    sa.Column("counts", pg.JSONB, nullable=False, server_default="{}"),
    comment="the months of a backfill; done_at: all that Google listed has a final fate",
)

sync_queue = sa.Table(
    "sync_queue",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("tenant_id", sa.ForeignKey("tenants.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("job_id", sa.ForeignKey("sync_jobs.id")),
    sa.Column("mailbox_ids", pg.ARRAY(sa.BigInteger)),
    sa.Column("history_id", HISTORY_ID),
    sa.Column("force", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("crashes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("enqueued_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("not_before", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("priority", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("again", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("dispatch_id", sa.Text),
    sa.Column("dispatched_at", TIMESTAMP),
    sa.Column("dispatches", sa.Integer, nullable=False, server_default="0"),
    sa.Column("started_at", TIMESTAMP),
    sa.Column("dagster_run_id", sa.Text),
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
    sa.Index("ix_sync_queue_turn", "priority", "not_before", "id"),
    sa.Index(
        "ix_sync_queue_claimed",
        "tenant_id",
        "kind",
        postgresql_where=sa.text("claimed_by IS NOT NULL"),
    ),
    comment="mailbox_ids NULL: every mailbox of the tenant; job_id NULL: nobody asked for it; "
    "priority: the smallest is claimed first; again: look once more afterwards; dispatch_id: the "
    "run that was started for it; dispatches: runs that never took it, one after the other; "
    "crashes: workers that died with it, one after the other",
)

message_ledger = sa.Table(
    "message_ledger",
    metadata,
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), primary_key=True),
    sa.Column("gmail_id", sa.Text, primary_key=True),
    sa.Column("thread_id", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("fate", sa.Text, nullable=False, server_default="pending"),
    sa.Column("reason", sa.Text),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("next_attempt_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("error", sa.Text),
    sa.Column("history_id", HISTORY_ID, nullable=False, server_default="0"),
    sa.Column("listing_id", sa.BigInteger),
    sa.Column("first_seen_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("decided_at", TIMESTAMP),
    sa.Column("missed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint(f"fate IN {FATES}", name="fate_known"),
    sa.Index(
        "ix_message_ledger_pending",
        "mailbox_id",
        "origin",
        sa.text("thread_id DESC"),
        postgresql_where=sa.text("fate = 'pending'"),
    ),
    # The thread first: plans made while the table is small would use an index that begins like the
    # primary key in its place, and then read a whole mailbox.
    sa.Index("ix_message_ledger_thread_id_mailbox_id", "thread_id", "mailbox_id"),
    sa.Index(
        "ix_message_ledger_dead",
        "mailbox_id",
        "gmail_id",
        postgresql_where=sa.text("fate = 'dead'"),
    ),
    sa.Index(
        "ix_message_ledger_hidden",
        "mailbox_id",
        "reason",
        postgresql_where=sa.text("fate = 'hidden'"),
    ),
    sa.Index(
        "ix_message_ledger_left_out",
        "mailbox_id",
        postgresql_where=sa.text("fate = 'left_out'"),
    ),
    comment="reason: why it has its fate: the exclusion rule that hides it, or what leaves it out; "
    "missed: Google's last word is that there is no such message, which is not believed yet",
)

listings = sa.Table(
    "listings",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), nullable=False, index=True),
    sa.Column("window_start", TIMESTAMP),
    sa.Column("window_end", TIMESTAMP),
    sa.Column("origin", sa.Text, nullable=False, server_default="listing"),
    sa.Column("page_token", sa.Text),
    sa.Column("ids_listed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("started_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("done_at", TIMESTAMP),
    sa.Column("closed_at", TIMESTAMP),
    sa.Column("counts", pg.JSONB, nullable=False, server_default="{}"),
    comment="a window of a mailbox being listed: the durable page token; closed_at: used up by a "
    "completed month of a backfill",
)

facet_numbers = sa.Sequence("facet_numbers", metadata=metadata)

coverage = sa.Table(
    "coverage",
    metadata,
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("ids_listed", sa.BigInteger, nullable=False),
    sa.Column("ids_accounted", sa.BigInteger, nullable=False),
    sa.Column("ids_pending", sa.BigInteger, nullable=False),
    sa.Column("ids_missing", sa.BigInteger, nullable=False),
    sa.Column("ids_vanished", sa.BigInteger, nullable=False),
    sa.Column("ids_dead", sa.BigInteger, nullable=False),
    sa.Column("checked_at", TIMESTAMP, nullable=False),
    sa.Column("proven_at", TIMESTAMP),
    comment="UTC days compared with what Google lists; proven_at NULL: not complete, or not over",
)

verdicts = sa.Table(
    "verdicts",
    metadata,
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), primary_key=True),
    sa.Column("checked_at", TIMESTAMP, nullable=False),
    sa.Column("passed", sa.Boolean, nullable=False),
    sa.Column("first_day", sa.Date),
    sa.Column("days", sa.Integer, nullable=False),
    sa.Column("proven_days", sa.Integer, nullable=False),
    sa.Column("found", sa.BigInteger, nullable=False),
    sa.Column("open", sa.BigInteger, nullable=False),
    sa.Column("error", sa.Text),
    comment="the last comparison of a mailbox with what Google lists",
)

removals = sa.Table(
    "removals",
    metadata,
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), primary_key=True),
    sa.Column("hour", TIMESTAMP, primary_key=True),
    sa.Column("mails", sa.BigInteger, nullable=False),
    comment="stored mails removed because Gmail no longer has them, without a person's word",
)

withheld_removals = sa.Table(
    "withheld_removals",
    metadata,
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), primary_key=True),
    sa.Column("gmail_id", sa.Text, primary_key=True),
    sa.Column("confirmed", sa.Boolean, nullable=False),
    sa.Column("withheld_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("accepted_at", TIMESTAMP),
    comment="stored mails that Gmail no longer has, too many to remove unasked; confirmed: "
    "Gmail said so of the mail itself; accepted_at: a person agreed that it goes",
)

exclusion_rules = sa.Table(
    "exclusion_rules",
    metadata,
    sa.Column("tenant_id", sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("mailbox", sa.Text),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("criteria", pg.JSONB, nullable=False),
    sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("updated_at", TIMESTAMP, nullable=False, server_default=NOW),
    comment="which stored mail the CRM does not see; mailbox: the address that it is limited to",
)

exclusion_marks = sa.Table(
    "exclusion_marks",
    metadata,
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), primary_key=True),
    sa.Column("decided_to", sa.Text, nullable=False, server_default=""),
    sa.Column("marked_at", TIMESTAMP, nullable=False, server_default=NOW),
    comment="mailboxes whose rules changed; decided_to: up to this Gmail id they are decided about",
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), primary_key=True),
    sa.Column("origin", sa.Text, primary_key=True),
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
    sa.Column("background_at", TIMESTAMP, nullable=False),
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
