"""Reads Postgres for the audit and the live summary.

Holds: ``Rows``. Add here: a question about rows. Keep out: any write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import psycopg

from gmail_ingest_lab.demo.audit import Row
from gmail_ingest_lab.demo.latency import MessageKey

_ROWS = """
    SELECT e.tenant_id, m.address, e.gmail_id, e.thread_id, e.label_ids
    FROM emails e JOIN mailboxes m ON m.id = e.mailbox_id"""

_SEEN = """
    SELECT m.address, e.gmail_id
    FROM unnest(%s::text[], %s::text[]) AS wanted (address, gmail_id)
    JOIN mailboxes m USING (address)
    JOIN emails e ON e.mailbox_id = m.id AND e.gmail_id = wanted.gmail_id"""

_IDS = """
    SELECT m.address, array_agg(e.gmail_id)
    FROM mailboxes m JOIN emails e ON e.mailbox_id = m.id GROUP BY m.address"""

#: A job is made in the transaction that connects; one that was merged into another never starts.
_BEGAN = """
    SELECT tenant_id, CASE WHEN count(*) = count(started_at)
        THEN EXTRACT(EPOCH FROM max(started_at - created_at))::float8 END
    FROM sync_jobs WHERE kind = 'initial' AND merged_into IS NULL GROUP BY tenant_id"""

_PAST_UNDER_WAY = """
    SELECT count(*) FROM sync_jobs WHERE kind = 'historical' AND state IN ('queued', 'running')"""


class Rows:
    """One connection for reading; each question sees what is committed when it is asked."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def all(self) -> Iterator[Row]:
        """Every row of ``emails``."""
        for tenant, mailbox, message_id, thread_id, labels in self._connection.execute(_ROWS):
            yield Row(tenant, mailbox, message_id, thread_id, frozenset(labels))

    def seen(self, messages: Collection[MessageKey]) -> list[MessageKey]:
        """Those messages that have a row."""
        addresses = [message.mailbox for message in messages]
        message_ids = [message.message_id for message in messages]
        rows = self._connection.execute(_SEEN, (addresses, message_ids)).fetchall()
        return [MessageKey(*row) for row in rows]

    def ids(self) -> dict[str, set[str]]:
        """Ids of the messages that have rows, by mailbox address."""
        return {address: set(ids) for address, ids in self._connection.execute(_IDS)}

    def initial_sync_began(self) -> dict[str, float | None]:
        """Seconds from connecting each tenant until its initial sync began; None: not yet."""
        return dict(self._connection.execute(_BEGAN).fetchall())

    def past_under_way(self) -> int:
        """Backfill jobs that have not ended."""
        row = self._connection.execute(_PAST_UNDER_WAY).fetchone()
        return int(row[0]) if row else 0
