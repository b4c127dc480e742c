"""The route that says what became of a mail.

Holds: /api/emails/why and its bodies. Keep out: the answer (``gmail_ingest.sync.audit.why``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from gmail_ingest.core.ledger.fates import Origin
from gmail_ingest.core.ledger.shown_fates import ShownFate, shown_fate, shown_name
from gmail_ingest.sync.audit.why import MAX_LENGTH, Answer, Finding
from gmail_ingest.wiring.use_cases import UseCases
from webhook_api.base.bodies import Model, TenantInQuery
from webhook_api.base.openapi import NOT_FOUND
from webhook_api.integrations.tenant import action_of

#: What the API calls an origin.
SeenBy = Literal["live", "listing", "history"]
_SEEN_BY: Mapping[Origin, SeenBy] = {"push": "live", "listing": "listing", "backfill": "history"}


class LedgerEntryBody(Model):
    """What the ledger holds of the mail in this mailbox; times are UTC."""

    thread_id: str
    fate: ShownFate = Field(
        description="pending: not fetched yet; dead: given up after its attempts."
    )
    rule: str | None
    attempts: int
    next_attempt_at: datetime | None = Field(description="While it is pending.")
    error: str | None
    source: SeenBy = Field(
        description="Who saw it first, or saw it come back: live, Gmail's history of changes "
        "(after a push or by polling); listing, the list of the last days that an initial sync, a "
        "resync or a comparison reads; history, the list of a month that a backfill reads."
    )
    first_seen_at: datetime
    decided_at: datetime | None
    job_id: UUID | None = Field(description="The sync that decided, where known.")
    dagster_run_id: str | None


class FindingBody(Model):
    """What became of the mail in one mailbox."""

    mailbox: str
    verdict: str = Field(
        description="stored, excluded, gone, retrying or dead_letter; at_google: Google has it, "
        "no sync was told; never_listed: Google never named it; not_known: it may still be found; "
        "disconnected: the mailbox has ended, or its account was replaced by another."
    )
    explanation: str
    next: str = Field(description="What happens next.")
    gmail_id: str | None
    ledger: LedgerEntryBody | None
    state: str = Field(description="Of the mailbox.")
    action: str | None = Field(
        description="What a person has to do about the mailbox, if anything."
    )
    connected_at: datetime
    listed_from: datetime | None = Field(description="Mail since then was listed to the end.")
    last_synced_at: datetime | None = Field(description="History is followed up to then.")
    checkpoint: str


class AskedBody(Model):
    """What asking Google brought."""

    answered: int = Field(description="Mailboxes.")
    failed: int = Field(description="Mailboxes that could not be asked.")
    units: int = Field(description="Gmail quota units spent.")


class WhyBody(Model):
    """What became of a mail, mailbox by mailbox."""

    found: bool
    mailboxes: list[FindingBody] = Field(
        description="Those that know the mail; all of the tenant's if none does."
    )
    ask_google_units: int = Field(
        description="What askGoogle=true would cost in Gmail quota units; 0: nothing to ask."
    )
    google: AskedBody | None


def why_router(use_cases: UseCases) -> APIRouter:
    """The route, bound to what it uses."""
    router = APIRouter(prefix="/api/emails", tags=["emails"], responses=NOT_FOUND)

    @router.get("/why", summary="What became of a mail")
    async def why(
        *,
        tenant_id: TenantInQuery,
        message_id: Annotated[
            str,
            Query(
                alias="messageId",
                min_length=1,
                max_length=MAX_LENGTH,
                description="A Gmail id, or a Message-ID with or without angle brackets.",
            ),
        ],
        ask_google: Annotated[
            bool, Query(alias="askGoogle", description="Look for an unknown Message-ID at Google.")
        ] = False,
    ) -> WhyBody:
        """Whether the mail is stored, and if not: which rule, error or gap keeps it out, and what
        happens next. Only stored mail is known by its Message-ID.
        """
        return why_body(await use_cases.why.ask(tenant_id, message_id, ask_google=ask_google))

    return router


def why_body(answer: Answer) -> WhyBody:
    """An answer as JSON."""
    return WhyBody(
        found=answer.found,
        mailboxes=[_finding(finding) for finding in answer.findings],
        ask_google_units=answer.price,
        google=AskedBody.model_validate(answer.google) if answer.google else None,
    )


def _finding(finding: Finding) -> FindingBody:
    progress, trace = finding.progress, finding.trace
    mailbox = progress.mailbox
    return FindingBody(
        mailbox=mailbox.address,
        verdict=shown_name(finding.word),
        explanation=finding.explanation,
        next=finding.next,
        gmail_id=finding.gmail_id,
        ledger=LedgerEntryBody(
            thread_id=trace.thread_id,
            fate=shown_fate(trace.fate),
            rule=trace.reason,
            attempts=trace.attempts,
            next_attempt_at=trace.next_attempt_at if trace.fate == "pending" else None,
            error=trace.error,
            source=_SEEN_BY[trace.origin],
            first_seen_at=trace.first_seen_at,
            decided_at=trace.decided_at,
            job_id=trace.job_id,
            dagster_run_id=trace.dagster_run_id,
        )
        if trace
        else None,
        state=mailbox.state,
        action=action_of(mailbox.state, progress.cause),
        connected_at=progress.connected_at,
        listed_from=progress.listed_from,
        last_synced_at=mailbox.last_synced_at,
        checkpoint=str(mailbox.checkpoint),
    )
