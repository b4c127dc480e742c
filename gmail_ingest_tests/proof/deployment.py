"""A deployment for proofs: real Postgres, the real Gmail adapter, a sandbox; one mailbox a tenant.

Holds: ``Deployment``: connecting, syncing in all ways, and waiting until nothing is left to do.
Add here: a way to sync. Keep out: what happens at Google (``mailbox_life``), faults.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.core.ledger.removals import RemovalLimits
from gmail_ingest.sync.accounts.watch import renew_watches
from gmail_ingest.sync.audit.verify import Verify
from gmail_ingest.sync.live.tenant_sync import TenantReport, TenantSync
from gmail_ingest.sync.mailbox.limiter import Unlimited
from gmail_ingest.sync.mailbox.policy import SyncPolicy
from gmail_ingest.sync.mailbox.records import Mailbox as Connected
from gmail_ingest.sync.mailbox.records import SyncKind
from gmail_ingest_tests.sync.service import Service
from gmail_sandbox.account.mailbox import Mailbox
from gmail_sandbox.faults import FaultRule

T = TypeVar("T")

#: What waits for minutes in production waits for milliseconds; nothing is given up for faults.
POLICY = SyncPolicy(
    first_retry=0.01,
    longest_retry=0.05,
    linger=0.1,
    longest_sleep=0.5,
    young=600.0,
    max_attempts=60,
    batch_messages=3,
    chunk=7,
    lease=timedelta(seconds=1),
)
#: Ids on a page: a handful of mails makes several pages.
PAGE_SIZE = 3
#: A bound for what takes well under a second when nothing is stuck.
QUIET_SECONDS = 30.0

_LEFT = """
SELECT 'queue row', kind, claimed_until::text, not_before::text
FROM sync_queue WHERE tenant_id = %(tenant)s
UNION ALL
SELECT 'ledger entry', l.origin, l.error, l.next_attempt_at::text
FROM message_ledger l JOIN mailboxes m ON m.id = mailbox_id
WHERE m.tenant_id = %(tenant)s AND l.fate = 'pending'
UNION ALL
SELECT 'listing', l.page_token, l.started_at::text, NULL
FROM listings l JOIN mailboxes m ON m.id = l.mailbox_id
WHERE m.tenant_id = %(tenant)s AND l.done_at IS NULL
UNION ALL
SELECT 'lease', l.origin, l.holder, l.until::text
FROM leases l JOIN mailboxes m ON m.id = l.mailbox_id
WHERE m.tenant_id = %(tenant)s AND l.until > now()
UNION ALL
SELECT 'mailbox', state, last_error, NULL
FROM mailboxes WHERE tenant_id = %(tenant)s AND state NOT IN ('active', 'replaced')
"""
_LIVING = "SELECT id FROM mailboxes WHERE tenant_id = %s AND state <> 'replaced'"
_EMAILS = "SELECT gmail_id, thread_id, label_ids, text FROM emails WHERE mailbox_id = %s"
_TOPIC = "projects/sandbox-project/topics/gmail-push"


class Deployment:
    """One deployment with as many tenants as are connected."""

    def __init__(self, service: Service, run: Callable[..., Any]) -> None:
        self._service = service
        # Lives are short, and of few mails: no deletion here is one that a person is asked about.
        service.store = PostgresMailStore(service.engine, RemovalLimits(share=1.0))
        self._workers = itertools.count(1)
        self.run = run
        self.policy = POLICY
        self.sandbox_url = service.sandbox.url

    async def rows(self, query: str, *positional: Any, **named: Any) -> list[Any]:
        """The rows of a query, as tuples."""
        async with statement(self._service.engine) as connection:
            return await (await connection.execute(query, named or positional)).fetchall()

    def at_google(self, address: str, work: Callable[[Mailbox], T]) -> T:
        """Do something with a mailbox on the sandbox's own thread."""
        return self._service.box(work, address)

    async def connect(self, tenant: str, address: str) -> int:
        """Make a mailbox at Google and connect it; its initial sync waits. Returns its id."""
        self._service.sandbox.call(lambda state: state.accounts.create(address))
        await self._service.connect(address, tenant=tenant)
        ((mailbox_id,),) = await self.rows("SELECT id FROM mailboxes WHERE tenant_id = %s", tenant)
        return int(mailbox_id)

    def rename(self, address: str, new: str) -> None:
        """Give an account another primary address."""
        self._service.sandbox.call(lambda state: state.rename(address, new))

    def recreate(self, address: str) -> None:
        """Delete an account, and make another with its address."""
        self._service.sandbox.call(lambda state: state.recreate(address))

    async def reconnect(self, tenant: str, address: str) -> int:
        """Let the owner of an address consent again; the id of the living mailbox."""
        await self._service.connect(address, tenant=tenant)
        return await self.living(tenant)

    async def living(self, tenant: str) -> int:
        """The id of the tenant's only living mailbox."""
        ((mailbox_id,),) = await self.rows(_LIVING, tenant)
        return int(mailbox_id)

    async def addresses(self, tenant: str) -> list[str]:
        """Addresses of the tenant's living mailboxes."""
        return [mailbox.address for mailbox in await self._service.store.living(tenant)]

    async def renew(self, tenant: str) -> None:
        """Read addresses as once a day, with the watch."""
        service = self._service
        service.sandbox.call(lambda state: state.watches.granted_topics.add(_TOPIC))

        class Due:
            async def watches_due(
                self,
                below: timedelta,  # noqa: ARG002 - all are
                *,
                after: int,
                limit: int,
            ) -> list[Connected]:
                found = await service.store.mailboxes(tenant, None)
                left = sorted(
                    (mailbox for mailbox in found if mailbox.id > after),
                    key=lambda mailbox: mailbox.id,
                )
                return left[:limit]

        await renew_watches(Due(), service.store, service.gmail.open_client, _TOPIC)

    async def emails(self, mailbox_id: int) -> list[Any]:
        """What is stored of a mailbox."""
        return sorted(await self.rows(_EMAILS, mailbox_id))

    def expire_token(self, address: str) -> None:
        """End the mailbox's access tokens before their time."""
        self._service.sandbox.call(lambda state: state.grants.expire_access_tokens(address))

    def rescope(self, address: str, *scopes: str) -> None:
        """Leave the mailbox's grant, and its tokens, these scopes only."""
        self._service.rescope(*scopes, address=address)

    async def verify(self, tenant: str) -> None:
        """Compare all stored mail with Google, and repair it, as is done each night."""
        service = self._service
        use_case = Verify(
            service.store, service.gmail.open_client, self.policy, limiter=Unlimited()
        )
        plans = await use_case.plan(tenant)
        (found,) = await use_case.run(tenant, plans, holder="verify", repair=True)
        assert found.error is None, found

    def fault(self, **rule: Any) -> None:
        """Break calls as the rule says."""
        wanted = FaultRule.model_validate(rule)
        self._service.sandbox.call(lambda state: state.faults.add(wanted))

    def clear_faults(self) -> None:
        """Break no call any more."""
        self._service.clear_faults()

    async def enqueue(self, tenant: str, kind: SyncKind, *, force: bool = False) -> None:
        """Ask for a sync."""
        await self._service.queue.enqueue(tenant, kind, force=force)

    async def sync(self, tenant: str, *, policy: SyncPolicy | None = None) -> TenantReport:
        """Work off what waits for the tenant, as a worker of its own; if nothing does, sync."""
        service = self._service
        sync = TenantSync(
            service.queue, service.store, service.gmail.open_client, policy or self.policy
        )
        return await sync.run_tenant(tenant, f"worker {next(self._workers)}")

    async def pushed(self, tenant: str, policy: SyncPolicy) -> None:
        """Ask for an incremental sync; do it as soon as nobody else is at it, as a drain does."""
        await self.enqueue(tenant, "incremental")
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            if (await self.sync(tenant, policy=policy)).jobs:
                return
            await asyncio.sleep(0.005)

    async def settle(self, tenant: str) -> None:
        """Sync until nothing waits, is pending or is held, as schedules and sensors would."""
        policy = replace(self.policy, linger=1.0)
        deadline = time.monotonic() + QUIET_SECONDS
        while True:
            await self._service.queue.sweep(timedelta(hours=1))
            await self.enqueue(tenant, "incremental")
            report = await self.sync(tenant, policy=policy)
            left = await self.rows(_LEFT, tenant=tenant)
            if report.jobs and not report.errors and not left:
                return
            assert time.monotonic() < deadline, (left, report)
            await asyncio.sleep(0.02)
