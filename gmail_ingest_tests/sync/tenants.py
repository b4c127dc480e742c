"""A tenant in memory: its mailboxes at Google and in the store, and its queue.

Holds: ``Tenant``. Add here: another word for what tests do. Keep out: Postgres, HTTP.
"""

from __future__ import annotations

from gmail_ingest.sync.live.tenant_sync import TenantReport, TenantSync
from gmail_ingest_tests.fakes.sync_queue import MemorySyncQueue
from gmail_ingest_tests.sync.conftest import QUICK, RecordingStore
from gmail_ingest_tests.sync.google import MemoryMailboxClient


class Tenant:
    """A tenant ``acme`` with mailboxes in memory, and its queue."""

    def __init__(self, *addresses: str) -> None:
        self.store = RecordingStore()
        self.queue = MemorySyncQueue()
        self.google: dict[int, MemoryMailboxClient] = {}
        for address in addresses:
            mailbox = self.store.add_mailbox("acme", address, 100)
            self.google[mailbox.id] = MemoryMailboxClient(f"{mailbox.id}a", f"{mailbox.id}b")

    def sync(self, policy=QUICK, **more) -> TenantSync:
        """The use case over this tenant."""
        return TenantSync(
            self.queue, self.store, lambda mailbox: self.google[mailbox.id], policy, **more
        )

    async def run(self, policy=QUICK, **more) -> TenantReport:
        """Work off what waits."""
        return await self.sync(policy).run_tenant("acme", "worker", **more)

    def job(self):
        """The only job."""
        (job,) = self.queue.jobs.values()
        return job

    @property
    def stored(self) -> set[str]:
        """Ids of all stored messages."""
        return {message_id for _, message_id in self.store.emails}
