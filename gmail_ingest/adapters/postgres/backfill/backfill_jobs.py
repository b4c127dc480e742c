"""Backfill jobs in Postgres, written by callers and by workers.

Holds: ``PostgresBackfillJobs`` (the BackfillBook port; requests and cancellations). Add here: a
method of that port. Keep out: jobs for the sensor (``backfill_dispatch.py``), jobs as a caller
reads them (``jobs.py``).
Source: ``sync/backfill/backfill_jobs.py``; edge cases 35, 68, 70 and 72. The job's row is the lock:
it is held to change a month or to end the job.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from uuid import UUID, uuid4

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import Connection, statement, transaction
from gmail_ingest.adapters.postgres.queue.queue_sql import ADDED_COUNTS
from gmail_ingest.core.ledger.fates import GIVEN
from gmail_ingest.core.ledger.months import next_month
from gmail_ingest.core.ledger.windows import Window, midnight
from gmail_ingest.errors import InvalidInputError, JobEndedError, NotFoundError
from gmail_ingest.sync.backfill.backfill_jobs import BackfillJob, RequestedMonths
from gmail_ingest.sync.mailbox.records import Counts

_TENANT = "SELECT FROM tenants WHERE id = %s AND state = 'connected' FOR SHARE"
_INSERT = """
INSERT INTO sync_jobs AS j (id, tenant_id, kind, window_start, window_end, seen_at,
                            dagster_backfill_id, dagster_run_id)
VALUES (%(id)s, %(tenant)s, 'historical', %(start)s, %(end)s, now(), %(backfill)s, %(run)s)
ON CONFLICT (tenant_id, window_start, window_end)
    WHERE kind = 'historical' AND state IN ('queued', 'running')
DO UPDATE SET tenant_id = excluded.tenant_id
RETURNING id
"""
_MONTHS = """
INSERT INTO job_months (job_id, month) SELECT %s, unnest(%s::date[]) ON CONFLICT DO NOTHING
"""
_KNOWN = """
SELECT id, state IN ('queued', 'running'), finished_at > %(created)s FROM sync_jobs
WHERE tenant_id = %(tenant)s AND kind = 'historical'
  AND CASE WHEN %(job)s::uuid IS NOT NULL THEN id = %(job)s
           WHEN %(backfill)s::text IS NOT NULL THEN dagster_backfill_id = %(backfill)s
           ELSE dagster_run_id = %(run)s AND dagster_backfill_id IS NULL END
ORDER BY created_at DESC LIMIT 1
FOR UPDATE
"""
_BEGIN = """
UPDATE sync_jobs
SET state = 'running', started_at = coalesce(started_at, now()), seen_at = now(),
    dagster_run_id = CASE WHEN dagster_run_id IS NULL OR dagster_backfill_id IS NOT NULL
                          THEN %(run)s ELSE dagster_run_id END
WHERE id = %(id)s
RETURNING window_start, window_end, created_at
"""
_DONE = "SELECT month, counts FROM job_months WHERE job_id = %s AND done_at IS NOT NULL"
_LISTED = f"UPDATE listings j SET counts = {ADDED_COUNTS} WHERE id = %(id)s"  # noqa: S608 - a constant
_ADVANCE = f"""
UPDATE sync_jobs j
SET counts = {ADDED_COUNTS}, seen_at = now(), asks = CASE WHEN %(progress)s THEN 0 ELSE asks END
WHERE id = %(id)s RETURNING state NOT IN ('cancelled', 'failed')
"""  # noqa: S608 - a constant
_SEEN = """
UPDATE sync_jobs SET seen_at = now() WHERE id = %s RETURNING state NOT IN ('cancelled', 'failed')
"""
_LOCK = "SELECT state IN ('queued', 'running') FROM sync_jobs WHERE id = %s FOR UPDATE"
_CLOSE = "UPDATE listings SET closed_at = now() WHERE id = ANY(%s) RETURNING counts"
_FINISH = """
INSERT INTO job_months AS m (job_id, month, done_at, counts) VALUES (%s, %s, now(), %s)
ON CONFLICT (job_id, month) DO UPDATE SET done_at = excluded.done_at, counts = excluded.counts
"""
_SUCCEED = """
UPDATE sync_jobs j
SET asks = 0, seen_at = now(),
    state = CASE WHEN open.months = 0 THEN 'succeeded' ELSE state END,
    error = CASE WHEN open.months > 0 THEN error END,
    not_before = CASE WHEN open.months > 0 THEN not_before END,
    finished_at = CASE WHEN open.months = 0 THEN now() END
