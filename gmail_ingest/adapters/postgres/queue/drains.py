"""Heartbeats of drains, and the channel on which they hear of new rows.

Holds: ``PostgresDrains`` and ``listen``. Add here: another fact about a drain.
Keep out: the queue's rows (``sync_queue.py``).
Source: docs/dagster.md#dead-workers: a drain whose host is gone stays "started" in Dagster for
hours, so a drain has a heartbeat of its own. PostgreSQL's LISTEN; psycopg's
``AsyncConnection.notifies``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.adapters.postgres.queue.queue_sql import CHANNEL

#: A drain without a heartbeat for this long is dead; a drain writes one every 15 seconds.
FRESH = timedelta(seconds=45)

_SEEN = """
INSERT INTO drains (run_id) VALUES (%s)
ON CONFLICT (run_id) DO UPDATE SET seen_at = clock_timestamp()
"""
_ENDED = "DELETE FROM drains WHERE run_id = %s OR seen_at < now() - interval '1 day'"
_ALIVE = "SELECT count(*) FROM drains WHERE seen_at > clock_timestamp() - %s"


class PostgresDrains:
    """The table ``drains``."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def seen(self, run_id: str) -> None:
        """Record a heartbeat of a drain."""
        async with statement(self._engine) as connection:
            await connection.execute(_SEEN, (run_id,))

    async def ended(self, run_id: str) -> None:
        """Forget a drain that ended, and those without a heartbeat for a day."""
        async with statement(self._engine) as connection:
            await connection.execute(_ENDED, (run_id,))

    async def alive(self) -> int:
        """How many drains have a recent heartbeat."""
        async with statement(self._engine) as connection:
            row = await (await connection.execute(_ALIVE, (FRESH,))).fetchone()
        return int(row[0]) if row else 0


class Channel:
    """Notifications of new rows in the queue."""

    def __init__(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        self._connection = connection

    async def wait(self, seconds: float) -> None:
        """Return at the next notification, or after so many seconds."""
        async for _ in self._connection.notifies(timeout=seconds, stop_after=1):
            pass


@asynccontextmanager
async def listen(engine: AsyncEngine) -> AsyncIterator[Channel]:
    """Listen on a separate connection, because the pool's connections are needed for the work."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        yield Channel(connection)
