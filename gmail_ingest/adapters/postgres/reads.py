"""Reading a tenant's state: integrations, mailboxes, ledger, queue, jobs.

Holds: ``PostgresReads``. Add here: what a status page asks for.
Keep out: mail (``email_reads``), writing.
Source: design promise 5; edge case 24 (a watch that lapses is visible).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import Connection, statement, transaction
from gmail_ingest.adapters.postgres.status_views import (
    IntegrationStatus,
    Job,
    MailboxStatus,
    QueueEntry,
    SyncStatus,
    TenantStatus,
)
from gmail_ingest.errors import NotFoundError

#: Jobs that a status shows.
JOBS_SHOWN = 20

_TENANT = "SELECT id, state, created_at, disconnected_at FROM tenants WHERE id = %s"
_INTEGRATIONS = """
SELECT id, auth_type, subject, state, last_error, generation, created_at, updated_at
FROM integrations WHERE tenant_id = %s ORDER BY id
"""
_MAILBOXES = """
SELECT integration_id, id, address, state, last_error, checkpoint, watch_expires_at, last_push_at,
       last_synced_at, initial_synced_at IS NOT NULL
FROM mailboxes WHERE tenant_id = %s ORDER BY address
"""
_LEDGER = """
SELECT fate, count(*) FROM message_ledger
WHERE mailbox_id IN (SELECT id FROM mailboxes WHERE tenant_id = %s) GROUP BY fate
"""
_QUEUE = """
SELECT kind, job_id, enqueued_at, not_before, attempts,
       claimed_by IS NOT NULL AND claimed_until > now()
FROM sync_queue WHERE tenant_id = %s ORDER BY enqueued_at, id
"""
_JOB_COLUMNS = (
    "id, kind, state, counts, error, created_at, started_at, finished_at, dagster_run_id,"
    " merged_into"
)
_JOBS = (
    f"SELECT {_JOB_COLUMNS} FROM sync_jobs"  # noqa: S608 - the columns are a constant
    " WHERE tenant_id = %s ORDER BY created_at DESC, id LIMIT %s"
)
_JOB = f"SELECT {_JOB_COLUMNS} FROM sync_jobs WHERE tenant_id = %s AND id = %s"  # noqa: S608 - as above
#: All fates, so that a count that is missing reads as none.
_FATES = ("pending", "stored", "excluded", "gone", "dead")


class PostgresReads:
    """The read side of everything but mail."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def tenant(self, tenant_id: str) -> TenantStatus:
        """A tenant with its integrations and mailboxes; NotFoundError if it is unknown."""
        async with transaction(self._engine) as connection:
            return await _tenant(connection, tenant_id)

    async def status(self, tenant_id: str) -> SyncStatus:
        """Everything about a tenant's sync, at one moment; NotFoundError if it is unknown."""
        async with transaction(self._engine) as connection:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            tenant = await _tenant(connection, tenant_id)
            fates = dict(await _rows(connection, _LEDGER, tenant_id))
            queue = await _rows(connection, _QUEUE, tenant_id)
            jobs = await _rows(connection, _JOBS, tenant_id, JOBS_SHOWN)
        return SyncStatus(
            tenant=tenant,
            ledger={fate: fates.get(fate, 0) for fate in _FATES},
            queue=tuple(
                QueueEntry(kind, str(job), _utc(asked), _utc(due), attempts, claimed)
                for kind, job, asked, due, attempts, claimed in queue
            ),
            jobs=tuple(map(_to_job, jobs)),
        )

    async def job(self, tenant_id: str, job_id: UUID) -> Job:
        """One job of a tenant; NotFoundError if this tenant has none of this id."""
        async with statement(self._engine) as connection:
            rows = await _rows(connection, _JOB, tenant_id, job_id)
        if not rows:
            raise NotFoundError("this tenant has no such job")
        return _to_job(rows[0])


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
    id_, auth_type, subject, state, error, generation, created_at, updated_at = row
    own = tuple(_to_mailbox(each) for each in mailboxes if each[0] == id_)
    return IntegrationStatus(
        id_, auth_type, subject, state, error, generation, _utc(created_at), _utc(updated_at), own
    )


def _to_mailbox(row: Sequence[Any]) -> MailboxStatus:
    _, id_, address, state, error, checkpoint, watch, pushed, synced, initial_done = row
    return MailboxStatus(
        id=id_,
        address=address,
        state=state,
        last_error=error,
        checkpoint=int(checkpoint),
        watch_expires_at=_utc_or_none(watch),
        last_push_at=_utc_or_none(pushed),
        last_synced_at=_utc_or_none(synced),
        initial_sync_done=initial_done,
    )


def _to_job(row: Sequence[Any]) -> Job:
    id_, kind, state, counts, error, created, started, finished, run_id, merged_into = row
    return Job(
        id=str(id_),
        kind=kind,
        state=state,
        counts=counts,
        error=error,
        created_at=_utc(created),
        started_at=_utc_or_none(started),
        finished_at=_utc_or_none(finished),
        dagster_run_id=run_id,
        merged_into=str(merged_into) if merged_into else None,
    )


async def _rows(connection: Connection, query: str, *arguments: object) -> list[Any]:
    return await (await connection.execute(query.encode(), arguments)).fetchall()


def _utc(moment: datetime) -> datetime:
    # Sessions may have any time zone; the API has one.
    return moment.astimezone(UTC)


def _utc_or_none(moment: datetime | None) -> datetime | None:
    return _utc(moment) if moment else None
