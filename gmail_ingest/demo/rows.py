"""Reads Postgres for the audit and the live summary.

Holds: ``Rows``. Add here: a question about rows. Keep out: any write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import psycopg

from gmail_ingest.demo.audit import Row

_ROWS = """
    SELECT e.tenant_id, m.address, e.gmail_id, e.thread_id, e.label_ids
    FROM emails e JOIN mailboxes m ON m.id = e.mailbox_id"""

_SEEN = """
    SELECT m.address, e.gmail_id
    FROM unnest(%s::text[], %s::text[]) AS wanted (address, gmail_id)
    JOIN mailboxes m USING (address)
    JOIN emails e ON e.mailbox_id = m.id AND e.gmail_id = wanted.gmail_id"""

_STORED = """
    SELECT m.address, count(e.gmail_id)
    FROM mailboxes m LEFT JOIN emails e ON e.mailbox_id = m.id GROUP BY m.address"""


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

    def seen(self, messages: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
        """Those of the (mailbox, message id) pairs that have a row."""
        addresses = [address for address, _ in messages]
        message_ids = [message_id for _, message_id in messages]
        return self._connection.execute(_SEEN, (addresses, message_ids)).fetchall()

    def stored(self) -> dict[str, int]:
        """Rows by mailbox address."""
        return dict(self._connection.execute(_STORED).fetchall())
