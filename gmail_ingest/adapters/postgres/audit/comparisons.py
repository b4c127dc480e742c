"""The methods of a comparison with Google that are not in the MailStore port.

Holds: ``PostgresComparisons``, each method one transaction. Add here: a method of ComparableStore.
Keep out: longer SQL (``corrections``, ``dead_labels``, ``removals``), reads of the API
(``coverage``). Source: ``sync/audit/completeness.py``; docs/promises.md#promise-6; edge case 61
(days are UTC).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.audit import corrections, dead_labels
from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.adapters.postgres.recordset import to_json
from gmail_ingest.adapters.postgres.sync import removals
from gmail_ingest.adapters.postgres.sync.leases import fenced
from gmail_ingest.core.ledger.completeness import DayTally, Known, StoredMails
from gmail_ingest.core.ledger.fates import fate_of
from gmail_ingest.core.ledger.removals import UNASKED, RemovalLimits
from gmail_ingest.core.ledger.windows import Window, reach_back
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.sync.audit.completeness import AcceptedRemoval, Verdict
from gmail_ingest.sync.mailbox.records import Counts, Lease, MessageRef

# A NULL in window_start is a window without a beginning.
_SYNCED_FROM = """
SELECT CASE WHEN bool_and(window_start IS NOT NULL) THEN min(window_start) END
FROM listings WHERE mailbox_id = %s AND origin = 'listing'
"""
_BACKFILLED = """
SELECT DISTINCT window_start, window_end FROM listings
WHERE mailbox_id = %s AND origin = 'backfill' AND closed_at IS NOT NULL
"""
_DAYS = """
SELECT (internal_date AT TIME ZONE 'UTC')::date, count(*) FROM emails
WHERE mailbox_id = %s GROUP BY 1
"""
_LABELS = """
SELECT label, count(*) FROM emails, unnest(label_ids) AS label
WHERE mailbox_id = %s AND internal_date >= %s AND internal_date < %s GROUP BY 1
"""
# FOR KEY SHARE, so that a disconnect comes before or after.
_RECORD = """
WITH mailbox AS (
    SELECT id FROM mailboxes
    WHERE id = %(mailbox_id)s AND state NOT IN ('disconnected', 'replaced') FOR KEY SHARE
)
INSERT INTO coverage (mailbox_id, day, ids_listed, ids_accounted, ids_pending, ids_missing,
                      ids_vanished, ids_dead, checked_at, proven_at)
SELECT mailbox.id, day, listed, accounted, pending, missing, vanished, dead, %(checked_at)s,
       CASE WHEN proven THEN %(checked_at)s END
FROM mailbox, json_to_recordset(%(days)s) AS d
    (day date, listed bigint, accounted bigint, pending bigint, missing bigint, vanished bigint,
     dead bigint, proven boolean)
ORDER BY day
ON CONFLICT (mailbox_id, day) DO UPDATE
SET ids_listed = excluded.ids_listed, ids_accounted = excluded.ids_accounted,
    ids_pending = excluded.ids_pending, ids_missing = excluded.ids_missing,
    ids_vanished = excluded.ids_vanished, ids_dead = excluded.ids_dead,
    checked_at = excluded.checked_at, proven_at = excluded.proven_at
"""
_VERDICT = """
WITH mailbox AS (
    SELECT id FROM mailboxes WHERE id = %(mailbox_id)s AND state <> 'disconnected' FOR KEY SHARE
)
INSERT INTO verdicts (mailbox_id, checked_at, passed, first_day, days, proven_days, found, open,
                      error)
SELECT mailbox.id, %(checked_at)s, %(passed)s, %(first_day)s, %(days)s, %(proven_days)s, %(found)s,
       %(open)s, %(error)s
FROM mailbox
ON CONFLICT (mailbox_id) DO UPDATE
SET checked_at = excluded.checked_at, passed = excluded.passed, first_day = excluded.first_day,
    days = excluded.days, proven_days = excluded.proven_days, found = excluded.found,
    open = excluded.open, error = excluded.error
"""
# Arrays of ids, because a mailbox has few sets of labels, and rows would take ten times the memory.
_STORED = """
SELECT (internal_date AT TIME ZONE 'UTC')::date, label_ids, array_agg(gmail_id) FROM emails
WHERE mailbox_id = %s AND internal_date >= coalesce(%s, '-infinity'::timestamptz)
  AND internal_date < coalesce(%s, 'infinity'::timestamptz)
