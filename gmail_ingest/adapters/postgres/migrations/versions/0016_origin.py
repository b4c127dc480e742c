"""Where a message came from is its origin: push, listing or backfill.

Revision 0016, after 0015. Source: docs/operation.md#upgrades. The ledger is written anew whole.
For a million entries that takes 5 s, where batches of UPDATE took 93, and no sync of the former
release could have gone on beside them: the columns have other names from the first batch on.
``quota_lines.background_at`` is the line of all that is not live mail, listings and backfills.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_NEW_WORDS = "CASE origin WHEN 'live' THEN 'push' WHEN 'history' THEN 'backfill' ELSE origin END"


def upgrade() -> None:
    """Rename the columns, and write the new words."""
    op.alter_column("quota_lines", "history_at", new_column_name="background_at")
    for table in ("leases", "listings", "message_ledger"):
        op.alter_column(table, "source", new_column_name="origin")
    for table in ("leases", "listings"):
        op.execute(f"UPDATE {table} SET origin = {_NEW_WORDS}")  # noqa: S608 - of this file
    op.alter_column("message_ledger", "origin", type_=sa.Text(), postgresql_using=_NEW_WORDS)
    # What was known of its values is gone with the former column.
    op.execute("ANALYZE message_ledger (origin)")
