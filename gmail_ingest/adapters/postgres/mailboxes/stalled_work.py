"""Stalled work, for the operator: failing mailboxes, and work that was put back.

Holds: ``PostgresStalledWork``. Keep out: counts of mail (``overview``), what the CRM is shown
(``status_reads``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement

# Without replaced accounts: their mailboxes stay as they are, and nobody can change that.
_FAILING = """
SELECT tenant_id, address, state, cause, last_error, failed_at FROM mailboxes
WHERE state NOT IN ('active', 'disconnected', 'replaced')
   OR (state = 'active' AND last_error IS NOT NULL)
ORDER BY tenant_id, address
"""
# A job that was merged into another when it was put back has the error; the other one waits. Rows
# that nobody asked for have no job: of these, only rows that were attempted are listed.
_PUT_BACK = """
SELECT q.tenant_id, q.kind, q.enqueued_at, q.not_before, q.attempts, coalesce(j.error, (
    SELECT m.error FROM sync_jobs m
    WHERE m.tenant_id = q.tenant_id AND m.merged_into = q.job_id AND m.error IS NOT NULL
    ORDER BY m.created_at DESC LIMIT 1))
FROM sync_queue q LEFT JOIN sync_jobs j ON j.id = q.job_id
WHERE q.claimed_by IS NULL
  AND (q.attempts > 0 OR (q.not_before > now() AND q.job_id IS NOT NULL))
ORDER BY q.enqueued_at, q.id
"""
_OLDEST = """
SELECT extract(epoch FROM now() - min(enqueued_at))::float8 FROM sync_queue WHERE claimed_by IS NULL
"""


@dataclass(frozen=True, slots=True)
class FailingMailbox:
    """A mailbox whose last sync failed at ``failed_at`` (UTC), or that is not synced."""

    tenant_id: str
    address: str
    state: str
    cause: str | None
    error: str | None
    failed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PutBack:
    """Work that was started and put back into the queue; times are UTC."""

    tenant_id: str
    kind: str
    enqueued_at: datetime
    not_before: datetime
    attempts: int
    error: str | None


class PostgresStalledWork:
    """Reads the stalled work of all tenants."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def failing(self) -> list[FailingMailbox]:
        """Mailboxes that are not synced, or whose last sync failed."""
        async with statement(self._engine) as connection:
            rows = await (await connection.execute(_FAILING)).fetchall()
        return [FailingMailbox(*row) for row in rows]

    async def put_back(self) -> list[PutBack]:
        """Queue rows that wait after an attempt or for their time, the oldest first."""
        async with statement(self._engine) as connection:
            rows = await (await connection.execute(_PUT_BACK)).fetchall()
        return [PutBack(*row) for row in rows]

    async def oldest_seconds(self) -> float | None:
        """Seconds since the oldest waiting row was queued; None without one."""
        async with statement(self._engine) as connection:
            row = await (await connection.execute(_OLDEST)).fetchone()
        return row[0] if row else None
