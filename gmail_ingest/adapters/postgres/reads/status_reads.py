"""Reads a tenant's state: integrations, mailboxes, ledger, queue.

Holds: ``PostgresReads``. Add here: another value of a status page.
Keep out: mail (``email_reads``), jobs (``jobs``), writing.
Source: docs/promises.md#promise-5; edge case 24 (an expired watch is visible).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import Connection, transaction
from gmail_ingest.adapters.postgres.reads.status_views import (
    IntegrationStatus,
    MailboxStatus,
    QueueEntry,
    SyncStatus,
    TenantStatus,
)
from gmail_ingest.core.ledger.fates import FATES, fate_of
from gmail_ingest.errors import NotFoundError

_TENANT = "SELECT id, state, created_at, disconnected_at FROM tenants WHERE id = %s"
_INTEGRATIONS = """
SELECT id, auth_type, subject, state, last_error, generation, created_at, updated_at
FROM integrations WHERE tenant_id = %s ORDER BY id
"""
_MAILBOXES = """
SELECT integration_id, id, address, aliases, state, cause, last_error, checkpoint, watch_expires_at,
       last_push_at, failing_since, retry_at, last_synced_at, initial_synced_at IS NOT NULL,
       former_addresses, present_address, renamed_at, history_reset_at, replaced_at,
       (SELECT max(p.replaced_at) FROM mailboxes p WHERE p.replaced_by = m.id),
       (SELECT count(*) FROM withheld_removals w
        WHERE w.mailbox_id = m.id AND w.accepted_at IS NULL)
FROM mailboxes m WHERE tenant_id = %s ORDER BY address, replaced_at NULLS FIRST, id
"""
_LEDGER = """
SELECT fate, count(*) FROM message_ledger
WHERE mailbox_id IN (SELECT id FROM mailboxes WHERE tenant_id = %s) GROUP BY fate
"""
_QUEUE = """
SELECT q.kind, q.job_id, q.enqueued_at, q.not_before, q.attempts,
       q.claimed_by IS NOT NULL AND q.claimed_until > now(), j.error
FROM sync_queue q JOIN sync_jobs j ON j.id = q.job_id
WHERE q.tenant_id = %s ORDER BY q.enqueued_at, q.id
"""


class PostgresReads:
    """The read side of all but mail."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def tenant(self, tenant_id: str) -> TenantStatus:
        """A tenant with its integrations and mailboxes; NotFoundError if it is unknown."""
        async with transaction(self._engine) as connection:
            return await _tenant(connection, tenant_id)

    async def status(self, tenant_id: str) -> SyncStatus:
        """A tenant's sync, in one snapshot; NotFoundError if the tenant is unknown."""
        async with transaction(self._engine) as connection:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            tenant = await _tenant(connection, tenant_id)
            counted = await _rows(connection, _LEDGER, tenant_id)
            queue = await _rows(connection, _QUEUE, tenant_id)
        fates = {fate_of(fate): int(count) for fate, count in counted}
        return SyncStatus(
            tenant=tenant,
            ledger={fate: fates.get(fate, 0) for fate in FATES},
            queue=tuple(
                QueueEntry(kind, job, _utc(enqueued), _utc(due), attempts, claimed, error)
                for kind, job, enqueued, due, attempts, claimed, error in queue
            ),
        )


async def _tenant(connection: Connection, tenant_id: str) -> TenantStatus:
    found = await _rows(connection, _TENANT, tenant_id)
    if not found:
        raise NotFoundError("this tenant is not known here")
    _, state, created_at, disconnected_at = found[0]
    mailboxes = await _rows(connection, _MAILBOXES, tenant_id)
    integrations = await _rows(connection, _INTEGRATIONS, tenant_id)
    return TenantStatus(
        tenant_id=tenant_id,
        state=state,
        created_at=_utc(created_at),
        disconnected_at=_utc_or_none(disconnected_at),
        integrations=tuple(_to_integration(row, mailboxes) for row in integrations),
    )


def _to_integration(row: Sequence[Any], mailboxes: Iterable[Sequence[Any]]) -> IntegrationStatus:
    integration_id, auth_type, subject, state, error, generation, created_at, updated_at = row
    own = tuple(_to_mailbox(mailbox) for mailbox in mailboxes if mailbox[0] == integration_id)
    return IntegrationStatus(
        integration_id,
        auth_type,
        subject,
        state,
        error,
        generation,
        _utc(created_at),
        _utc(updated_at),
        own,
    )


def _to_mailbox(row: Sequence[Any]) -> MailboxStatus:
    _, mailbox_id, address, aliases, state, cause, error, checkpoint, watch, pushed, *more = row
    failing_since, retry_at, *synced = more
    return MailboxStatus(
        id=mailbox_id,
        address=address,
        aliases=tuple(aliases),
        state=state,
        cause=cause,
        last_error=error,
        checkpoint=int(checkpoint),
        watch_expires_at=_utc_or_none(watch),
        last_push_at=_utc_or_none(pushed),
        last_synced_at=_utc_or_none(synced[0]),
        initial_sync_done=synced[1],
        failing_since=_utc_or_none(failing_since),
        retry_at=_utc_or_none(retry_at),
        former_addresses=tuple(synced[2]),
        present_address=synced[3],
        renamed_at=_utc_or_none(synced[4]),
        history_reset_at=_utc_or_none(synced[5]),
        replaced_at=_utc_or_none(synced[6]),
        replaced_predecessor_at=_utc_or_none(synced[7]),
        removals_withheld=synced[8],
    )


async def _rows(connection: Connection, query: str, *arguments: object) -> list[Any]:
    return await (await connection.execute(query.encode(), arguments)).fetchall()


def _utc(moment: datetime) -> datetime:
    # Sessions may have any time zone; the API shows UTC.
    return moment.astimezone(UTC)


def _utc_or_none(moment: datetime | None) -> datetime | None:
    return _utc(moment) if moment else None
