"""Reads and writes rows of the ledger in sets, and finds due messages.

Holds: statements on ``message_ledger`` alone. Add here: a question about it.
Keep out: the rules of fates (``core/ledger/fates.py``), mail.
Source: docs/promises.md#promise-1, #promise-5. All writers of a mailbox hold its row
(``leases.fenced``), so that entries read here are still true when they are written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.recordset import to_json
from gmail_ingest.core.ledger.fates import Entry, Origin, fate_of
from gmail_ingest.core.quota.planner import PendingMessage
from gmail_ingest.sync.mailbox.records import DueMessages, Failed

_READ = """
SELECT gmail_id, thread_id, origin, fate, reason, history_id FROM message_ledger
WHERE mailbox_id = %s AND gmail_id = ANY(%s)
"""
_WRITE = """
INSERT INTO message_ledger AS l
    (mailbox_id, gmail_id, thread_id, origin, fate, reason, history_id, decided_at)
SELECT %s, gmail_id, thread_id, origin, fate, reason, history_id,
       CASE WHEN fate <> 'pending' THEN now() END
FROM json_to_recordset(%s) AS e
    (gmail_id text, thread_id text, origin text, fate text, reason text, history_id numeric)
ORDER BY gmail_id
ON CONFLICT (mailbox_id, gmail_id) DO UPDATE
SET origin = excluded.origin, fate = excluded.fate, reason = excluded.reason,
    history_id = excluded.history_id,
    thread_id = coalesce(nullif(excluded.thread_id, ''), l.thread_id),
    attempts = CASE WHEN excluded.fate = 'pending' AND l.fate <> 'pending' THEN 0
                    ELSE l.attempts END,
    next_attempt_at = CASE WHEN l.fate = excluded.fate THEN l.next_attempt_at ELSE now() END,
    error = CASE WHEN l.fate = excluded.fate THEN l.error END,
    missed = l.missed AND l.fate = excluded.fate,
    decided_at = CASE WHEN l.fate = excluded.fate AND l.reason IS NOT DISTINCT FROM excluded.reason
                      THEN l.decided_at ELSE excluded.decided_at END
"""
_DUE = """
SELECT gmail_id, thread_id, attempts, extract(epoch FROM now() - first_seen_at)::float8,
       missed
FROM message_ledger
WHERE mailbox_id = %s AND origin = %s AND fate = 'pending' AND next_attempt_at <= now()
  AND (%s::bigint IS NULL OR listing_id = %s)
ORDER BY thread_id DESC, gmail_id DESC LIMIT %s
"""
_THREAD_SIZES = """
SELECT thread_id, count(*) FROM message_ledger
WHERE mailbox_id = %s AND thread_id = ANY(%s) AND fate <> 'gone' GROUP BY thread_id
"""
_FAILED = """
UPDATE message_ledger l
SET attempts = l.attempts + 1, error = f.error, missed = f.missed,
    next_attempt_at = coalesce(f.retry_at, l.next_attempt_at),
    fate = CASE WHEN f.retry_at IS NULL THEN 'dead' ELSE 'pending' END,
    decided_at = CASE WHEN f.retry_at IS NULL THEN now() END
FROM json_to_recordset(%s) AS f
    (gmail_id text, error text, missed boolean, retry_at timestamptz)
WHERE l.mailbox_id = %s AND l.gmail_id = f.gmail_id AND l.fate = 'pending'
RETURNING l.fate
"""
_NEXT_DUE = """
SELECT min(next_attempt_at) FROM message_ledger
WHERE mailbox_id = %(mailbox)s AND fate = 'pending'
  AND (%(origin)s::text IS NULL OR origin = %(origin)s)
  AND (%(listing)s::bigint IS NULL OR listing_id = %(listing)s)
"""


async def read_entries(
    connection: Connection, mailbox_id: int, ids: Collection[str]
) -> dict[str, Entry]:
    """The ledger's entries of these Gmail ids."""
    rows = await connection.execute(_READ, (mailbox_id, list(ids)))
    return {
        gmail_id: Entry(thread_id, origin, fate_of(fate), reason, int(history_id))
        async for gmail_id, thread_id, origin, fate, reason, history_id in rows
    }


async def write_entries(
    connection: Connection, mailbox_id: int, entries: Mapping[str, Entry]
) -> None:
    """Write entries. One whose fate changes starts again: no attempts, no error, due now."""
    rows: list[dict[str, object]] = [
        {
            "gmail_id": gmail_id,
            "thread_id": entry.thread_id,
            "origin": entry.origin,
            "fate": entry.fate,
            "reason": entry.reason,
            "history_id": str(entry.history_id),
        }
        for gmail_id, entry in entries.items()
    ]
    if rows:
        await connection.execute(_WRITE, (mailbox_id, to_json(rows)))


class FailureCounts(NamedTuple):
    """Failed ids: how many will be tried again, and how many were given up."""

    retrying: int
    dead: int


async def write_failures(
    connection: Connection, mailbox_id: int, failures: Sequence[Failed]
) -> FailureCounts:
    """Record a failed attempt for each of the ids that is pending."""
    if not failures:
        return FailureCounts(retrying=0, dead=0)
    rows: list[dict[str, object]] = [
        {
            "gmail_id": failure.message_id,
            "error": failure.error,
            "missed": failure.missed,
            "retry_at": failure.retry_at,
        }
        for failure in failures
    ]
    found = await connection.execute(_FAILED, (to_json(rows), mailbox_id))
    fates = [row[0] for row in await found.fetchall()]
    return FailureCounts(retrying=fates.count("pending"), dead=fates.count("dead"))


async def read_due(
    connection: Connection, mailbox_id: int, origin: Origin, limit: int, listing_id: int | None
) -> DueMessages:
    """Pending ids due now, newest thread first, and the sizes of their threads in the ledger."""
    wanted = (mailbox_id, origin, listing_id, listing_id, limit)
    rows = await (await connection.execute(_DUE, wanted)).fetchall()
    due = [PendingMessage(*row) for row in rows]
    threads = list({message.thread_id for message in due if message.thread_id})
    if not threads:
        return DueMessages(due, {})
    sizes = await connection.execute(_THREAD_SIZES, (mailbox_id, threads))
    return DueMessages(due, dict(await sizes.fetchall()))


async def read_next_due(
    connection: Connection, mailbox_id: int, origin: Origin | None, listing_id: int | None
) -> datetime | None:
    """When the next pending id is due (UTC; may be past); None if none is pending."""
    wanted = {"mailbox": mailbox_id, "origin": origin, "listing": listing_id}
    row = await (await connection.execute(_NEXT_DUE, wanted)).fetchone()
    return row[0] if row else None
