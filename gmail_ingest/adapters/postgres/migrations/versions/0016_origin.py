"""Where a message came from is its origin: push, listing or backfill.

Revision 0016, after 0015. Source: ``core/fates.py``. The columns' names, and the new words in small
tables and in entries that wait or were given up: these are asked for by origin. Entries whose fate
is final are most of the ledger, and only their explanation tells their origin: 0017 writes them.
``quota_lines.background_at`` is the line of all that is not live mail, lists as well as backfills.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TABLES = ("leases", "listings", "message_ledger")
_NEW_WORDS = """
UPDATE {table} SET origin = CASE origin WHEN 'live' THEN 'push' ELSE 'backfill' END
WHERE origin IN ('live', 'history')
"""
#: A statement for each, since each has its partial index.
_NOT_FINAL = ("pending", "dead")


def upgrade() -> None:
    """Rename the columns, and write the new words where they are asked for."""
    op.alter_column("quota_lines", "history_at", new_column_name="background_at")
    for table in _TABLES:
        op.alter_column(table, "source", new_column_name="origin")
    for table in ("leases", "listings"):
        op.execute(sa.text(_NEW_WORDS.format(table=table)))
    for fate in _NOT_FINAL:
        op.execute(sa.text(f"{_NEW_WORDS.format(table='message_ledger')} AND fate = '{fate}'"))
