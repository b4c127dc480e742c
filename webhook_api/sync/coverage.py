"""Which days of a tenant's mail are proven complete.

Holds: GET /api/sync/{tenantId}/coverage and its bodies. Keep out: comparing (a nightly Dagster job,
or ``gmail-ingest verify``).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from gmail_ingest.wiring.use_cases import UseCases
from webhook_api.base.bodies import Day, Model, TenantInPath
from webhook_api.base.openapi import NOT_FOUND


class RangeBody(Model):
    """UTC days in a row that are all proven complete, or all not. Counts are message ids."""

    start: date = Field(serialization_alias="from", description="The first day.")
    end: date = Field(serialization_alias="to", description="The day before which it ends.")
    proven: bool = Field(
        description="All that Gmail listed is stored, hidden or not, or a dead letter, and the "
        "days were over."
    )
    days: int
    listed: int = Field(
        description="Listed by Gmail, without what is not sent yet, chats, spam and trash."
    )
    accounted: int = Field(description="Stored, hidden by a rule or not, or a dead letter.")
    pending: int = Field(description="Waiting for their fetch.")
    missing: int = Field(description="Listed by Gmail, and not known here.")
    vanished: int = Field(description="Stored here, and gone at Gmail.")
    dead: int = Field(description="Given up after several attempts, each with its error.")
    checked_at: datetime = Field(description="When the day compared longest ago was compared.")


class VerdictBody(Model):
    """The last comparison of a mailbox with what Gmail lists."""

    passed: bool = Field(
        description="All that Gmail listed from firstDay up to checkedAt is accounted for; nothing "
        "had been missing, and nothing waited."
    )
    checked_at: datetime
    first_day: date | None = Field(description="The first UTC day that was compared.")
    days: int
    proven_days: int = Field(description="Of these days, those that were over and complete.")
    found: int = Field(description="Differences that were found at first, repaired or not.")
    open: int = Field(description="Differences that are left, and ids that wait.")
    error: str | None = Field(description="Why it could not be looked at to the end.")


class MailboxCoverageBody(Model):
    """A mailbox's compared days, oldest first; a day in no range was never compared."""

    address: str
    state: str = Field(description="Only an active mailbox can be compared.")
    verdict: VerdictBody | None = Field(description="None if it was never compared.")
    ranges: list[RangeBody]


class CoverageBody(Model):
    """How far a tenant's mail is proven complete."""

    tenant_id: str
    passed: bool | None = Field(
        description="Whether the last comparison of every mailbox passed, and all can be compared "
        "now; null if a mailbox was never compared."
    )
    checked_at: datetime | None = Field(
        description="When the mailbox compared longest ago was; with passed, the tenant's mail is "
        "proven complete up to then."
    )
    open: int = Field(description="Differences that are left, over all mailboxes.")
    mailboxes: list[MailboxCoverageBody]


def coverage_router(use_cases: UseCases) -> APIRouter:
    """The route, bound to what it uses."""
    router = APIRouter(prefix="/api/sync", tags=["sync"], responses=NOT_FOUND)

    @router.get("/{tenantId}/coverage", summary="Which days are proven complete")
    async def coverage(
        tenant_id: TenantInPath,
        start: Annotated[Day | None, Query(alias="from", description="The first day; UTC.")] = None,
        end: Annotated[Day | None, Query(alias="to", description="Before this day; UTC.")] = None,
    ) -> CoverageBody:
        """The days of each mailbox that were compared with what Gmail lists, as ranges."""
        found = await use_cases.stores.coverage.ranges(tenant_id, start, end)
        verdicts = [mailbox.verdict for mailbox in found if mailbox.verdict is not None]
        active = all(mailbox.state == "active" for mailbox in found)
        compared = bool(found) and len(verdicts) == len(found)
        return CoverageBody(
            tenant_id=tenant_id,
            passed=active and all(verdict.passed for verdict in verdicts) if compared else None,
            checked_at=min(verdict.checked_at for verdict in verdicts) if compared else None,
            open=sum(verdict.open for verdict in verdicts),
            mailboxes=[MailboxCoverageBody.model_validate(mailbox) for mailbox in found],
        )

    return router
