"""Routes of backfills: price them, ask for them, cancel them.

Holds: /api/sync/{tenantId}/historical and the cancelling of jobs. The API's path, its kind of job
and the names of its models say ``historical`` for a backfill. Keep out: syncing: Dagster's sensor
makes a backfill of what is written here, whenever it is back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from gmail_ingest.core.ledger.months import check_range, months_of
from gmail_ingest.core.ledger.windows import Window
from webhook_api.backfill_models import (
    HistoricalPriceBody,
    HistoricalQueued,
    HistoricalRequest,
    price_body,
)
from webhook_api.base.bodies import TenantInPath
from webhook_api.base.openapi import CONFLICT, NOT_FOUND
from webhook_api.composition import Services
from webhook_api.job_bodies import job_body
from webhook_api.sync.bodies import JobBody
from webhook_api.sync.reachable import require_syncable


def backfill_router(services: Services) -> APIRouter:
    """The routes, bound to what they use."""
    router = APIRouter(prefix="/api/sync", tags=["sync"], responses=NOT_FOUND)

    def window_of(body: HistoricalRequest) -> Window:
        return check_range(
            body.start_date,
            body.end_date,
            earliest=services.settings.history_start,
            now=datetime.now(UTC),
        )

    @router.post(
        "/{tenantId}/historical",
        status_code=202,
        summary="Sync a range of time",
        responses=CONFLICT
        | {200: {"model": HistoricalPriceBody, "description": "The price, with `dryRun=true`."}},
    )
    async def historical(
        tenant_id: TenantInPath,
        body: HistoricalRequest,
        response: Response,
        *,
        dry_run: Annotated[
            bool, Query(alias="dryRun", description="Only tell what it would fetch and cost.")
        ] = False,
    ) -> HistoricalQueued | HistoricalPriceBody:
        """Ask for the mail of a range, of every mailbox: it becomes a backfill in Dagster.

        What is stored is not fetched again. The job's state, progress and estimated end are at
        `/api/sync/{tenantId}/jobs/{jobId}`.
        """
        unreachable = require_syncable(await services.reads.tenant(tenant_id))
        window = window_of(body)
        if dry_run:
            response.status_code = 200
            price = await services.backfill_pricing.price(tenant_id, window)
            return price_body(tenant_id, body, price)
        job_id = await services.backfill_jobs.request(tenant_id, window, months_of(window))
        return HistoricalQueued(job_id=job_id, kind="historical", unreachable=unreachable)

    @router.post("/{tenantId}/jobs/{jobId}/cancel", summary="Stop a backfill")
    async def cancel(
        tenant_id: TenantInPath, job_id: Annotated[UUID, Path(alias="jobId")]
    ) -> JobBody:
        """Cancel an open backfill: what is stored stays, and asking for the range again
        goes on where it stopped. A job that has ended is shown as it is.
        """
        await services.backfill_jobs.cancel(tenant_id, job_id)
        return job_body(await services.jobs.job(tenant_id, job_id))

    return router
