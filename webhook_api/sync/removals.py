"""The route by which a person accepts that a mass of mail is removed.

Holds: /api/sync/{tenantId}/accept-removals and its bodies. Keep out: SQL, removing.
"""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from gmail_ingest.wiring.use_cases import UseCases
from webhook_api.base.bodies import Model, TenantInPath, Text
from webhook_api.base.openapi import CONFLICT, NOT_FOUND
from webhook_api.sync.reachable import require_syncable


class AcceptBody(Model):
    """Whose removals to accept; those of all mailboxes unless one is named."""

    mailbox: Text | None = Field(None, min_length=1, description="Address of one mailbox.")


class AcceptedBody(Model):
    """How many mails will be removed, by which job."""

    count: int
    job_id: UUID | None = Field(description="Null if nothing was withheld.")


def removals_router(use_cases: UseCases) -> APIRouter:
    """The route, bound to what it uses."""
    router = APIRouter(prefix="/api/sync", tags=["sync"], responses=NOT_FOUND)

    @router.post(
        "/{tenantId}/accept-removals",
        status_code=202,
        summary="Agree that withheld mail is removed",
        responses=CONFLICT,
    )
    async def accept(tenant_id: TenantInPath, body: AcceptBody | None = None) -> AcceptedBody:
        """Accept the removals that are withheld now, once: what vanishes later asks again.

        The sync that is queued removes them, and compares all stored mail with Gmail.
        """
        mailbox = body.mailbox.lower() if body and body.mailbox else None
        require_syncable(await use_cases.stores.status.tenant(tenant_id), mailbox)
        return AcceptedBody.model_validate(
            await use_cases.stores.removals.accept(tenant_id, mailbox)
        )

    return router
