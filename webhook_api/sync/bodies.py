"""Bodies of syncs: jobs, queue and status.

Holds: response models, and ``job_body``, which makes one of a job. Keep out: reading jobs, routes.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from gmail_ingest.adapters.postgres.queue.jobs import Job
from gmail_ingest.core.ledger.shown_fates import EXCLUDED, shown_counts
from webhook_api.base.bodies import Model
from webhook_api.integrations.tenant import TenantBody
from webhook_api.sync.reachable import UnreachableBody


class Queued(Model):
    """A sync was queued; if one was waiting already, it is that one's job."""

    job_id: UUID
    kind: str
    unreachable: list[UnreachableBody] = Field(
        description="Connected mailboxes that it does not reach in their present state."
    )


class ProgressBody(Model):
    """How far a backfill is."""

    months_done: int = Field(description="Months of which every listed message has its final fate.")
    months_total: int
    listed: int = Field(description="Messages that Gmail listed.")
    stored: int
    excluded: int
    dead: int
    messages_per_second: float | None
    units: int = Field(description="Gmail quota units spent.")
    estimated_end: datetime | None = Field(
        description="If the months that are left take as long as those that are done."
    )


class JobBody(Model):
    """A sync that was asked for."""

    id: UUID
    kind: str = Field(examples=["incremental"])
    state: str = Field(description="queued, running, succeeded, failed or cancelled.")
    counts: dict[str, int | float] = Field(
        description="Messages by what was done with them, and Gmail quota units.",
        examples=[{"discovered": 12, "stored": 12, "units": 282}],
    )
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    dagster_run_id: str | None
    start_date: datetime | None = Field(description="Of a backfill: its first moment.")
    end_date: datetime | None = Field(description="Of a backfill: it ends before this.")
    dagster_backfill_id: str | None
    not_before: datetime | None = Field(
        description="Until then a backfill rests, and then goes on by itself."
    )
    progress: ProgressBody | None = Field(description="Of a backfill.")


class JobsBody(Model):
    """A page of a tenant's jobs, newest first."""

    jobs: list[JobBody]
    total: int
    limit: int
    offset: int


class QueueEntryBody(Model):
    """A waiting or running entry of the queue."""

    kind: str
    job_id: UUID | None = Field(description="Null while nobody asked for it: a poll.")
    enqueued_at: datetime
    not_before: datetime
    attempts: int
    claimed: bool
    error: str | None = Field(description="Why the last attempt was given back to the queue.")


class StatusBody(Model):
    """Where a tenant's sync stands."""

    tenant: TenantBody
    ledger: dict[str, int] = Field(
        description="Messages by fate.",
        examples=[{"pending": 0, "stored": 1650, "excluded": 3, "gone": 1, "dead": 0}],
    )
    queue: list[QueueEntryBody]
    jobs: list[JobBody] = Field(description="The newest jobs first.")


class UnlockedBody(Model):
    """What an unlock freed."""

    tenant_id: str
    leases: int = Field(description="Mailbox leases that were held.")
    claims: int = Field(description="Queue entries that a worker held; they wait again.")


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
