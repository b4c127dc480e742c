"""Deletes old rows of our own tables: ended jobs, units by day, coverage.

Holds: ``PostgresRetention``. Add here: a table that grows with time and not with mail.
Keep out: mail and the ledger (deleted with their tenant: ``deletion``), Dagster's tables
(``defs/dagster_internals/event_retention.py``).

Each batch is one statement, so that nobody waits for long. A job stays while anything needs it: its
queue row, a backfill in Dagster, another job that was merged into it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import LiteralString

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement

BATCH = 1_000

_JOBS = """
WITH old AS (
    SELECT j.id FROM sync_jobs j
    WHERE j.created_at < now() - %(age)s
      AND CASE WHEN j.merged_into IS NULL
               THEN j.state NOT IN ('queued', 'running') AND j.finished_at < now() - %(age)s
               ELSE NOT EXISTS (SELECT FROM sync_jobs t WHERE t.id = j.merged_into
                                AND t.merged_into IS NULL AND t.state IN ('queued', 'running'))
          END
      AND (j.kind <> 'historical' OR j.settled_at < now() - %(age)s)
      AND NOT EXISTS (SELECT FROM sync_queue q WHERE q.job_id = j.id)
      AND j.id NOT IN (SELECT merged_into FROM sync_jobs WHERE merged_into IS NOT NULL)
    ORDER BY j.created_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED
), months AS (DELETE FROM job_months WHERE job_id IN (SELECT id FROM old))
DELETE FROM sync_jobs WHERE id IN (SELECT id FROM old)
"""
_USAGE = """
DELETE FROM quota_usage WHERE (scope, day) IN (
    SELECT scope, day FROM quota_usage WHERE day < (now() - %(age)s)::date LIMIT %(batch)s)
"""
_COVERAGE = """
DELETE FROM coverage WHERE (mailbox_id, day) IN (
    SELECT mailbox_id, day FROM coverage WHERE checked_at < now() - %(age)s LIMIT %(batch)s)
"""


class PostgresRetention:
    """Deletes rows older than so many days; each method returns the number of deleted rows."""

    def __init__(self, engine: AsyncEngine, *, batch: int = BATCH) -> None:
        self._engine = engine
        self._batch = batch

    async def jobs(self, days: int) -> int:
        """Jobs that ended before that, with their months."""
        return await self._delete(_JOBS, days)

    async def usage(self, days: int) -> int:
        """Units of days before that."""
        return await self._delete(_USAGE, days)

    async def coverage(self, days: int) -> int:
        """Coverage of days last compared before that; they no longer count as proven."""
        return await self._delete(_COVERAGE, days)

    async def _delete(self, sql: LiteralString, days: int) -> int:
        parameters = {"age": timedelta(days=days), "batch": self._batch}
        gone = 0
        while True:
            async with statement(self._engine) as connection:
                deleted = (await connection.execute(sql, parameters)).rowcount
            gone += deleted
            # A job can be deleted only after those merged into it: a batch that is not full is not
            # the last.
            if not deleted:
                return gone