GROUP BY 1, 2
"""
_KNOWN = """
SELECT l.gmail_id, l.thread_id, l.fate, l.reason, e.internal_date
FROM message_ledger l LEFT JOIN emails e USING (mailbox_id, gmail_id)
WHERE l.mailbox_id = %s AND l.gmail_id = ANY(%s)
"""
_RECONCILED = "UPDATE mailboxes SET reconcile_wanted_at = NULL WHERE id = %s"


class PostgresComparisons:
    """Implements ``sync.audit.completeness.ComparableStore``, which says what each method does."""

    def __init__(self, engine: AsyncEngine, limits: RemovalLimits = UNASKED) -> None:
        self._engine = engine
        self._limits = limits

    async def synced_from(self, mailbox_id: int) -> datetime | None:
        """The moment (UTC) from which mail was listed without a gap up to now; None if none was, or
        if a listing had no beginning.
        """
        async with statement(self._engine) as connection:
            row = await (await connection.execute(_SYNCED_FROM, (mailbox_id,))).fetchone()
            if row is None or row[0] is None:
                return None
            backfilled = await connection.execute(_BACKFILLED, (mailbox_id,))
            return reach_back(
                row[0], [Window(start, end) for start, end in await backfilled.fetchall()]
            )

    async def stored_days(self, mailbox_id: int) -> Mapping[date, int]:
        """Mails stored of each UTC day."""
        async with statement(self._engine) as connection:
            return dict(await (await connection.execute(_DAYS, (mailbox_id,))).fetchall())

    async def stored_labels(self, mailbox_id: int, window: Window) -> Mapping[str, int]:
        """Mails stored of a window by label id."""
        async with statement(self._engine) as connection:
            rows = await connection.execute(_LABELS, (mailbox_id, window.start, window.end))
            return dict(await rows.fetchall())

    async def record(
        self, mailbox_id: int, days: Collection[DayTally], checked_at: datetime
    ) -> None:
        """Record the tallies of days."""
        rows: list[dict[str, object]] = [
            {
                "day": day.day,
                "listed": day.listed,
                "accounted": day.accounted,
                "pending": day.pending,
                "missing": day.missing,
                "vanished": day.vanished,
                "dead": day.dead,
                "proven": day.is_proven(checked_at),
            }
            for day in days
        ]
        values = {"mailbox_id": mailbox_id, "days": to_json(rows), "checked_at": checked_at}
        async with statement(self._engine) as connection:
            await connection.execute(_RECORD, values)

    async def note_verdict(self, mailbox_id: int, verdict: Verdict) -> None:
        """Store the last verdict of a mailbox."""
        async with statement(self._engine) as connection:
            await connection.execute(_VERDICT, {"mailbox_id": mailbox_id, **asdict(verdict)})

    async def stored_mails(self, mailbox_id: int, window: Window) -> list[StoredMails]:
        """The stored mails of a window, by day and labels."""
        async with statement(self._engine) as connection:
            rows = await connection.execute(_STORED, (mailbox_id, window.start, window.end))
            return [
                StoredMails(day, frozenset(labels), frozenset(ids))
                for day, labels, ids in await rows.fetchall()
            ]

    async def known(self, mailbox_id: int, message_ids: Collection[str]) -> Mapping[str, Known]:
        """What the ledger knows of these ids, with the internal dates of stored emails."""
        async with statement(self._engine) as connection:
            rows = await connection.execute(_KNOWN, (mailbox_id, list(message_ids)))
            return {
                gmail_id: Known(thread_id, fate_of(fate), reason, internal_date)
                for gmail_id, thread_id, fate, reason, internal_date in await rows.fetchall()
            }

    async def recall(self, lease: Lease, refs: Sequence[MessageRef]) -> int:
        """Make listed ids that are not accounted for pending."""
        async with fenced(self._engine, lease) as connection:
            return await corrections.recall(connection, lease.mailbox_id, refs)

    async def correct(
        self, lease: Lease, messages: Sequence[ParsedMessage], gone: Collection[str]
    ) -> Counts:
        """Replace mails that differ from Google's, and remove those that are gone there."""
        async with fenced(self._engine, lease) as connection:
            return await corrections.correct(connection, lease.mailbox_id, messages, gone)

    async def user_labels(self, mailbox_id: int, prefix: str) -> frozenset[str]:
        """Labels with this prefix that stored mail has or once had."""
        async with statement(self._engine) as connection:
            return await dead_labels.read_user_labels(connection, mailbox_id, prefix)

    async def count_labelled(self, mailbox_id: int, labels: Collection[str]) -> int:
        """Stored mails with any of these labels."""
        async with statement(self._engine) as connection:
            return await dead_labels.count_labelled(connection, mailbox_id, labels)

    async def drop_labels(self, lease: Lease, labels: Collection[str], most: int) -> Counts:
        """Remove labels from the next mails that have them."""
        async with fenced(self._engine, lease) as connection:
            return await dead_labels.drop_labels(connection, lease.mailbox_id, labels, most)

    async def removal_room(self, mailbox_id: int) -> int:
        """How many mails may be removed now without a question."""
        async with statement(self._engine) as connection:
            return await removals.removal_room(connection, mailbox_id, self._limits)

    async def withheld_removals(self, mailbox_id: int) -> frozenset[str]:
        """Ids whose removal waits for a person."""
        async with statement(self._engine) as connection:
            return await removals.withheld_removals(connection, mailbox_id)

    async def accepted_removals(self, mailbox_id: int, most: int) -> Sequence[AcceptedRemoval]:
        """The next removals that were accepted."""
        async with statement(self._engine) as connection:
            return await removals.accepted_removals(connection, mailbox_id, most)

    async def admit_removals(
        self, lease: Lease, ids: Collection[str], unconfirmed: Collection[str] = ()
    ) -> frozenset[str]:
        """Which of these may be removed; the others are withheld until a person agrees."""
        async with fenced(self._engine, lease) as connection:
            return await removals.admit_removals(
                connection, lease.mailbox_id, ids, self._limits, unconfirmed
            )

    async def settle_removals(self, lease: Lease, ids: Collection[str]) -> None:
        """Forget these withheld removals."""
        async with fenced(self._engine, lease) as connection:
            await removals.settle_removals(connection, lease.mailbox_id, ids)

    async def reconciled(self, lease: Lease) -> None:
        """Record that the stored mail was compared with Google."""
        async with fenced(self._engine, lease) as connection:
            await connection.execute(_RECONCILED, (lease.mailbox_id,))
