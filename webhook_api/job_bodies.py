"""A job as the API shows it.

Holds: ``job_body``. Keep out: reading jobs, routes.
"""

from __future__ import annotations

from gmail_ingest.adapters.postgres.queue.jobs import Job
from gmail_ingest.core.ledger.shown_fates import EXCLUDED, shown_counts
from webhook_api.sync.bodies import JobBody, ProgressBody


def job_body(job: Job) -> JobBody:
    """The body of a job; its progress if it is a backfill."""
    return JobBody(
        id=job.id,
        kind=job.kind,
        state=job.state,
        counts=shown_counts(job.counts),
        error=job.error,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        dagster_run_id=job.dagster_run_id,
        start_date=job.window_start,
        end_date=job.window_end,
        dagster_backfill_id=job.dagster_backfill_id,
        not_before=job.not_before,
        progress=_progress(job) if job.kind == "historical" else None,
    )


def _progress(job: Job) -> ProgressBody:
    progress, counts = job.progress, shown_counts(job.counts)
    rate = progress.messages_per_second
    return ProgressBody(
        months_done=progress.months_done,
        months_total=progress.months_total,
        listed=int(counts.get("listed", 0)),
        stored=int(counts.get("stored", 0)),
        excluded=int(counts.get(EXCLUDED, 0)),
        dead=int(counts.get("dead", 0)),
        messages_per_second=None if rate is None else round(rate, 2),
        units=int(counts.get("units", 0)),
        estimated_end=None if job.finished_at else progress.estimated_end,
    )
