"""What the ledger knows of one mail, to answer why it is not in the CRM.

Holds: ``PostgresTraces`` (the Traces port). Add here: a fact that an answer needs.
Keep out: answers (``sync/audit/why.py``).
Source: docs/promises.md#promise-5; edge case 52 (Message-IDs of any length are found by digest).

The job that decided a fate is not stored with each message, because a column would cost every
write. Only one sync of a tenant and kind runs at a time, so the time of the decision identifies the
job.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import Connection, statement
from gmail_ingest.adapters.postgres.mailboxes.mailbox_rows import MAILBOX_COLUMNS, to_mailbox
from gmail_ingest.core.ledger.fates import fate_of
from gmail_ingest.errors import NotFoundError
from gmail_ingest.sync.audit.traces import MailboxProgress, Trace

_PROGRESS = f"""
SELECT {MAILBOX_COLUMNS}, m.cause, m.last_error, m.created_at,
       (SELECT min(coalesce(l.window_start, 'epoch')) FROM listings l
        WHERE l.mailbox_id = m.id AND l.origin = 'listing' AND l.done_at IS NOT NULL),
       EXISTS (SELECT FROM listings l
               WHERE l.mailbox_id = m.id AND l.origin = 'listing' AND l.done_at IS NULL)
FROM mailboxes m WHERE m.tenant_id = %s ORDER BY m.address
"""  # noqa: S608 - the columns of mailbox_rows
_KNOWN = "SELECT FROM tenants WHERE id = %s"
_BY_RFC_ID = """
SELECT e.mailbox_id, e.gmail_id FROM emails e
WHERE md5(e.rfc_message_id) = ANY(SELECT md5(id) FROM unnest(%(ids)s::text[]) id)
  AND e.rfc_message_id = ANY(%(ids)s) AND e.tenant_id = %(tenant)s
"""
_BY_GMAIL_ID = """
SELECT l.mailbox_id, l.gmail_id FROM message_ledger l
WHERE l.mailbox_id IN (SELECT id FROM mailboxes WHERE tenant_id = %(tenant)s)
  AND l.gmail_id = ANY(%(ids)s)
"""
#: How many jobs before a decision are searched for the one that made it, newest first.
_JOBS = 50
_TRACES = f"""
SELECT l.mailbox_id, l.gmail_id, l.thread_id, l.fate, l.reason, l.attempts, l.next_attempt_at,
       l.error, l.origin, l.first_seen_at, l.decided_at,
       coalesce(e.label_ids && '{{SPAM,TRASH}}', false), job.id, job.dagster_run_id,
       w.withheld_at, w.accepted_at IS NOT NULL
FROM unnest(%s::bigint[], %s::text[]) wanted (mailbox_id, gmail_id)
JOIN message_ledger l USING (mailbox_id, gmail_id)
JOIN mailboxes m ON m.id = l.mailbox_id
LEFT JOIN emails e USING (mailbox_id, gmail_id)
LEFT JOIN withheld_removals w USING (mailbox_id, gmail_id)
LEFT JOIN LATERAL (
    SELECT j.id, j.dagster_run_id
    FROM (SELECT * FROM sync_jobs WHERE tenant_id = m.tenant_id AND created_at <= l.decided_at
          ORDER BY created_at DESC LIMIT {_JOBS}) j
    WHERE j.started_at <= l.decided_at AND coalesce(j.finished_at, now()) >= l.decided_at
    ORDER BY ((j.kind = 'incremental') = (l.origin = 'push')) DESC, j.started_at DESC LIMIT 1
) job ON true
ORDER BY m.address, l.gmail_id
"""  # noqa: S608 - a number


class PostgresTraces:
    """Implements ``sync.audit.traces.Traces``, which says what each method does."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def mailboxes(self, tenant_id: str) -> list[MailboxProgress]:
        """The tenant's mailboxes, and how far each was synced and listed."""
        async with statement(self._engine) as connection:
            rows = await (await connection.execute(_PROGRESS, (tenant_id,))).fetchall()
            known = rows or await (await connection.execute(_KNOWN, (tenant_id,))).fetchall()
        if not known:
            raise NotFoundError("this tenant is not known here")
        return [_progress(row) for row in rows]

    async def by_gmail_id(self, tenant_id: str, gmail_ids: Collection[str]) -> list[Trace]:
        """Traces of Gmail ids."""
        return await self._find(_BY_GMAIL_ID, tenant_id, gmail_ids)

    async def by_rfc_id(self, tenant_id: str, rfc_ids: Collection[str]) -> list[Trace]:
        """Traces of stored mail with one of these Message-IDs."""
        return await self._find(_BY_RFC_ID, tenant_id, rfc_ids)

    async def _find(self, query: str, tenant_id: str, ids: Collection[str]) -> list[Trace]:
        wanted = {"tenant": tenant_id, "ids": list(ids)}
        async with statement(self._engine) as connection:
            keys = await (await connection.execute(query.encode(), wanted)).fetchall()
            return await _traces(connection, keys)


async def _traces(connection: Connection, keys: Sequence[tuple[Any, ...]]) -> list[Trace]:
    if not keys:
        return []
    columns = ([key[0] for key in keys], [key[1] for key in keys])
    rows = await (await connection.execute(_TRACES, columns)).fetchall()
    return [_trace(row) for row in rows]


def _trace(row: Sequence[Any]) -> Trace:
    return Trace(
        mailbox_id=row[0],
        gmail_id=row[1],
        thread_id=row[2],
        fate=fate_of(row[3]),
        reason=row[4],
        attempts=row[5],
        next_attempt_at=row[6].astimezone(UTC),
        error=row[7],
        origin=row[8],
        first_seen_at=row[9].astimezone(UTC),
        decided_at=_utc(row[10]),
        spam_or_trash=row[11],
        job_id=row[12],
        dagster_run_id=row[13],
        withheld_at=_utc(row[14]),
        accepted=row[15],
    )


def _progress(row: Sequence[Any]) -> MailboxProgress:
    *_, cause, last_error, connected_at, listed_from, listing = row
    return MailboxProgress(
        to_mailbox(row), cause, last_error, connected_at.astimezone(UTC), _utc(listed_from), listing
    )


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
