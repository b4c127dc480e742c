"""Removes labels that Gmail no longer lists from stored mail of any age.

Holds: ``read_user_labels``, ``count_labelled``, ``drop_labels``. Keep out: which labels are dead
(``sync/audit/dead_labels.py``).

Shown mail is found by its facets, hidden mail by its ledger entry. Both use an index, so that no
mailbox is read as a whole each night because a facet once had a dead label.
"""

from __future__ import annotations

from collections.abc import Collection

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.exclusions.visibility import redecide
from gmail_ingest.adapters.postgres.sync.history_apply import Labelled, write_labels
from gmail_ingest.sync.mailbox.records import Counts

_USER_LABELS = """
SELECT DISTINCT label_id FROM facet_labels WHERE mailbox_id = %s AND starts_with(label_id, %s)
"""
_BEARING = """
WITH named AS (
    SELECT DISTINCT facet_id FROM facet_labels
    WHERE mailbox_id = %(mailbox_id)s AND label_id = ANY(%(labels)s)
), found AS (
    SELECT k.gmail_id FROM email_keys k JOIN named USING (facet_id)
    WHERE k.mailbox_id = %(mailbox_id)s
    UNION
    SELECT l.gmail_id FROM message_ledger l JOIN emails e USING (mailbox_id, gmail_id)
    WHERE l.mailbox_id = %(mailbox_id)s AND l.fate = 'hidden' AND e.label_ids && %(labels)s
)
"""
_COUNT = f"{_BEARING} SELECT count(*) FROM found"  # noqa: S608 - a fragment of this file
_NEXT = f"""
{_BEARING}
SELECT e.gmail_id, e.direction, e.has_attachment, e.label_ids, e.history_id::text,
       l.fate = 'hidden'
FROM emails e JOIN message_ledger l USING (mailbox_id, gmail_id)
WHERE e.mailbox_id = %(mailbox_id)s
  AND e.gmail_id = ANY(ARRAY(SELECT gmail_id FROM found LIMIT %(most)s))
"""  # noqa: S608 - a fragment of this file


async def read_user_labels(connection: Connection, mailbox_id: int, prefix: str) -> frozenset[str]:
    """Labels with this prefix that stored mail has or once had."""
    rows = await connection.execute(_USER_LABELS, (mailbox_id, prefix))
    return frozenset(row[0] for row in await rows.fetchall())


async def count_labelled(connection: Connection, mailbox_id: int, labels: Collection[str]) -> int:
    """The number of stored mails, including hidden ones, with any of these labels."""
    wanted = {"mailbox_id": mailbox_id, "labels": list(labels)}
    row = await (await connection.execute(_COUNT, wanted)).fetchone()
    return row[0] if row else 0


async def drop_labels(
    connection: Connection, mailbox_id: int, labels: Collection[str], most: int
) -> Counts:
    """Remove labels from the next mails that have them, and apply the tenant's rules to these
    again.

    The mail's history id stays: later changes in history are newer in any case.
    """
    wanted = {"mailbox_id": mailbox_id, "labels": list(labels), "most": most}
    rows = await (await connection.execute(_NEXT, wanted)).fetchall()
    mails = [
        Labelled(
            gmail_id,
            direction,
            has_attachment,
            [label for label in label_ids if label not in labels],
            history_id,
            hidden,
        )
        for gmail_id, direction, has_attachment, label_ids, history_id, hidden in rows
    ]
    await write_labels(connection, mailbox_id, mails)
    decided = await redecide(connection, mailbox_id, [mail.gmail_id for mail in mails])
    return Counts(updated=len(mails), hidden=decided.hidden)
