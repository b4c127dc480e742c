"""A tenant as it stands: its integrations and mailboxes, their watches, what a person has to do.

Holds: the bodies, and how they are made of the views of ``adapters/postgres/reads``.
Keep out: reading (``PostgresReads``), routes.
Source: docs/google.md#watches; edge case 24.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import Field

from gmail_ingest.adapters.postgres.reads.status_views import (
    IntegrationStatus,
    MailboxStatus,
    TenantStatus,
)
from gmail_ingest.core.ledger.removals import question
from gmail_ingest.errors import remedy_of
from webhook_api.base.bodies import Model

#: How the watch of a connected mailbox stands.
WatchState = Literal["active", "lapsing", "lapsed", "missing", "off"]

#: A watch is renewed when it has six days left: below one day, renewal has failed for days.
LAPSING = timedelta(days=1)

_RECONNECT = "Connect this mailbox again if its mail is wanted."


class MailboxBody(Model):
    """A mailbox as it stands."""

    address: str
    aliases: list[str] = Field(
        description="The owner's other addresses, from Gmail's settings, read once a day."
    )
    state: str = Field(
        description="active, needs_reauth, admin_action_required, suspended, disconnected, "
        "duplicate (the same account is connected under its present address too), or replaced "
        "(the account was deleted and another one has its address: its mail stays)."
    )
    cause: str | None = Field(
        description="Why it is in its state, or why its last sync failed.",
        examples=["grant_dead", "domain_policy", "operator", "no_answer"],
    )
    action: str | None = Field(description="What a person has to do, if anything.")
    last_error: str | None
    failing_since: datetime | None = Field(
        description="Since when it has not been synced; null while all is well."
    )
    retry_at: datetime | None = Field(description="When it is tried again by itself.")
    checkpoint: str = Field(description="Gmail's history id that is durably applied.")
    watch: WatchState
    watch_expires_at: datetime | None
    last_push_at: datetime | None
    last_synced_at: datetime | None = Field(
        description="Mail that came until then is known. Null until the first sync is done."
    )
    initial_sync_done: bool
    former_addresses: list[str] = Field(
        description="Primary addresses that the account had before; they are among the aliases."
    )
    present_address: str | None = Field(
        description="The account's primary address, if another mailbox of the tenant has it."
    )
    renamed_at: datetime | None = Field(description="When another primary address was noticed.")
    history_reset_at: datetime | None = Field(
        description="When Google's history ids were found to have gone back."
    )
    former_account: bool = Field(
        description="True: the mail of an account that is no more; see replacedAt."
    )
    replaced_at: datetime | None = Field(
        description="When another account was found to have this address."
    )
    replaced_predecessor_at: datetime | None = Field(
        description="When this account was found to have followed another one, whose mail is in "
        "the mailbox of the same address in state replaced."
    )
    removals_withheld: int = Field(
        description="Mails that Gmail no longer has, too many to be removed without a person: they "
        "stay until their removal is accepted."
    )


class IntegrationBody(Model):
    """A credential's description; the credential itself is never shown."""

    auth_type: str
    subject: str
    state: str
    last_error: str | None
    connected_at: datetime
    updated_at: datetime
    mailboxes: list[MailboxBody]


class TenantBody(Model):
    """A tenant and what it has connected."""

    tenant_id: str
    state: str
    created_at: datetime
    disconnected_at: datetime | None
    integrations: list[IntegrationBody]


def tenant_body(tenant: TenantStatus, *, watching: bool) -> TenantBody:
    """A tenant as JSON; ``watching`` if a Pub/Sub topic is configured."""
    now = datetime.now(UTC)
    return TenantBody(
        tenant_id=tenant.tenant_id,
        state=tenant.state,
        created_at=tenant.created_at,
        disconnected_at=tenant.disconnected_at,
        integrations=[
            _integration(integration, now, watching) for integration in tenant.integrations
        ],
    )


def _integration(integration: IntegrationStatus, now: datetime, watching: bool) -> IntegrationBody:  # noqa: FBT001 - private
    return IntegrationBody(
        auth_type=integration.auth_type,
        subject=integration.subject,
        state=integration.state,
        last_error=integration.last_error,
        connected_at=integration.created_at,
        updated_at=integration.updated_at,
        mailboxes=[_mailbox(mailbox, now, watching) for mailbox in integration.mailboxes],
    )


def _mailbox(mailbox: MailboxStatus, now: datetime, watching: bool) -> MailboxBody:  # noqa: FBT001 - private
    wanted = watching and mailbox.state not in {"disconnected", "duplicate", "replaced"}
    return MailboxBody(
        address=mailbox.address,
        aliases=list(mailbox.aliases),
        state=mailbox.state,
        cause=mailbox.cause,
        action=action_of(mailbox.state, mailbox.cause) or _question(mailbox),
        last_error=mailbox.last_error,
        failing_since=mailbox.failing_since,
        retry_at=mailbox.retry_at,
        checkpoint=str(mailbox.checkpoint),
        watch=watch_state(mailbox.watch_expires_at, now) if wanted else "off",
        watch_expires_at=mailbox.watch_expires_at,
        last_push_at=mailbox.last_push_at,
        last_synced_at=mailbox.last_synced_at,
        initial_sync_done=mailbox.initial_sync_done,
        former_addresses=list(mailbox.former_addresses),
        present_address=mailbox.present_address,
        renamed_at=mailbox.renamed_at,
        history_reset_at=mailbox.history_reset_at,
        former_account=mailbox.state == "replaced",
        replaced_at=mailbox.replaced_at,
        replaced_predecessor_at=mailbox.replaced_predecessor_at,
        removals_withheld=mailbox.removals_withheld,
    )


def _question(mailbox: MailboxStatus) -> str | None:
    return question(mailbox.removals_withheld) if mailbox.removals_withheld else None


def action_of(state: str, cause: str | None) -> str | None:
    """What a person has to do about a mailbox in this state, None if nothing."""
    return _RECONNECT if state == "disconnected" else remedy_of(state, cause)


def watch_state(expires_at: datetime | None, now: datetime) -> WatchState:
    """The state of a watch that is wanted."""
    if expires_at is None:
        return "missing"
    left = expires_at - now
    if left <= timedelta():
        return "lapsed"
    return "lapsing" if left < LAPSING else "active"
