"""The SyncQueue port in Postgres: nearly every method is one statement, one round trip.

Holds: ``PostgresSyncQueue``, and ``enqueue`` for callers that are in a transaction.
Add here: a question about the queue. Keep out: its rules (``queue_sql.py``), jobs as a caller
sees them (``jobs.py``). Source: ``sync/live/sync_queue.py``; docs/architecture.md#the-queue.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import orjson
from psycopg.errors import ForeignKeyViolation
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import Connection, statement
from gmail_ingest.adapters.postgres.mailboxes.mailbox_states import PROBE, PROBE_EVERY
from gmail_ingest.adapters.postgres.queue import queue_sql
from gmail_ingest.errors import NotFoundError
from gmail_ingest.sync.live.sync_queue import Claim, Priority, SecondLook
from gmail_ingest.sync.mailbox.records import Counts, SyncKind

#: One of so many rows of each claim is for background work that has been due for a minute.
TURNS = 8


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Rows that can be claimed now, and the seconds since the oldest came due."""

    waiting: int
    oldest_age_seconds: float


@dataclass(frozen=True, slots=True)
class Dispatched:
    """A tenant for which a run should be started: its due kinds, and the job that has waited
    longest (None if nobody asked). ``id`` is for the run's tags: the rows wait for that run while
    it is alive.
    """

    tenant_id: str
    id: str
    job_id: UUID | None
    kinds: tuple[SyncKind, ...]


@dataclass(frozen=True, slots=True)
class Awaited:
    """Due rows that wait for a run that was started for them.

    ``id`` is the run's (see ``queue_sql``); ``dispatches`` counts runs that were started for them
    and did not take them; ``age`` is the seconds since the last one was requested.
    """

    id: str
    rows: int
    dispatches: int
    age: float


async def enqueue(
    connection: Connection,
    tenant_id: str,
    kind: SyncKind,
    *,
    mailbox_ids: Collection[int] | None = None,
    history_id: int | None = None,
    force: bool = False,
) -> UUID:
    """Ask for a sync as part of the connection's transaction; returns the job's id.

    Raises:
        NotFoundError: the tenant is unknown.
    """
    parameters = {
        "tenant_id": tenant_id,
        "kind": kind,
        "job_id": uuid4(),
        "mailbox_ids": None if mailbox_ids is None else sorted(set(mailbox_ids)),
        # As text: it may be longer than any integer of Postgres.
        "history_id": None if history_id is None else str(history_id),
        "force": force,
        "priority": Priority.REQUESTED if force or kind == "incremental" else Priority.LISTING,
    }
    try:
        row = await (await connection.execute(queue_sql.ENQUEUE, parameters)).fetchone()
    except ForeignKeyViolation as exc:
        raise NotFoundError("this tenant is not known here") from exc
    assert row is not None  # noqa: S101 - an upsert without a condition returns its row
    job_id: UUID = row[0]
    return job_id


