"""Lists by facet and search by month: what reading a million mails of a tenant takes.

Revision 0003, after 0002. Mail that is stored already is brought along: about a minute for each
200,000 mails.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)

_LABELS = 'ARRAY(SELECT DISTINCT label COLLATE "C" FROM unnest(e.label_ids) AS label ORDER BY 1)'
#: As ``facets.traits`` of this release: hidden, files, two bits for the direction, then labels.
_TRAIT_LABELS = (
    *("INBOX", "SENT", "UNREAD", "STARRED", "IMPORTANT", "TRASH", "SPAM", "CATEGORY_PERSONAL"),
    *("CATEGORY_SOCIAL", "CATEGORY_PROMOTIONS", "CATEGORY_UPDATES", "CATEGORY_FORUMS"),
)
_TRAITS = " | ".join(
    [
        "hidden::int",
        "(has_attachment::int << 1)",
        "(CASE direction WHEN 'outbound' THEN 4 WHEN 'self' THEN 8 ELSE 0 END)",
        *(
            f"(CASE WHEN '{label}' = ANY(labels) THEN 1 << {bit} ELSE 0 END)"
            for bit, label in enumerate(_TRAIT_LABELS, start=4)
        ),
    ]
)
_FILL_FACETS = f"""
INSERT INTO facets (id, mailbox_id, tenant_id, digest, direction, has_attachment, hidden, label_ids)
SELECT nextval('facet_numbers') << 16 | {_TRAITS}, f.* FROM (
    SELECT DISTINCT ON (mailbox_id, digest)
           mailbox_id, tenant_id, digest, direction, has_attachment,
           labels && ARRAY['TRASH', 'SPAM'] AS hidden, labels
    FROM (
        SELECT e.*, labels, md5(concat_ws(E'\\n', direction, has_attachment::text,
                                          nullif(array_to_string(labels, E'\\n'), ''))) AS digest
        FROM emails e, LATERAL (SELECT {_LABELS} AS labels) AS sorted) AS mail
) AS f
"""  # noqa: S608 - this module's own words
_FILL_FACET_LABELS = """
INSERT INTO facet_labels
SELECT f.tenant_id, label, f.hidden, f.direction, f.has_attachment, f.mailbox_id, f.id
FROM facets f, unnest(f.label_ids || ''::text) AS label
"""
_FILL_EMAILS = f"""
UPDATE emails e
SET facet_id = f.id,
    search_vector = replace(' ' || e.search_vector::text, ' ''', ' ''' || mark)::tsvector
        || array_to_tsvector(ARRAY[mark] || ARRAY(
            SELECT DISTINCT mark || ' ' || p.address FROM participants p
            WHERE p.mailbox_id = e.mailbox_id AND p.gmail_id = e.gmail_id))
FROM facets f, emails same, LATERAL (
    SELECT left(encode(decode(md5(same.tenant_id || to_char(
        same.internal_date AT TIME ZONE 'UTC', 'YYYYMM')), 'hex'), 'base64'), 4) AS mark) AS marked
WHERE same.mailbox_id = e.mailbox_id AND same.gmail_id = e.gmail_id
  AND f.mailbox_id = e.mailbox_id AND f.direction = e.direction
  AND f.has_attachment = e.has_attachment AND f.label_ids = {_LABELS}
"""  # noqa: S608 - this module's own words
_FILL_KEYS = """
INSERT INTO email_keys (mailbox_id, gmail_id, tenant_id, facet_id, internal_date)
SELECT mailbox_id, gmail_id, tenant_id, facet_id, internal_date FROM emails
"""
_FILL_PEOPLE = """
UPDATE participants p SET facet_id = e.facet_id FROM emails e
WHERE e.mailbox_id = p.mailbox_id AND e.gmail_id = p.gmail_id
"""


def upgrade() -> None:
    """Make the facets and keys, mark the words, and leave the indexes that lists no longer use."""
    _drop_indexes()
    _make_tables()
    for table in ("emails", "participants"):
        op.add_column(table, sa.Column("facet_id", sa.BigInteger()))
    for statement in (_FILL_FACETS, _FILL_FACET_LABELS, _FILL_EMAILS, _FILL_KEYS, _FILL_PEOPLE):
        op.execute(statement)
    for table in ("emails", "participants"):
        op.alter_column(table, "facet_id", nullable=False)
    # Checking five rows a message is 5 % of all that Postgres does for one.
    op.drop_constraint("fk_participants_mailbox_id", "participants")
    # Room in each page for the next version of a row: a change of labels then touches no index.
    op.execute("ALTER TABLE emails SET (fillfactor = 80)")
    _make_indexes()


def _drop_indexes() -> None:
    for table, index in (
        ("emails", "ix_emails_tenant_date"),
        ("emails", "ix_emails_tenant_id_thread_id"),
        ("emails", "ix_emails_mailbox_id_thread_id"),
        ("message_ledger", "ix_message_ledger_mailbox_id_thread_id"),
        ("threads", "ix_threads_tenant_id_last_date"),
        ("emails", "ix_emails_search_vector"),
        ("participants", "ix_participants_tenant_address_date"),
    ):
        op.drop_index(index, table_name=table)


def _make_tables() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("facet_numbers")))
    op.create_table(
        "facets",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("has_attachment", sa.Boolean(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("label_ids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailboxes.id"], name="fk_facets_mailbox_id"),
        sa.PrimaryKeyConstraint("id", name="pk_facets"),
        sa.UniqueConstraint("mailbox_id", "digest", name="uq_facets_mailbox_id_digest"),
        comment="what list filters see of a mail; id: a facet_number, then 16 bits for its traits",
    )
    op.create_table(
        "facet_labels",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("label_id", sa.Text(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("has_attachment", sa.Boolean(), nullable=False),
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("facet_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name="fk_facet_labels_mailbox_id"
        ),
        sa.PrimaryKeyConstraint(
            *("tenant_id", "label_id", "hidden", "direction", "has_attachment"),
            *("mailbox_id", "facet_id"),
            name="pk_facet_labels",
        ),
        comment="facets by any filter: a row for each label, and one with the empty label",
    )
    op.create_index("ix_facet_labels_mailbox_id", "facet_labels", ["mailbox_id"])
    op.create_table(
        "email_keys",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("gmail_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("facet_id", sa.BigInteger(), nullable=False),
        sa.Column("internal_date", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("mailbox_id", "gmail_id", name="pk_email_keys"),
        comment="emails as lists walk them: narrow rows, found by date and by facet and date",
    )


def _make_indexes() -> None:
    newest = ["internal_date", "mailbox_id", "gmail_id"]
    for table in ("emails", "message_ledger"):
        op.create_index(f"ix_{table}_thread_id_mailbox_id", table, ["thread_id", "mailbox_id"])
    op.create_index(
        "ix_email_keys_tenant_date",
        "email_keys",
        ["tenant_id", *newest],
        postgresql_include=["facet_id"],
    )
    op.create_index("ix_email_keys_facet_date", "email_keys", ["facet_id", *newest])
    op.create_index(
        "ix_participants_tenant_address_date",
        "participants",
        ["tenant_id", "address", *newest],
        postgresql_include=["facet_id"],
    )
    op.create_index(
        "ix_participants_facet_address_date", "participants", ["facet_id", "address", *newest]
    )
    op.create_index(
        "ix_emails_search_vector",
        "emails",
        ["search_vector"],
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "1024"},
    )
