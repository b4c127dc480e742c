"""A tenant's state as bodies: what a person has to do, and how its watches stand.

Holds: the conversion from views. Keep out: reading (``PostgresReads``), routes.
Source: docs/google.md#watches; edge case 24.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gmail_ingest.adapters.postgres.reads.status_views import (
    IntegrationStatus,
    MailboxStatus,
    TenantStatus,
)
from gmail_ingest.core.ledger.removals import question
from gmail_ingest.errors import remedy_of
from webhook_api.integration_models import (
    IntegrationBody,
    MailboxBody,
    TenantBody,
    WatchState,
)

#: Renewal is due with six days left: a watch with less than this has missed it many times.
LAPSING = timedelta(days=1)

_RECONNECT = "Connect this mailbox again if its mail is wanted."


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
    """How a watch that should be there stands."""
    if expires_at is None:
        return "missing"
    left = expires_at - now
    if left <= timedelta():
        return "lapsed"
    return "lapsing" if left < LAPSING else "active"
