"""Routes of syncing: ask, look, unlock.

Holds: /api/sync. Keep out: syncing itself: everything here goes through the queue.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from gmail_ingest.core.ledger.shown_fates import shown_counts
from gmail_ingest.sync.mailbox.records import SyncKind
from gmail_ingest.wiring.use_cases import UseCases
from webhook_api.base.bodies import TenantInPath
from webhook_api.base.openapi import CONFLICT, NOT_FOUND
from webhook_api.integrations.tenant import tenant_body
from webhook_api.sync.bodies import (
    JobBody,
    JobsBody,
    Queued,
    QueueEntryBody,
    StatusBody,
    UnlockedBody,
    job_body,
)
from webhook_api.sync.reachable import require_syncable

#: Jobs that a status shows.
JOBS_SHOWN = 20

Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


def sync_router(use_cases: UseCases) -> APIRouter:
    """The routes, bound to what they use."""
    router = APIRouter(prefix="/api/sync", tags=["sync"], responses=NOT_FOUND)
    watching = bool(use_cases.stores.settings.pubsub_topic)

    async def queue(tenant_id: str, kind: SyncKind, *, force: bool = False) -> Queued:
        unreachable = require_syncable(await use_cases.stores.status.tenant(tenant_id))
        job_id = await use_cases.stores.queue.enqueue(tenant_id, kind, force=force)
        return Queued(job_id=job_id, kind=kind, unreachable=unreachable)

    @router.post("/{tenantId}", status_code=202, summary="Sync now", responses=CONFLICT)
    async def incremental(tenant_id: TenantInPath) -> Queued:
        """Queue an incremental sync of every mailbox: what changed since the last one."""
        return await queue(tenant_id, "incremental")

    @router.post("/{tenantId}/initial", status_code=202, summary="List again", responses=CONFLICT)
    async def initial(tenant_id: TenantInPath) -> Queued:
        """Queue a listing of every mailbox's last days; what is stored is not fetched again."""
        return await queue(tenant_id, "initial")

    @router.post("/{tenantId}/force", status_code=202, summary="Sync by force", responses=CONFLICT)
    async def force(tenant_id: TenantInPath) -> Queued:
        """Queue an incremental sync that takes mailboxes over from whoever syncs them now."""
        return await queue(tenant_id, "incremental", force=True)

    @router.post("/{tenantId}/unlock", summary="Free a stuck tenant")
    async def unlock(tenant_id: TenantInPath) -> UnlockedBody:
        """End leases and claims of the tenant now; whoever held them can write nothing more.

        Those of a dead worker end by themselves within a minute; this is for the impatient.
        """
        freed = await use_cases.stores.registry.unlock(tenant_id)
        return UnlockedBody(tenant_id=tenant_id, leases=freed.leases, claims=freed.claims)

    @router.get("/{tenantId}/status", summary="Where the sync stands")
    async def status(tenant_id: TenantInPath) -> StatusBody:
        """Mailboxes, messages by fate, what waits, and the newest jobs."""
        found = await use_cases.stores.status.status(tenant_id)
        return StatusBody(
            tenant=tenant_body(found.tenant, watching=watching),
            ledger=shown_counts(found.ledger),
            queue=[QueueEntryBody.model_validate(entry) for entry in found.queue],
            jobs=[
                job_body(job) for job in await use_cases.stores.jobs.latest(tenant_id, JOBS_SHOWN)
            ],
        )

    @router.get("/{tenantId}/jobs", summary="Which syncs were asked for")
    async def jobs(tenant_id: TenantInPath, limit: Limit = 50, offset: Offset = 0) -> JobsBody:
        """A page of the tenant's jobs, newest first."""
        await use_cases.stores.status.tenant(tenant_id)
        page = await use_cases.stores.jobs.latest(tenant_id, limit, offset)
        return JobsBody(
            jobs=[job_body(job) for job in page],
            total=await use_cases.stores.jobs.count(tenant_id),
            limit=limit,
            offset=offset,
        )

    @router.get("/{tenantId}/jobs/{jobId}", summary="How a sync went")
    async def job(tenant_id: TenantInPath, job_id: Annotated[UUID, Path(alias="jobId")]) -> JobBody:
        """One job of the tenant; its state is final when it is succeeded, failed or cancelled."""
        return job_body(await use_cases.stores.jobs.job(tenant_id, job_id))

    return router
