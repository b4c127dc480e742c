"""The two worlds that the contract tests run in: memory and Postgres, seen in the same way."""

# ruff: noqa: D102 - the methods of World are documented once
from __future__ import annotations

from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.adapters.postgres.queue.sync_queue import PostgresSyncQueue
from gmail_ingest.core.ledger.fates import Origin
from gmail_ingest.sync.live.sync_queue import SyncQueue
from gmail_ingest.sync.mailbox.ports import MailStore
from gmail_ingest.sync.mailbox.records import Lease
from gmail_ingest_tests.fakes.mail_store import MemoryMailStore
from gmail_ingest_tests.fakes.sync_queue import MemorySyncQueue

MINUTE = timedelta(minutes=1)
#: As long as a lease or claim that has ended already.
ENDED = timedelta(seconds=-1)


class World(Protocol):
    """What the contract tests look at beside the ports."""

    store: MailStore
    queue: SyncQueue

    async def connect(self, address: str = "a@example.com", *, tenant: str = "acme") -> int:
        """Connect a mailbox with checkpoint 100."""
        ...

    async def disconnect(self, mailbox_id: int) -> None: ...

    async def fate(self, mailbox_id: int, gmail_id: str) -> tuple[str, str | None]:
        """Fate and reason."""
        ...

    async def labels(self, mailbox_id: int, gmail_id: str) -> tuple[str, ...] | None:
        """Labels of the stored email, None if there is none."""
        ...

    async def job_state(self, job_id: Any) -> str: ...


async def lease(
    world: World, mailbox_id: int, origin: Origin = "push", *, ttl: timedelta = MINUTE
) -> Lease:
    """Take a lease, from whomever has it."""
    return await world.store.acquire_lease(mailbox_id, origin, "worker", ttl, force=True)


class MemoryWorld:
    """The fakes."""

    def __init__(self) -> None:
        self.store = MemoryMailStore()
        self.queue = MemorySyncQueue()

    async def connect(self, address: str = "a@example.com", *, tenant: str = "acme") -> int:
        return self.store.add_mailbox(tenant, address, 100).id

    async def disconnect(self, mailbox_id: int) -> None:
        await self.store.set_mailbox_state(mailbox_id, "disconnected", None)

    async def fate(self, mailbox_id: int, gmail_id: str) -> tuple[str, str | None]:
        entry = self.store.entries[mailbox_id, gmail_id]
        return entry.fate, entry.reason

    async def labels(self, mailbox_id: int, gmail_id: str) -> tuple[str, ...] | None:
        email = self.store.emails.get((mailbox_id, gmail_id))
        return email.label_ids if email else None

    async def job_state(self, job_id: Any) -> str:
        job = self.queue.jobs[job_id]
        return await self.job_state(job.merged_into) if job.merged_into else job.state


class PostgresWorld:
    """The adapters on a database of the test's own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.store = PostgresMailStore(engine)
        self.queue = PostgresSyncQueue(engine)

    async def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        async with statement(self.engine) as connection:
            return await (await connection.execute(query, parameters)).fetchall()

    async def change(self, query: str, *parameters: Any) -> None:
        """Run a statement that returns no rows."""
        async with statement(self.engine) as connection:
            await connection.execute(query, parameters)

    async def add_tenant(self, tenant: str) -> None:
        await self.change("INSERT INTO tenants (id) VALUES (%s) ON CONFLICT DO NOTHING", tenant)

    async def connect(self, address: str = "a@example.com", *, tenant: str = "acme") -> int:
        await self.add_tenant(tenant)
        rows = await self.rows(
            "WITH i AS (INSERT INTO integrations (tenant_id, auth_type, subject)"
            " VALUES (%s, 'oauth', %s) RETURNING id, tenant_id, subject)"
            " INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)"
            " SELECT tenant_id, id, subject, 100 FROM i RETURNING id",
            tenant,
            address,
        )
        return int(rows[0][0])

    async def disconnect(self, mailbox_id: int) -> None:
        await self.change("UPDATE mailboxes SET state = 'disconnected' WHERE id = %s", mailbox_id)

    async def fate(self, mailbox_id: int, gmail_id: str) -> tuple[str, str | None]:
        rows = await self.rows(
            "SELECT fate, reason FROM message_ledger WHERE mailbox_id = %s AND gmail_id = %s",
            mailbox_id,
            gmail_id,
        )
        return rows[0][0], rows[0][1]

    async def labels(self, mailbox_id: int, gmail_id: str) -> tuple[str, ...] | None:
        rows = await self.rows(
            "SELECT label_ids FROM emails WHERE mailbox_id = %s AND gmail_id = %s",
            mailbox_id,
            gmail_id,
        )
        return tuple(rows[0][0]) if rows else None

    async def job_state(self, job_id: Any) -> str:
        rows = await self.rows("SELECT state, merged_into FROM sync_jobs WHERE id = %s", job_id)
        state, merged_into = rows[0]
        return await self.job_state(merged_into) if merged_into else state
