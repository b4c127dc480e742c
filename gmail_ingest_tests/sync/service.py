"""The service without Dagster: real Postgres, the real Gmail adapter, a sandbox over HTTP.

Holds: ``Service``, how a test acts on it, and how it compares both sides. Add here: another word
for what tests do. Keep out: Dagster, the sidecar.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.crypto.key_ring import parse_key_ring
from gmail_ingest.adapters.crypto.sealing import AesGcmSealer
from gmail_ingest.adapters.gmail.gmail import Gmail
from gmail_ingest.adapters.gmail.requests import PAGE_SIZE
from gmail_ingest.adapters.postgres.accounts.credentials import PostgresCredentials
from gmail_ingest.adapters.postgres.accounts.registry import PostgresRegistry
from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.adapters.postgres.queue.sync_queue import PostgresSyncQueue
from gmail_ingest.settings import Settings
from gmail_ingest.sync.accounts.connect import Connect, ConnectRequest
from gmail_ingest.sync.accounts.credentials import SCOPE, OAuthKeys
from gmail_ingest.sync.accounts.disconnect import Disconnect
from gmail_ingest.sync.live.tenant_sync import TenantReport, TenantSync
from gmail_ingest.sync.mailbox.policy import SyncPolicy
from gmail_ingest.sync.mailbox.records import SyncKind
from gmail_ingest_lab.demo.audit import Audit, GoogleMessage, Row, audit
from gmail_sandbox.account.mailbox import Mailbox as GoogleMailbox
from gmail_sandbox.faults import FaultRule
from gmail_sandbox.seeded.messages import seeded_messages
from gmail_sandbox.server import SandboxThread
from gmail_sandbox.settings import SandboxSettings

T = TypeVar("T")

OWNER = "owner@example.com"
TENANT = "acme"
CLIENT = SandboxSettings()
KEY = base64.b64encode(bytes(range(32)))
#: Everything that waits in production waits for milliseconds here.
QUICK = SyncPolicy(
    first_retry=0.05, longest_retry=0.2, linger=1.0, longest_sleep=1.0, young=0.2, max_attempts=4
)
#: A failed message does not become due while a test looks at it.
LATER = replace(QUICK, first_retry=600, longest_retry=600, linger=0.0)


def mail(subject: str, sender: str = "ann@example.net") -> bytes:
    """A small mail to the owner."""
    return (
        f"From: Ann <{sender}>\r\nTo: {OWNER}\r\nSubject: {subject}\r\n\r\nAbout {subject}.\r\n"
    ).encode()


def sandbox_settings(url: str, **values: Any) -> dict[str, Any]:
    """Settings, by name, that point at a sandbox."""
    known: dict[str, Any] = {
        "google_client_id": CLIENT.client_id,
        "google_client_secret": CLIENT.client_secret,
        "encryption_key": KEY.decode(),
        "gmail_api_endpoint": url,
        "google_token_uri": f"{url}/token",
        "google_revoke_uri": f"{url}/revoke",
        "request_timeout_seconds": 5.0,
    }
    return known | values


class Service:
    """One deployment; its tenant ``acme`` has mailboxes of the sandbox."""

    def __init__(
        self,
        engine: AsyncEngine,
        sandbox: SandboxThread,
        *,
        page_size: int = PAGE_SIZE,
        **values: Any,
    ) -> None:
        self.engine, self.sandbox = engine, sandbox
        self.settings = Settings(_env_file=None, **sandbox_settings(sandbox.url, **values))
        sealer = AesGcmSealer(parse_key_ring(KEY))
        self.store = PostgresMailStore(engine)
        self.queue = PostgresSyncQueue(engine)
        self.registry = PostgresRegistry(engine, sealer)
        credentials = PostgresCredentials(engine, sealer)
        self.gmail = Gmail(self.settings, credentials, page_size=page_size)

    def with_settings(self, **values: Any) -> Service:
        """Another process of the same deployment, with other settings."""
        return Service(self.engine, self.sandbox, **values)

    async def aclose(self) -> None:
        """Close the connections to Google."""
        await self.gmail.aclose()

    def box(self, work: Callable[[GoogleMailbox], T], address: str = OWNER) -> T:
        """Do something with a mailbox at Google."""
        return self.sandbox.call(lambda state: work(state.accounts[address].mailbox))

    def account(self, address: str = OWNER, messages: int = 0) -> None:
        """Make a mailbox at Google with seeded mail of the last days."""
        self.sandbox.call(lambda state: state.accounts.create(address))
        now = datetime.now(UTC).timestamp()
        seeded = seeded_messages(
            messages, address=address, seed=7, newest=now, span_seconds=5 * 86_400
        )
        self.box(lambda box: box.load(seeded), address)

    def deliver(self, *subjects: str, address: str = OWNER, **options: Any) -> list[str]:
        """Let mail arrive; the ids."""
        return self.box(
            lambda box: [box.deliver(mail(subject), **options).id for subject in subjects], address
        )

    def fault(self, method: str, **rule: Any) -> None:
        """Break calls as the rule says."""
        known = {"method": f"gmail.users.{method}", **rule}
        self.sandbox.call(lambda state: state.faults.add(FaultRule.model_validate(known)))

    def clear_faults(self) -> None:
        """Break no call any more."""
        self.sandbox.call(lambda state: state.faults.remove())

    def calls(self, method: str) -> int:
        """Calls of a method so far."""
        return self.sandbox.call(lambda state: state.counters.calls[f"gmail.users.{method}"])

    async def connect(
        self, *addresses: str, tenant: str = TENANT, scopes: Collection[str] = (SCOPE,)
    ) -> None:
        """Connect mailboxes; their initial sync waits in the queue afterwards."""
        connect = Connect(self.registry, self.store, self.gmail, "")
        for address in addresses or (OWNER,):
            await connect.connect(ConnectRequest(tenant, self._consent(address, scopes)))

    def rescope(self, *scopes: str, address: str = OWNER) -> None:
        """Let the grants of a mailbox, and their tokens, have these scopes and no others."""
        self.sandbox.call(lambda state: state.grants.rescope(address, scopes))

    async def connected(self, messages: int = 0) -> None:
        """A mailbox that is connected and initially synced."""
        self.account(messages=messages)
        await self.connect()
        await self.sync()

    def _consent(self, address: str, scopes: Collection[str] = (SCOPE,)) -> OAuthKeys:
        def consent(state: Any) -> tuple[str, str]:
            grant = state.grants.consent(address, CLIENT.client_id, scopes)
            return state.grants.new_access_token(grant), state.grants.new_refresh_token(grant)

        access, refresh = self.sandbox.call(consent)
        return OAuthKeys(access, refresh, datetime.now(UTC) + timedelta(hours=1), tuple(scopes))

    async def disconnect(self, tenant: str = TENANT) -> None:
        """Disconnect a tenant."""
        await Disconnect(self.registry, self.gmail).disconnect(tenant)

    async def sync(
        self,
        ask: SyncKind = "incremental",
        policy: SyncPolicy = QUICK,
        holder: str = "worker",
        tenant: str = TENANT,
    ) -> TenantReport:
        """Work off what waits for the tenant, or sync it."""
        sync = TenantSync(self.queue, self.store, self.gmail.open_client, policy)
        return await sync.run_tenant(tenant, holder, ask=ask)

    async def rows(self, query: str, *parameters: Any) -> list[Any]:
        """The rows of a query; single columns without their tuple."""
        async with statement(self.engine) as connection:
            found = await (await connection.execute(query, parameters)).fetchall()
        return [row[0] if len(row) == 1 else row for row in found]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what another task brings about at Google."""
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - the sandbox's thread sets no event here
                await asyncio.sleep(0.01)

    async def fates(self) -> dict[str, int]:
        """Ledger entries by fate."""
        query = "SELECT fate, count(*) FROM message_ledger GROUP BY fate"
        return dict(await self.rows(query))

    async def make_due(self) -> None:
        """Let the time of all retries come."""
        query = "UPDATE message_ledger SET next_attempt_at = now() WHERE fate = 'pending'"
        assert await self.rows(f"{query} RETURNING 1")

    async def stored(self) -> set[str]:
        """Ids of the stored messages."""
        return set(await self.rows("SELECT gmail_id FROM emails"))

    async def audit(self, *addresses: str) -> Audit:
        """Compare the sandbox with what is stored: ids, threads and labels."""
        wanted = addresses or (OWNER,)
        truth = [message for address in wanted for message in self._truth(address)]
        rows = await self.rows(
            "SELECT e.tenant_id, m.address, e.gmail_id, e.thread_id, e.label_ids"
            " FROM emails e JOIN mailboxes m ON m.id = e.mailbox_id"
        )
        found = [Row(*row[:4], frozenset(row[4])) for row in rows]
        return audit(truth, found, dict.fromkeys(wanted, TENANT))

    def _truth(self, address: str) -> Iterator[GoogleMessage]:
        def read(box: GoogleMailbox) -> list[GoogleMessage]:
            found = [box.message(message_id) for message_id in box.message_ids()]
            return [
                GoogleMessage(address, message.id, message.thread_id, message.label_ids)
                for message in found
            ]

        yield from self.box(read, address)

    async def agrees(self, *addresses: str) -> bool:
        """Whether both sides have the same mail, and every thread row counts its emails."""
        found = await self.audit(*addresses)
        assert found.clean, found
        threads = await self.rows("SELECT thread_id, message_count FROM threads")
        emails = await self.rows("SELECT thread_id, count(*) FROM emails GROUP BY mailbox_id, 1")
        assert sorted(threads) == sorted(emails)
        assert "pending" not in await self.fates()
        return True
