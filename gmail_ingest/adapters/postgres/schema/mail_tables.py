"""The schema of mail as the CRM reads it, as SQLAlchemy Core tables.

Holds: emails and their dependent tables. Add here: a column, together with an Alembic migration (a
test compares both). Keep out: queries, fates (``tables.py``).
Source: docs/architecture.md#tables; edge cases 52 (no btree over a raw header: long ones are
indexed by digest) and 53 (bounded search vector).
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from gmail_ingest.adapters.postgres.schema.columns import HISTORY_ID, NOW, TIMESTAMP, metadata

facets = sa.Table(
    "facets",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), nullable=False),
    sa.Column("tenant_id", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("has_attachment", sa.Boolean, nullable=False),
    sa.Column("spam_or_trash", sa.Boolean, nullable=False),
    sa.Column("label_ids", pg.ARRAY(sa.Text), nullable=False),
    sa.UniqueConstraint("mailbox_id", "digest"),
    comment="what list filters see of a mail; id: a facet_number, then 16 bits for its traits",
)

facet_labels = sa.Table(
    "facet_labels",
    metadata,
    sa.Column("tenant_id", sa.Text, primary_key=True),
    sa.Column("label_id", sa.Text, primary_key=True),
    sa.Column("spam_or_trash", sa.Boolean, primary_key=True),
    sa.Column("direction", sa.Text, primary_key=True),
    sa.Column("has_attachment", sa.Boolean, primary_key=True),
    sa.Column("mailbox_id", sa.ForeignKey("mailboxes.id"), primary_key=True, index=True),
    sa.Column("facet_id", sa.BigInteger, primary_key=True),
    comment="facets by any filter: a row for each label, and one with the empty label",
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
    # NULL: the sender is the author; also in rows older than the column.
    sa.Column("author", pg.JSONB),
    sa.Column("recipients", pg.JSONB, nullable=False),
    sa.Column("reply_to", pg.JSONB),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("internal_date", TIMESTAMP, nullable=False),
    sa.Column("header_date", sa.Text),
    sa.Column("label_ids", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("snippet", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
    sa.Column("reply_text", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False, server_default=""),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("is_auto_reply", sa.Boolean, nullable=False),
    sa.Column("is_bounce", sa.Boolean, nullable=False),
    sa.Column("is_list", sa.Boolean, nullable=False),
    # NULL in rows older than the column: the headers that decide it are not stored.
    sa.Column("content_kind", sa.Text),
    sa.Column("failed_recipients", pg.JSONB),
    # The reading by which it was stored or changed; 0: by a release without readings.
    sa.Column("reading", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("has_attachment", sa.Boolean, nullable=False),
    sa.Column("sanitized", sa.Boolean, nullable=False),
    sa.Column("search_vector", pg.TSVECTOR, nullable=False),
    sa.Column("stored_at", TIMESTAMP, nullable=False, server_default=NOW),
    # No index has labels or the facet, so a change of labels is a heap-only update and does not
    # touch the search index.
    sa.Column("facet_id", sa.BigInteger, nullable=False),
    # The thread first: plans made while the table is small (of foreign keys, too) would use an
    # index that begins like the primary key in its place, and then read a whole mailbox.
    sa.Index("ix_emails_thread_id_mailbox_id", "thread_id", "mailbox_id"),
    sa.Index("ix_emails_rfc_message_id_digest", sa.text("md5(rfc_message_id)")),
    sa.Index(
        "ix_emails_search_vector",
        "search_vector",
        postgresql_using="gin",
        # Small, because every search reads the entries that are not yet merged into the index.
        postgresql_with={"gin_pending_list_limit": "1024"},
    ),
)

email_keys = sa.Table(
    "email_keys",
    metadata,
    sa.Column("mailbox_id", sa.BigInteger, primary_key=True),
    sa.Column("gmail_id", sa.Text, primary_key=True),
    sa.Column("tenant_id", sa.Text, nullable=False),
    sa.Column("facet_id", sa.BigInteger, nullable=False),
    sa.Column("internal_date", TIMESTAMP, nullable=False),
    # No foreign key, here and in participants: there are five rows a message, and the checks took 5
    # % of Postgres' time for it. The rows are written and deleted only with their email.
    sa.Index(
        "ix_email_keys_tenant_date",
        "tenant_id",
        "internal_date",
        "mailbox_id",
        "gmail_id",
        postgresql_include=["facet_id"],
    ),
    sa.Index("ix_email_keys_facet_date", "facet_id", "internal_date", "mailbox_id", "gmail_id"),
    comment="emails as lists walk them: narrow rows, found by date and by facet and date",
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
    sa.Column("facet_id", sa.BigInteger, nullable=False),
    sa.Index(
        "ix_participants_tenant_address_date",
        "tenant_id",
        "address",
        "internal_date",
        "mailbox_id",
        "gmail_id",
        postgresql_include=["facet_id"],
    ),
    sa.Index(
        "ix_participants_facet_address_date",
        "facet_id",
        "address",
        "internal_date",
        "mailbox_id",
        "gmail_id",
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
