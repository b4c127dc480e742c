"""Backfill jobs for the backfill_sensor.

Holds: ``PostgresBackfillDispatch``. Add here: a question of the sensor.
Keep out: what to do (``sync/backfill/backfill_plan.py``), what workers write
(``backfill_jobs.py``).
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.sync.backfill.backfill_plan import JobView

# Oldest first, to serve requests in their order.
_UNSETTLED = """
SELECT j.id, j.tenant_id, j.state, j.window_start, j.window_end,
       coalesce((SELECT array_agg(month ORDER BY month) FROM job_months m
                 WHERE m.job_id = j.id AND m.done_at IS NULL), '{}'),
       j.dagster_backfill_id, j.dagster_run_id, j.error, j.not_before IS NOT NULL,
       coalesce(j.not_before > now(), false), extract(epoch FROM now() - j.seen_at)::float8, j.asks,
       EXISTS (SELECT FROM sync_jobs o
               WHERE o.dagster_backfill_id = j.dagster_backfill_id AND o.id <> j.id
                 AND o.kind = 'historical' AND o.state IN ('queued', 'running'))
FROM sync_jobs j
WHERE j.kind = 'historical' AND j.settled_at IS NULL
ORDER BY j.created_at, j.id
"""
_ASK = """
UPDATE sync_jobs
SET dagster_backfill_id = %s, asks = asks + 1, error = NULL, not_before = NULL, seen_at = now()
WHERE id = %s AND state IN ('queued', 'running')
"""
_END = """
UPDATE sync_jobs SET state = %s, error = %s, finished_at = now(), settled_at = now()
WHERE id = %s AND state IN ('queued', 'running')
"""
_SETTLE = """
UPDATE sync_jobs SET settled_at = now() WHERE id = %s AND state NOT IN ('queued', 'running')
"""


class PostgresBackfillDispatch:
    """Reads backfill jobs and changes their state."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def unsettled(self) -> list[JobView]:
        """The jobs that are open, or whose Dagster backfill may still exist, oldest first."""
        async with statement(self._engine) as connection:
            rows = await (await connection.execute(_UNSETTLED)).fetchall()
        return [
            JobView(job_id, tenant, state, Window(start, end), tuple(months), *rest)
            for job_id, tenant, state, start, end, months, *rest in rows
        ]

    async def assign_backfill(self, job_id: UUID, backfill_id: str) -> bool:
        """Record a Dagster backfill before it is added, so that it is found after a crash in
        between.

        Returns whether the job is open.
        """
        async with statement(self._engine) as connection:
            return bool((await connection.execute(_ASK, (backfill_id, job_id))).rowcount)

    async def end(self, job_id: UUID, state: str, error: str | None) -> None:
        """End an open job."""
        async with statement(self._engine) as connection:
            await connection.execute(_END, (state, error, job_id))

    async def settle(self, job_id: UUID) -> None:
        """Record that Dagster has nothing left to do for an ended job."""
        async with statement(self._engine) as connection:
            await connection.execute(_SETTLE, (job_id,))
