"""Routes of dead letters: look at what was given up, and try it again.

Holds: /api/sync/{tenantId}/dead-letters and its bodies. Keep out: SQL.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field, model_validator

from gmail_ingest.wiring.use_cases import UseCases
from webhook_api.base.bodies import Model, TenantInPath, Text
from webhook_api.base.openapi import CONFLICT, NOT_FOUND
from webhook_api.sync.reachable import require_syncable

MAX_LIMIT = 500
DEFAULT_LIMIT = 100
#: Ids of one request to try again.
MAX_IDS = 1000


class DeadLetterBody(Model):
    """A message that was given up; nothing of it is stored."""

    gmail_id: str
    mailbox: str
    thread_id: str
    attempts: int
    error: str | None
    first_seen_at: datetime
    since: datetime = Field(description="When it was given up.")


class DeadLetterPageBody(Model):
    """Dead letters by mailbox, newest ids first."""

    dead_letters: list[DeadLetterBody]
    next_cursor: str | None = Field(description="For the next page; null on the last.")


class RetryBody(Model):
    """What to try again; everything unless something is named."""

    gmail_ids: list[Text] | None = Field(
        None, min_length=1, max_length=MAX_IDS, description="Gmail ids.", examples=[["18f2a5"]]
    )
    message_ids: list[Text] | None = Field(
        None,
        min_length=1,
        max_length=MAX_IDS,
        description="The older name of `gmailIds`.",
        deprecated=True,
    )
    mailbox: Text | None = Field(None, min_length=1, description="Address of one mailbox.")

    @model_validator(mode="before")
    @classmethod
    def _named_once(cls, values: object) -> object:
        names = {"gmailIds", "messageIds", "gmail_ids", "message_ids"}
        if isinstance(values, dict) and len(names & values.keys()) > 1:
            raise ValueError("gmailIds and messageIds are one and the same: give one of them")
        return values

    def named(self) -> list[str] | None:
        """The Gmail ids, by whichever name they came."""
        # By the model's own dictionary: reading a deprecated field warns.
        return self.gmail_ids or self.__dict__["message_ids"]


class RetriedBody(Model):
    """How many messages are tried again, by which job."""

    count: int
    job_id: UUID | None = Field(description="Null if there was nothing to try again.")


def dead_letters_router(use_cases: UseCases) -> APIRouter:
    """The routes, bound to what they use."""
    router = APIRouter(
        prefix="/api/sync/{tenantId}/dead-letters", tags=["sync"], responses=NOT_FOUND
    )

    @router.get("", summary="Messages that were given up")
    async def page(
        tenant_id: TenantInPath,
        *,
        mailbox: Annotated[Text | None, Query(description="Address of one mailbox.")] = None,
        cursor: Annotated[Text | None, Query(description="Where the last page ended.")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    ) -> DeadLetterPageBody:
        """Messages whose every attempt failed, with the last error. The rest of the mailbox is
        synced without them.
        """
        await use_cases.stores.status.tenant(tenant_id)
        found = await use_cases.stores.dead_letters.page(
            tenant_id, mailbox=_lower(mailbox), cursor=cursor, limit=limit
        )
        return DeadLetterPageBody.model_validate(found)

    @router.post("/retry", status_code=202, summary="Try them again", responses=CONFLICT)
    async def retry(tenant_id: TenantInPath, body: RetryBody | None = None) -> RetriedBody:
        """Give dead letters all their attempts again, and queue an incremental sync for them."""
        wanted = body or RetryBody()
        mailbox = _lower(wanted.mailbox)
        require_syncable(await use_cases.stores.status.tenant(tenant_id), mailbox)
        done = await use_cases.stores.dead_letters.retry(
            tenant_id, message_ids=wanted.named(), mailbox=mailbox
        )
        return RetriedBody.model_validate(done)

    return router


def _lower(address: str | None) -> str | None:
    return address.lower() if address else None
