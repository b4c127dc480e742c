"""Backfills: price one, ask for one, cancel one.

Holds: /api/sync/{tenantId}/historical and the cancelling of jobs, routes and bodies. The API says
``historical`` for a backfill: in the path, the kind of job and the names of models.
Keep out: prices (``sync/backfill``), and syncing. The route writes a job; Dagster's sensor makes a
backfill of it, at once or when Dagster is up again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from gmail_ingest.core.ledger.months import check_range, months_of
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.sync.backfill.backfill_price import BackfillPrice
from gmail_ingest.wiring.use_cases import UseCases
from webhook_api.base.bodies import Model, TenantInPath, to_utc
from webhook_api.base.openapi import CONFLICT, NOT_FOUND
from webhook_api.sync.bodies import JobBody, Queued, job_body
from webhook_api.sync.reachable import require_syncable


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be a time in ISO 8601 with its zone, as 2025-06-30T12:00:00Z")  # noqa: TRY004 - a TypeError is no validation error
    return value


#: Refused: numbers (seconds, or milliseconds?) and times without a zone (of which place?).
ZonedTime = Annotated[AwareDatetime, BeforeValidator(_text), AfterValidator(to_utc)]


class HistoricalRequest(Model):
    """A range of time, half-open: ``startDate`` <= a message's internal date < ``endDate``."""

    start_date: ZonedTime = Field(examples=["2024-01-01T00:00:00Z"])
    end_date: ZonedTime = Field(
        description="The first moment that is not in the range: 2025-01-01T00:00:00Z for all of "
        "2024.",
        examples=["2025-01-01T00:00:00Z"],
    )


class HistoricalQueued(Queued):
    """A backfill was asked for; if just this range is under way, it is that job."""


class MonthPriceBody(Model):
    """One month of the tenant's mailboxes."""

    month: str = Field(examples=["2024-01"])
    messages: int = Field(description="Messages that Gmail lists.")
    to_fetch: int = Field(description="Those that are not stored or decided about already.")
    units: int = Field(description="Quota units of listing and fetching them.")


class HistoricalPriceBody(Model):
    """What a backfill would fetch and cost. Nothing was started or written."""

    tenant_id: str
    start_date: datetime
    end_date: datetime
    messages: int
    to_fetch: int
    units: int = Field(description="Gmail quota units that the sync would take.")
    estimated_seconds: float | None = Field(
        description="At the budgets of mailboxes and project, with the daily allowance; null if "
        "nothing is limited."
    )
    dry_run_units: int = Field(description="Gmail quota units that this answer took.")
    left_out: list[str] = Field(description="Why mailboxes are not in it, one each.")
    months: list[MonthPriceBody]


def backfill_router(use_cases: UseCases) -> APIRouter:
    """The routes, bound to what they use."""
    router = APIRouter(prefix="/api/sync", tags=["sync"], responses=NOT_FOUND)

    def window_of(body: HistoricalRequest) -> Window:
        return check_range(
            body.start_date,
            body.end_date,
            earliest=use_cases.stores.settings.backfill_start,
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
        unreachable = require_syncable(await use_cases.stores.status.tenant(tenant_id))
        window = window_of(body)
        if dry_run:
            response.status_code = 200
            price = await use_cases.backfill_pricing.price(tenant_id, window)
            return _price_body(tenant_id, body, price)
        job_id = await use_cases.stores.backfill_jobs.request(tenant_id, window, months_of(window))
        return HistoricalQueued(job_id=job_id, kind="historical", unreachable=unreachable)

    @router.post("/{tenantId}/jobs/{jobId}/cancel", summary="Stop a backfill")
    async def cancel(
        tenant_id: TenantInPath, job_id: Annotated[UUID, Path(alias="jobId")]
    ) -> JobBody:
        """Cancel an open backfill: what is stored stays, and asking for the range again
        goes on where it stopped. A job that has ended is shown as it is.
        """
        await use_cases.stores.backfill_jobs.cancel(tenant_id, job_id)
        return job_body(await use_cases.stores.jobs.job(tenant_id, job_id))

    return router


def _price_body(
    tenant_id: str, body: HistoricalRequest, price: BackfillPrice
) -> HistoricalPriceBody:
    """A price as the API shows it, the oldest month first."""
    return HistoricalPriceBody(
        tenant_id=tenant_id,
        start_date=body.start_date,
        end_date=body.end_date,
        messages=price.listed,
        to_fetch=price.wanted,
        units=price.units,
        estimated_seconds=None if price.seconds is None else round(price.seconds, 1),
        dry_run_units=price.spent,
        left_out=list(price.left_out),
        months=[
            MonthPriceBody(
                month=f"{month.month:%Y-%m}",
                messages=month.listed,
                to_fetch=month.wanted,
                units=month.units,
            )
            for month in price.months
        ],
    )
