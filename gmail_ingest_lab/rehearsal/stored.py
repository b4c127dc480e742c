"""What the service has in Postgres, read with a connection of its own each time.

Holds: ``Stored``. Add here: a question of the rehearsal. Keep out: any write. A connection that
stayed open would be lost with every crash of the server.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from gmail_ingest_lab.demo.audit import Row

#: A renamed account is the same mailbox: here it has its first name.
_NAME = "coalesce(m.former_addresses[1], m.address)"
_ROWS = f"""
    SELECT e.tenant_id, {_NAME}, e.gmail_id, e.thread_id, e.label_ids
    FROM emails e JOIN mailboxes m ON m.id = e.mailbox_id
    WHERE m.state <> 'replaced'"""  # noqa: S608 - a constant
_FORMER = f"""
    SELECT e.gmail_id FROM emails e JOIN mailboxes m ON m.id = e.mailbox_id
    WHERE {_NAME} = %s AND m.state = 'replaced'"""  # noqa: S608 - a constant
_TEXTS = f"""
    SELECT e.gmail_id, e.text FROM emails e JOIN mailboxes m ON m.id = e.mailbox_id
    WHERE {_NAME} = %s AND m.state <> 'replaced'"""  # noqa: S608 - a constant
_THREADS = """
    SELECT count(*) FROM threads t
    FULL JOIN (SELECT mailbox_id, thread_id, count(*) AS members FROM emails GROUP BY 1, 2) e
        USING (mailbox_id, thread_id)
    WHERE t.message_count IS DISTINCT FROM e.members"""
#: Emails whose copy of labels differs from their labels: lists filter by that copy
#: (``adapters/postgres/mail/facets.py``).
MISJUDGED = """
    SELECT e.gmail_id FROM emails e
    LEFT JOIN email_keys k USING (mailbox_id, gmail_id)
    LEFT JOIN facets f ON f.id = e.facet_id AND f.mailbox_id = e.mailbox_id
    WHERE k.facet_id IS DISTINCT FROM e.facet_id
       OR NOT coalesce(f.label_ids @> e.label_ids AND f.label_ids <@ e.label_ids, false)
       OR EXISTS (SELECT FROM participants p WHERE p.mailbox_id = e.mailbox_id
                  AND p.gmail_id = e.gmail_id AND p.facet_id <> e.facet_id)"""
_FATES = f"""
    SELECT l.gmail_id, concat_ws(' ', l.fate, l.reason)
    FROM message_ledger l JOIN mailboxes m ON m.id = l.mailbox_id
    WHERE {_NAME} = %s AND m.state <> 'replaced'"""  # noqa: S608 - a constant
_STOPPED = """
    SELECT concat_ws(' ', state, last_error) FROM mailboxes
    WHERE state NOT IN ('active', 'replaced')"""
_UNDONE = """
    SELECT (SELECT count(*) FROM sync_jobs
            WHERE state NOT IN ('succeeded', 'failed', 'cancelled') AND merged_into IS NULL),
           (SELECT count(*) FROM leases WHERE until > now()),
           (SELECT count(*) FROM message_ledger WHERE fate = 'pending')
           + (SELECT count(*) FROM listings WHERE done_at IS NULL),
           (SELECT count(*) FROM message_ledger WHERE fate = 'dead')"""


@dataclass(frozen=True, slots=True)
class Undone:
    """What is still to be done: jobs, leases held, ids or listings waiting; ``dead`` letters."""

    jobs: int
    leases: int
    waiting: int
    dead: int

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way at this moment."""
        return not (self.jobs or self.leases or self.waiting)


class Stored:
    """The mail's database."""

    def __init__(self, url: str) -> None:
        self._url = url

    def rows(self) -> Iterator[Row]:
        """Every row of ``emails``."""
        for tenant, mailbox, message_id, thread_id, labels in self._all(_ROWS):
            yield Row(tenant, mailbox, message_id, thread_id, frozenset(labels))

    def texts(self, address: str) -> dict[str, str]:
        """The stored text of each message of a mailbox."""
        return dict(self._all(_TEXTS, address))

    def fates(self, address: str) -> dict[str, str]:
        """The fate, and its reason, of each id of a mailbox in the ledger."""
        return dict(self._all(_FATES, address))

    def former(self, address: str) -> set[str]:
        """Ids of the mail of deleted accounts that had this address."""
        return {row[0] for row in self._all(_FORMER, address)}

    def stopped(self) -> list[str]:
        """State and error of each mailbox that is not synced any more."""
        return [row[0] for row in self._all(_STOPPED)]

    def wrong_threads(self) -> int:
        """Threads whose row does not count the emails that are there."""
        return int(self._all(_THREADS)[0][0])

    def wrong_lists(self) -> int:
        """How many emails have a copy of labels, for the lists' filters, that differs from their
        labels.
        """
        return len(self._all(MISJUDGED))

    def undone(self) -> Undone:
        """What is still to be done."""
        return Undone(*self._all(_UNDONE)[0])

    def _all(self, query: str, *arguments: str) -> list[Any]:
        with psycopg.connect(self._url, autocommit=True) as connection:
            return connection.execute(query.encode(), arguments).fetchall()
