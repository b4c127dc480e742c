"""Renames ``source`` to ``origin``, and splits the fate ``excluded``: ``hidden``, ``left_out``.

Revision 0016, after 0015. Source: docs/operation.md#upgrades. The ledger is rewritten once, for all
its columns: 10 s for a million entries, where batches of UPDATE took 93 s for one column. With
batches, no sync of the former release could have run meanwhile either, because the columns are
renamed from the first batch on. ``quota_lines.background_at`` is the line of all mail that is not
live: listings and backfills.

The fate ``excluded`` meant two things: mail that a tenant's rule hides is stored, mail that is left
out never was. ``missed`` replaces an error text: Google did not find the message at the last
attempt. Jobs counted hidden and left-out mail together: the counts of a change of rules become
hidden, all others left out, as nearly all of them were. The API shows the sum.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ORIGIN = "CASE origin WHEN 'live' THEN 'push' WHEN 'history' THEN 'backfill' ELSE origin END"
#: Why mail was left out in this release; every other reason was the name of a tenant's rule.
_LEFT_OUT = "('draft', 'scheduled', 'chat', 'spam', 'trash', 'outside_range')"
_FATE = f"""
CASE WHEN fate <> 'excluded' THEN fate
     WHEN reason IS NULL OR reason IN {_LEFT_OUT} THEN 'left_out' ELSE 'hidden' END
"""
# Each expression sees the row as it was.
_LEDGER = f"""
ALTER TABLE message_ledger
    DROP CONSTRAINT ck_message_ledger_fate_known,
    ALTER COLUMN origin TYPE text USING {_ORIGIN},
    ALTER COLUMN fate TYPE text USING {_FATE},
    ALTER COLUMN missed TYPE boolean
        USING fate = 'pending' AND coalesce(error = 'not found yet', false),
    ADD CONSTRAINT ck_message_ledger_fate_known
        CHECK (fate IN ('pending', 'stored', 'hidden', 'left_out', 'gone', 'dead'))
"""
_COUNTS = """
UPDATE {table}
SET counts = counts - 'excluded' || jsonb_build_object({name}, counts -> 'excluded')
WHERE counts ? 'excluded'
"""
_COUNTED_AS = {
    "sync_jobs": "CASE WHEN kind = 'exclusions' THEN 'hidden' ELSE 'left_out' END",
    "job_months": "'left_out'",
    "listings": "'left_out'",
}


def upgrade() -> None:
    """Rename the columns, and write the new words."""
    op.alter_column("quota_lines", "history_at", new_column_name="background_at")
    for table in ("leases", "listings", "message_ledger"):
        op.alter_column(table, "source", new_column_name="origin")
    for table in ("leases", "listings"):
        op.execute(f"UPDATE {table} SET origin = {_ORIGIN}")  # noqa: S608 - of this file
    _upgrade_ledger()
    for table, name in _COUNTED_AS.items():
        op.execute(_COUNTS.format(table=table, name=name))
    for table in ("facets", "facet_labels"):
        op.alter_column(table, "hidden", new_column_name="spam_or_trash")


def _upgrade_ledger() -> None:
    op.alter_column("message_ledger", "rule", new_column_name="reason")
    op.add_column(
        "message_ledger",
        sa.Column("missed", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.drop_index("ix_message_ledger_excluded", table_name="message_ledger")
    op.execute(_LEDGER)
    op.create_index(
        "ix_message_ledger_hidden",
        "message_ledger",
        ["mailbox_id", "reason"],
        postgresql_where=sa.text("fate = 'hidden'"),
    )
    op.create_index(
        "ix_message_ledger_left_out",
        "message_ledger",
        ["mailbox_id"],
        postgresql_where=sa.text("fate = 'left_out'"),
    )
    op.create_table_comment(
        "message_ledger",
        "reason: why it has its fate: the exclusion rule that hides it, or what leaves it out; "
        "missed: Google's last word is that there is no such message, which is not believed yet",
    )
    # What was known of their values is gone with the former columns.
    op.execute("ANALYZE message_ledger (origin, fate, missed)")