FROM (SELECT count(*) AS months FROM job_months WHERE job_id = %(id)s AND done_at IS NULL) open
WHERE j.id = %(id)s
"""
# A longer pause, set by another run of the job, stays.
_PAUSE = """
UPDATE sync_jobs SET error = %s, not_before = GREATEST(not_before, %s), seen_at = now()
WHERE id = %s AND state IN ('queued', 'running')
"""
_CANCEL = """
UPDATE sync_jobs SET state = 'cancelled', finished_at = now()
WHERE id = %s AND tenant_id = %s AND kind = 'historical' AND state IN ('queued', 'running')
"""
_KIND = "SELECT kind FROM sync_jobs WHERE id = %s AND tenant_id = %s"


class PostgresBackfillJobs:
    """Implements ``BackfillBook`` of ``sync/backfill/backfill_jobs.py``, which says what methods
    do.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def request(self, tenant_id: str, window: Window, months: Collection[date]) -> UUID:
        """Ask for a range of a tenant's mail; joins the open job of exactly this range.

        Raises:
            NotFoundError: the tenant is not connected.
        """
        async with transaction(self._engine) as connection:
            if await (await connection.execute(_TENANT, (tenant_id,))).fetchone() is None:
                raise NotFoundError("this tenant is not connected")
            return await _insert(connection, tenant_id, window, months)

    async def cancel(self, tenant_id: str, job_id: UUID) -> None:
        """End an open job; an ended one stays as it is.

        Raises:
            NotFoundError: the tenant has no such job.
            InvalidInputError: it is no backfill. Other jobs end by themselves within minutes.
        """
        async with transaction(self._engine) as connection:
            row = await (await connection.execute(_KIND, (job_id, tenant_id))).fetchone()
            if row is None:
                raise NotFoundError("there is no such job")
            if row[0] != "historical":
                raise InvalidInputError("jobId", "only backfills can be cancelled")
            await connection.execute(_CANCEL, (job_id, tenant_id))

    async def begin(self, requested: RequestedMonths) -> BackfillJob:
        """Return the job of a run, and mark it as running."""
        key = {
            "tenant": requested.tenant_id,
            "job": requested.job_id,
            "backfill": requested.backfill_id,
            "run": requested.run_id,
            "created": requested.created_at,
        }
        async with transaction(self._engine) as connection:
            row = await (await connection.execute(_KNOWN, key)).fetchone()
            job_id, is_open, ended_since = row or (None, False, False)
            if ended_since:
                raise JobEndedError("the job has ended: what is stored stays")
            if job_id is None or not is_open:
                # If the known job ended before the run was created, the run is a new request for
                # its months.
                months = requested.months if job_id else requested.all_months
                job_id = await _adopt(connection, requested, months, again=row is not None)
            begun = await connection.execute(_BEGIN, {"id": job_id, "run": requested.run_id})
            found = await begun.fetchone()
            assert found is not None  # noqa: S101 - its row is locked
            start, end, created_at = found
            done = await (await connection.execute(_DONE, (job_id,))).fetchall()
        counts = {month: _counts(stored) for month, stored in done}
        return BackfillJob(job_id, requested.tenant_id, Window(start, end), created_at, counts)

    async def advance(self, job_id: UUID, counts: Mapping[int, Counts]) -> bool:
        """Add counts by listing, and record that the worker is alive."""
        total, news = (
            Counts(),
            {listing_id: added for listing_id, added in counts.items() if added != Counts()},
        )
        for added in news.values():
            total.add(added)
        async with transaction(self._engine) as connection:
            for listing_id, added in news.items():
                await connection.execute(_LISTED, {"id": listing_id, "counts": _json(added)})
            if news:
                progress = total.discovered + total.came_to(GIVEN) > 0
                values = {"id": job_id, "counts": _json(total), "progress": progress}
                advanced = await connection.execute(_ADVANCE, values)
            else:
                advanced = await connection.execute(_SEEN, (job_id,))
            row = await advanced.fetchone()
        return row is not None and bool(row[0])

    async def finish_month(
        self, job_id: UUID, month: date, listing_ids: Collection[int]
    ) -> Counts | None:
        """Record that a month is complete, and, with the last one, that the job succeeded."""
        counts = Counts()
        async with transaction(self._engine) as connection:
            row = await (await connection.execute(_LOCK, (job_id,))).fetchone()
            if row is None or not row[0]:
                return None
            closed = await connection.execute(_CLOSE, (list(listing_ids),))
            for (stored,) in await closed.fetchall():
                counts.add(_counts(stored))
            await connection.execute(_FINISH, (job_id, month, _json(counts)))
            await connection.execute(_SUCCEED, {"id": job_id})
        return counts

    async def pause(self, job_id: UUID, error: str, not_before: datetime | None) -> None:
        """Record why a run ends early, and when the job may go on."""
        async with statement(self._engine) as connection:
            await connection.execute(_PAUSE, (error, not_before, job_id))


async def _insert(
    connection: Connection,
    tenant_id: str,
    window: Window,
    months: Collection[date],
    *,
    backfill_id: str | None = None,
    run_id: str | None = None,
) -> UUID:
    values = {
        "id": uuid4(),
        "tenant": tenant_id,
        "start": window.start,
        "end": window.end,
        "backfill": backfill_id,
        "run": run_id,
    }
    row = await (await connection.execute(_INSERT, values)).fetchone()
    assert row is not None  # noqa: S101 - an upsert without a condition returns its row
    job_id: UUID = row[0]
    await connection.execute(_MONTHS, (job_id, list(months)))
    return job_id


async def _adopt(
    connection: Connection, requested: RequestedMonths, months: Collection[date], *, again: bool
) -> UUID:
    """Make a job for a run that Dagster's UI or command line started: whole months, up to the run's
    time.
    """
    until = requested.created_at if again else requested.until
    window = Window(midnight(min(months)), min(midnight(next_month(max(months))), until))
    return await _insert(
        connection,
        requested.tenant_id,
        window,
        months,
        backfill_id=None if again else requested.backfill_id,
        run_id=requested.run_id,
    )


def _json(counts: Counts) -> str:
    return orjson.dumps(counts.totals()).decode()


def _counts(stored: Mapping[str, int]) -> Counts:
    return Counts(**{name: int(stored.get(name, 0)) for name in Counts().totals()})
