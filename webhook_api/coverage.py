"""Which days of a tenant's mail are proven complete.

Holds: GET /api/sync/{tenantId}/coverage and its bodies. Keep out: comparing (a nightly Dagster job,
or ``gmail-ingest verify``).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from webhook_api.models import Model, TenantInPath
from webhook_api.openapi import NOT_FOUND
from webhook_api.services import Services


class RangeBody(Model):
    """UTC days in a row that are all proven complete, or all not. Counts are message ids."""

    start: date = Field(serialization_alias="from", description="The first day.")
    end: date = Field(serialization_alias="to", description="The day before which it ends.")
    proven: bool = Field(
        description="All that Gmail listed is stored, excluded by a rule or a dead letter, and the "
        "days were over."
    )
    days: int
    listed: int = Field(description="Listed by Gmail, without drafts, chats, spam and trash.")
    accounted: int = Field(description="Stored, excluded by a rule, or a dead letter.")
    pending: int = Field(description="Waiting for their fetch.")
    missing: int = Field(description="Listed by Gmail, and not known here.")
    vanished: int = Field(description="Stored here, and gone at Gmail.")
    dead: int = Field(description="Given up after several attempts, each with its error.")
    checked_at: datetime = Field(description="When the day compared longest ago was compared.")


class MailboxCoverageBody(Model):
    """A mailbox's compared days, oldest first; a day in no range was never compared."""

    address: str
    ranges: list[RangeBody]


class CoverageBody(Model):
    """How far a tenant's mail is proven complete."""

    tenant_id: str
    mailboxes: list[MailboxCoverageBody]


def coverage_router(services: Services) -> APIRouter:
    """The route, bound to what it uses."""
    router = APIRouter(prefix="/api/sync", tags=["sync"], responses=NOT_FOUND)

    @router.get("/{tenantId}/coverage", summary="Which days are proven complete")
    async def coverage(
        tenant_id: TenantInPath,
        start: Annotated[
            date | None, Query(alias="from", description="The first day; UTC.")
        ] = None,
        end: Annotated[date | None, Query(alias="to", description="Before this day; UTC.")] = None,
    ) -> CoverageBody:
        """The days of each mailbox that were compared with what Gmail lists, as ranges."""
        found = await services.coverage.ranges(tenant_id, start, end)
        return CoverageBody(
            tenant_id=tenant_id,
            mailboxes=[MailboxCoverageBody.model_validate(each) for each in found],
        )

    return router
