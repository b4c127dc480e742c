"""Bodies of syncing: jobs, queue and status.

Holds: response models. Keep out: routes.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from webhook_api.base.bodies import Model
from webhook_api.integrations.bodies import TenantBody


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
