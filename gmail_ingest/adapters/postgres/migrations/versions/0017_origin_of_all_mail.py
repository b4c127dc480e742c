"""The new words for an origin in all of the ledger, in batches that are committed one by one.

Revision 0017, after 0016. Source: docs/operation.md#upgrades. A batch is one statement that holds
its mailbox's row, as every writer of its ledger does. What is killed begins again, and passes over
what is written already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

#: Entries of a mailbox in a batch: its syncs wait for one at the most.
_BATCH = 10_000
_MAILBOXES = "SELECT id FROM mailboxes ORDER BY id"
_WRITE = """
WITH held AS (SELECT id FROM mailboxes WHERE id = :mailbox FOR NO KEY UPDATE),
batch AS (
    SELECT l.gmail_id FROM held JOIN message_ledger l ON l.mailbox_id = held.id
    WHERE l.gmail_id > :after ORDER BY l.gmail_id LIMIT :most),
written AS (
    UPDATE message_ledger l SET origin = CASE origin WHEN 'live' THEN 'push' ELSE 'backfill' END
    FROM batch
    WHERE l.mailbox_id = :mailbox AND l.gmail_id = batch.gmail_id
      AND l.origin IN ('live', 'history'))
SELECT max(gmail_id) FROM batch
"""


def upgrade() -> None:
    """Write the new words, mailbox after mailbox."""
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        for mailbox in connection.execute(sa.text(_MAILBOXES)).scalars().all():
            after: str | None = ""
            while after is not None:
                batch = {"mailbox": mailbox, "after": after, "most": _BATCH}
                after = connection.execute(sa.text(_WRITE), batch).scalar_one()