class PostgresSyncQueue:
    """Implements ``sync.live.sync_queue.SyncQueue``, which says what each method does."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def enqueue(
        self,
        tenant_id: str,
        kind: SyncKind,
        *,
        mailbox_ids: Collection[int] | None = None,
        history_id: int | None = None,
        force: bool = False,
    ) -> UUID:
        """Ask for a sync; joins the waiting row if there is one. Raises NotFoundError."""
        async with statement(self._engine) as connection:
            return await enqueue(
                connection,
                tenant_id,
                kind,
                mailbox_ids=mailbox_ids,
                history_id=history_id,
                force=force,
            )

    async def claim(
        self,
        holder: str,
        *,
        limit: int,
        ttl: timedelta,
        background: int | None = None,
        tenant_id: str | None = None,
        dagster_run_id: str | None = None,
    ) -> list[Claim]:
        """Claim rows that wait or whose claim expired, live mail first; their jobs then run."""
        background = limit if background is None else min(limit, background)
        parameters = {
            "holder": holder,
            "limit": limit,
            "background": background,
            "turns": min(limit // TURNS, background),
            "ttl": ttl,
            "tenant_id": tenant_id,
            "dagster_run_id": dagster_run_id,
        }
        async with statement(self._engine) as connection:
            rows = await (await connection.execute(queue_sql.CLAIM, parameters)).fetchall()
        return [
            Claim(claim_id, tenant, kind, job_id, mailboxes and tuple(mailboxes), *rest)
            for claim_id, tenant, kind, job_id, mailboxes, *rest in rows
        ]

    async def extend(self, claims: Sequence[Claim], ttl: timedelta) -> None:
        """Extend those claims that are still held."""
        parameters = {
            "ttl": ttl,
            "ids": [claim.id for claim in claims],
            "holders": [claim.holder for claim in claims],
            "attempts": [claim.attempts for claim in claims],
        }
        async with statement(self._engine) as connection:
            await connection.execute(queue_sql.EXTEND, parameters)

    async def acknowledge(
        self,
        claim: Claim,
        state: str,
        counts: Counts,
        error: str | None,
        second_look: SecondLook | None = None,
    ) -> None:
        """Remove a claimed row, end its job, and ask for a second look; nothing if it was lost."""
        parameters = _mine(claim, counts, error) | {
            "state": state,
            "look_ids": sorted(second_look.mailbox_ids) if second_look else None,
            "look_after": timedelta(seconds=second_look.after if second_look else 0),
        }
        async with statement(self._engine) as connection:
            await connection.execute(queue_sql.ACKNOWLEDGE, parameters)

    async def release(
        self, claim: Claim, not_before: datetime, counts: Counts, error: str | None
    ) -> None:
        """Put a claimed row back to wait; nothing if the claim was lost."""
        parameters = _mine(claim, counts, error) | {"not_before": not_before}
        async with statement(self._engine) as connection:
            await connection.execute(queue_sql.RELEASE, parameters)

    async def awaited(self) -> list[Awaited]:
        """Due rows that wait for a run that was started for them."""
        async with statement(self._engine) as connection:
            rows = await (await connection.execute(queue_sql.DISPATCHED)).fetchall()
        return [Awaited(*row) for row in rows]

    async def dispatch(
        self, limit: int, *, tenants: Collection[str], lost: Collection[str] = ()
    ) -> list[Dispatched]:
        """Choose at most ``limit`` of these tenants for which a run should be started, live mail
        first.

        Their rows wait for those runs from now on. ``lost`` are ids of runs that no longer exist or
        never did: rows that wait for them are due again.
        """
        parameters = {"limit": limit, "tenants": list(tenants), "lost": list(lost)}
        async with statement(self._engine) as connection:
            rows = await connection.execute(queue_sql.DISPATCH, parameters)
            return [
                Dispatched(tenant_id, dispatch_id, job_id, tuple(kinds))
                for tenant_id, dispatch_id, job_id, kinds in await rows.fetchall()
            ]

    async def holders(self) -> list[str]:
        """Runs (``run:`` and the id) that hold a claim, a lease, or a drain's place."""
        async with statement(self._engine) as connection:
            rows = await (await connection.execute(queue_sql.HOLDERS)).fetchall()
        return [holder for (holder,) in rows]

    async def waiting(self) -> QueueDepth:
        """How many rows can be claimed now, and since when."""
        async with statement(self._engine) as connection:
            row = await (await connection.execute(queue_sql.DEPTH)).fetchone()
        return QueueDepth(*row) if row else QueueDepth(0, 0.0)

    async def sweep(self, poll_interval: timedelta) -> int:
        """Queue due work that nobody asked for; returns the number of new rows.

        Incremental syncs of mailboxes not synced for ``poll_interval`` or with ids due for a retry;
        initial syncs of mailboxes with an unfinished listing; unfinished changes of exclusion
        rules. A failed mailbox rests for ``poll_interval``; one in a state that may end by itself
        is tried once a day.
        """
        async with statement(self._engine) as connection:
            await connection.execute(PROBE, {"probe_every": PROBE_EVERY})
            found = await connection.execute(queue_sql.SWEEP, {"poll_interval": poll_interval})
            row = await found.fetchone()
        return int(row[0]) if row else 0

    async def free_run(self, holder: str) -> int:
        """Take claims and leases from a worker that is known to be dead; returns the number of
        claims.

        They are free at once, not only after they expire.
        """
        async with statement(self._engine) as connection:
            row = await (
                await connection.execute(queue_sql.FREE_RUN, {"holder": holder})
            ).fetchone()
        return int(row[0]) if row else 0


def _mine(claim: Claim, counts: Counts, error: str | None) -> dict[str, object]:
    totals: dict[str, object] = dict(counts.totals())
    if counts.lag_seconds is not None:
        totals["lag_seconds"] = counts.lag_seconds
    return {
        "id": claim.id,
        "holder": claim.holder,
        "attempts": claim.attempts,
        "counts": orjson.dumps(totals).decode(),
        "error": error,
        "new_job": uuid4(),
        "telling": counts.found or error is not None,
    }
