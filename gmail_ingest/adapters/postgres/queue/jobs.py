"""Jobs as callers see them: what was asked for, and its result.

Holds: ``Job`` and ``PostgresJobs``. Add here: a question about jobs. Keep out: starting and ending
jobs (the queue does that with its rows).
Source: docs/architecture.md#the-queue. A job that was put back while a newer request waited was
merged into that request's job: callers that ask for it are shown the newer one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.core.ledger.fates import DECIDED
from gmail_ingest.core.ledger.progress import Progress
from gmail_ingest.errors import NotFoundError

# Id, kind and creation time are those of the requested job, the rest those of the job into which it
# was merged. A chain has one link for each release that met a newer request.
_FOLLOWED = """
WITH RECURSIVE chain AS (
    SELECT requested.id AS requested, requested.id, requested.merged_into, 0 AS depth
    FROM ({requested}) requested
    UNION ALL
    SELECT chain.requested, j.id, j.merged_into, depth + 1
    FROM chain JOIN sync_jobs j ON j.id = chain.merged_into
)
SELECT a.id, a.tenant_id, a.kind, j.state, j.counts, j.error, j.dagster_run_id,
       a.created_at, j.started_at, j.finished_at, j.window_start, j.window_end,
       j.dagster_backfill_id, j.not_before, m.total, m.done, now()
FROM chain JOIN sync_jobs a ON a.id = chain.requested JOIN sync_jobs j ON j.id = chain.id
    CROSS JOIN LATERAL (SELECT count(*) AS total, count(done_at) AS done
                        FROM job_months WHERE job_id = j.id) m
WHERE chain.merged_into IS NULL
ORDER BY a.created_at DESC, a.id
"""
_JOB = _FOLLOWED.format(
    requested="SELECT id, merged_into FROM sync_jobs WHERE id = %s AND tenant_id = %s"
)
_LATEST = _FOLLOWED.format(
    requested="SELECT id, merged_into FROM sync_jobs WHERE tenant_id = %s"
    " ORDER BY created_at DESC, id LIMIT %s OFFSET %s"
)


_COUNT = "SELECT count(*) FROM sync_jobs WHERE tenant_id = %s"


@dataclass(frozen=True, slots=True)
class Job:
    """A sync that was asked for. ``counts`` has the names of ``Counts``; times are UTC.

    ``state`` is queued, running, succeeded, failed or cancelled; the last three are final.
    """

    id: UUID
    tenant_id: str
    kind: str
    state: str
    counts: Mapping[str, float]
    error: str | None
    dagster_run_id: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    #: For a backfill: its range, Dagster's id, when it goes on after a pause, and its months.
    window_start: datetime | None
    window_end: datetime | None
    dagster_backfill_id: str | None
    not_before: datetime | None
    months_total: int
    months_done: int
    read_at: datetime

    @property
    def progress(self) -> Progress:
        """How far the job is."""
        decided = sum(self.counts.get(fate, 0) for fate in DECIDED)
        return Progress(
            self.months_done,
            self.months_total,
            int(decided),
            self.started_at,
            self.finished_at or self.read_at,
        )


class PostgresJobs:
    """Reads ``sync_jobs``."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def job(self, tenant_id: str, job_id: UUID) -> Job:
        """A job of this tenant, in its present state.

        Raises:
            NotFoundError: the tenant has no such job.
        """
        async with statement(self._engine) as connection:
            row = await (await connection.execute(_JOB, (job_id, tenant_id))).fetchone()
        if row is None:
            raise NotFoundError("there is no such job")
        return Job(*row)

    async def latest(self, tenant_id: str, limit: int, offset: int = 0) -> list[Job]:
        """The tenant's newest jobs, newest first."""
        async with statement(self._engine) as connection:
            rows = await connection.execute(_LATEST, (tenant_id, limit, offset))
            return [Job(*row) for row in await rows.fetchall()]

    async def count(self, tenant_id: str) -> int:
        """How many jobs the tenant has."""
        async with statement(self._engine) as connection:
            row = await (await connection.execute(_COUNT, (tenant_id,))).fetchone()
        return int(row[0]) if row else 0
