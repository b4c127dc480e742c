"""What is hidden and what is left out are two fates, and each fate has its reason.

Revision 0016, after 0015. Source: ``core/fates.py``. Of the ledger only those rows are written
whose fate was ``excluded``, and those that Google did not find at the last attempt: both are read
off partial indexes. The new check reads the table once. Columns are renamed, and ``missed`` has a
constant default: that writes no row.

Jobs counted what was hidden and what was left out together. What a change of rules counted was
hidden; all else counts as left out, as nearly all of it was. The API shows the sum, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

#: Why mail was left out in this release; every other reason was the name of a tenant's rule.
_LEFT_OUT = "('draft', 'scheduled', 'chat', 'spam', 'trash', 'outside_range')"
_SPLIT = f"""
UPDATE message_ledger
SET fate = CASE WHEN reason IS NULL OR reason IN {_LEFT_OUT} THEN 'left_out' ELSE 'hidden' END
WHERE fate = 'excluded'
"""  # noqa: S608 - this module's own words
_MISSED = """
UPDATE message_ledger SET missed = true WHERE fate = 'pending' AND error = 'not found yet'
"""
_COUNT_OF_JOBS = """
UPDATE sync_jobs
SET counts = counts - 'excluded' || jsonb_build_object(
    CASE WHEN kind = 'exclusions' THEN 'hidden' ELSE 'left_out' END, counts -> 'excluded')
WHERE counts ? 'excluded'
"""
_COUNTS = tuple(
    f"""
    UPDATE {table}
    SET counts = counts - 'excluded' || jsonb_build_object('left_out', counts -> 'excluded')
    WHERE counts ? 'excluded'
    """  # noqa: S608 - this module's own words
    for table in ("job_months", "listings")
)


def upgrade() -> None:
    """Rename the columns, split the fate, and make anew what names it."""
    op.alter_column("message_ledger", "rule", new_column_name="reason")
    op.add_column(
        "message_ledger",
        sa.Column("missed", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table_comment(
        "message_ledger",
        "reason: why it has its fate: the exclusion rule that hides it, or what leaves it out; "
        "missed: Google's last word is that there is no such message, which is not believed yet",
    )
    op.drop_constraint("ck_message_ledger_fate_known", "message_ledger")
    op.execute(_SPLIT)
    op.execute(_MISSED)
    op.create_check_constraint(
        "ck_message_ledger_fate_known",
        "message_ledger",
        "fate IN ('pending', 'stored', 'hidden', 'left_out', 'gone', 'dead')",
    )
    op.drop_index("ix_message_ledger_excluded", table_name="message_ledger")
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
    for statement in (_COUNT_OF_JOBS, *_COUNTS):
        op.execute(statement)
    for table in ("facets", "facet_labels"):
        op.alter_column(table, "hidden", new_column_name="spam_or_trash")
