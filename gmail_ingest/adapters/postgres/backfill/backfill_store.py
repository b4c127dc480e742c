"""The mail store of a backfill: its additional methods.

Holds: ``PostgresBackfillStore``. Add here: a method of the BackfillStore port.
Keep out: jobs (``backfill_jobs.py``). Source: ``sync/backfill/backfill_jobs.py``; edge cases 32 and
35.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.adapters.postgres.mail.ledger import read_entries
from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.core.ledger.fates import Entry
from gmail_ingest.errors import remedy_of

_STOPPED = """
SELECT state, cause FROM mailboxes
WHERE tenant_id = %s AND state NOT IN ('active', 'disconnected', 'duplicate', 'replaced')
ORDER BY id
"""


class PostgresBackfillStore(PostgresMailStore):
    """Implements ``sync.backfill.backfill_jobs.BackfillStore``."""

    async def stopped(self, tenant_id: str) -> list[str]:
        """Why mailboxes of the tenant cannot be synced now."""
        async with statement(self._engine) as connection:
            rows = await (await connection.execute(_STOPPED, (tenant_id,))).fetchall()
        return [f"{state}: {remedy_of(state, cause)}" for state, cause in rows]

    async def entries(self, mailbox_id: int, message_ids: Collection[str]) -> Mapping[str, Entry]:
        """The ledger's entries of these ids."""
        async with statement(self._engine) as connection:
            return await read_entries(connection, mailbox_id, message_ids)
