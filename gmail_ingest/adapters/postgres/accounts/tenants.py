"""Which tenants are connected, and which of their mailboxes need a watch.

Holds: ``PostgresTenants``. Add here: reads over all tenants. Keep out: what the API shows.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.adapters.postgres.mailboxes.mailbox_rows import MAILBOX_COLUMNS, to_mailbox
from gmail_ingest.sync.mailbox.records import Mailbox

_WATCHES_DUE = f"""
SELECT {MAILBOX_COLUMNS} FROM mailboxes m
WHERE m.state = 'active'
  AND coalesce(m.watch_expires_at, '-infinity') < clock_timestamp() + %s AND m.id > %s
ORDER BY m.id LIMIT %s
"""  # noqa: S608 - the columns of mailbox_rows


class PostgresTenants:
    """Reads over all tenants."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def connected(self) -> set[str]:
        """Ids of the connected tenants, which are Dagster's partitions."""
        async with statement(self._engine) as connection:
            rows = await connection.execute("SELECT id FROM tenants WHERE state = 'connected'")
            return {row[0] for row in await rows.fetchall()}

    async def watches_due(self, below: timedelta, *, after: int, limit: int) -> list[Mailbox]:
        """Active mailboxes whose watch is missing or has less than ``below`` to live, by id."""
        async with statement(self._engine) as connection:
            rows = await connection.execute(_WATCHES_DUE, (below, after, limit))
            return [to_mailbox(row) for row in await rows.fetchall()]
