"""Recomputes threads from their emails, in sets, in the transaction that changed the emails.

Hidden emails do not count (``facets.HIDDEN_BIT``).

Holds: ``recompute``. Add here: a column of ``threads``. Keep out: reading for the API.
Source: edge case 49 (order by internal date). A thread's participants are bounded: a mailing
list's thread may have thousands.
"""

from __future__ import annotations

from collections.abc import Collection

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.mail.facets import HIDDEN_BIT

MAX_PARTICIPANTS = 100

_RECOMPUTE = """
INSERT INTO threads AS t (mailbox_id, thread_id, tenant_id, subject, participants, first_date,
                          last_date, last_inbound_at, last_outbound_at, message_count)
SELECT e.mailbox_id, e.thread_id, min(e.tenant_id),
       (SELECT f.subject FROM emails f
        WHERE f.mailbox_id = e.mailbox_id AND f.thread_id = e.thread_id
          AND f.facet_id < %(hidden_bit)s
        ORDER BY f.internal_date, f.gmail_id LIMIT 1),
       ARRAY(SELECT p.address
             FROM emails f JOIN participants p USING (mailbox_id, gmail_id)
             WHERE f.mailbox_id = e.mailbox_id AND f.thread_id = e.thread_id
               AND f.facet_id < %(hidden_bit)s
             GROUP BY p.address ORDER BY min(p.internal_date), min(p.position), p.address
             LIMIT %(most)s),
       min(e.internal_date), max(e.internal_date),
       max(e.internal_date) FILTER (WHERE e.direction = 'inbound'),
       max(e.internal_date) FILTER (WHERE e.direction = 'outbound'), count(*)
FROM emails e
WHERE e.mailbox_id = %(mailbox_id)s AND e.thread_id = ANY(%(threads)s)
  AND e.facet_id < %(hidden_bit)s
GROUP BY e.mailbox_id, e.thread_id
ORDER BY e.thread_id
ON CONFLICT (mailbox_id, thread_id) DO UPDATE
SET subject = excluded.subject, participants = excluded.participants,
    first_date = excluded.first_date, last_date = excluded.last_date,
    last_inbound_at = excluded.last_inbound_at, last_outbound_at = excluded.last_outbound_at,
    message_count = excluded.message_count
"""
_REMOVE_EMPTY = """
DELETE FROM threads t
WHERE t.mailbox_id = %(mailbox_id)s AND t.thread_id = ANY(%(threads)s) AND NOT EXISTS (
    SELECT FROM emails e WHERE e.mailbox_id = t.mailbox_id AND e.thread_id = t.thread_id
      AND e.facet_id < %(hidden_bit)s)
"""


async def recompute(connection: Connection, mailbox_id: int, thread_ids: Collection[str]) -> None:
    """Update the rows of these threads from their emails, if they have any.

    If emails may have been deleted, call ``remove_empty`` as well.
    """
    if not thread_ids:
        return
    threads = {
        "mailbox_id": mailbox_id,
        "threads": sorted(thread_ids),
        "most": MAX_PARTICIPANTS,
        "hidden_bit": HIDDEN_BIT,
    }
    await connection.execute(_RECOMPUTE, threads)


async def remove_empty(
    connection: Connection, mailbox_id: int, thread_ids: Collection[str]
) -> None:
    """Delete the rows of those threads that have no visible email left."""
    threads = {"mailbox_id": mailbox_id, "threads": sorted(thread_ids), "hidden_bit": HIDDEN_BIT}
    await connection.execute(_REMOVE_EMPTY, threads)
