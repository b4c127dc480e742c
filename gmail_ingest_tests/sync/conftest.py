"""A mailbox in memory, and (``service``) the real adapters against a sandbox and Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from gmail_ingest.core.ledger.fates import Origin
from gmail_ingest.core.ledger.history_records import fold_history
from gmail_ingest.sync.mailbox.fetch import Fetch
from gmail_ingest.sync.mailbox.limiter import Limiter, Unlimited
from gmail_ingest.sync.mailbox.policy import SyncPolicy
from gmail_ingest.sync.mailbox.records import Counts, Lease, Outcome
from gmail_ingest.sync.mailbox.session import MailboxSession
from gmail_ingest_tests.fakes.mail_store import MemoryMailStore
from gmail_ingest_tests.sync.google import MemoryMailboxClient
from gmail_ingest_tests.sync.service import Service
from gmail_sandbox.server import Sandbox
from gmail_sandbox.settings import Limits

#: Retries come at once, and no run stays for one that is not due.
QUICK = SyncPolicy(
    first_retry=0.02, longest_retry=0.05, linger=0.0, longest_sleep=1.0, young=0.0, max_attempts=3
)


class RecordingStore(MemoryMailStore):
    """The store in memory, which notes what was saved together and when checkpoints came."""

    def __init__(self) -> None:
        super().__init__()
        self.saves: list[list[str]] = []
        self.checkpoints: list[int | None] = []

    async def save(self, lease: Lease, outcomes: Sequence[Outcome]) -> Counts:
        """Save, and note the kinds of the outcomes."""
        self.saves.append([type(outcome).__name__ for outcome in outcomes])
        return await super().save(lease, outcomes)

    async def apply_history(self, lease: Lease, changes: Any, checkpoint: int | None) -> Counts:
        """Apply, and note the checkpoint."""
        self.checkpoints.append(checkpoint)
        return await super().apply_history(lease, changes, checkpoint)


class Box:
    """One mailbox, connected at checkpoint 100, and the steps of a sync of it."""

    def __init__(self) -> None:
        self.store = RecordingStore()
        self.google = MemoryMailboxClient()
        self.mailbox = self.store.add_mailbox("acme", "a@example.com", 100)
        self.counts = Counts()

    async def lease(self, origin: Origin = "push", holder: str = "worker") -> Lease:
        """Take the lease, from whomever has it."""
        minute = timedelta(minutes=1)
        return await self.store.acquire_lease(self.mailbox.id, origin, holder, minute, force=True)

    async def discover(self, *message_ids: str) -> Lease:
        """Put new mail into the ledger, as history does."""
        self.google.arrive(*message_ids)
        lease = await self.lease()
        await self.discover_pages(lease)
        return lease

    async def discover_pages(self, lease: Lease) -> None:
        """Put what the pages of history name into the ledger."""
        for page in self.google.history_pages:
            await self.store.apply_history(lease, fold_history(page), None)

    def session(
        self, policy: SyncPolicy = QUICK, limiter: Limiter | None = None
    ) -> MailboxSession[RecordingStore]:
        """A session of a worker with the mailbox as it is now."""
        mailbox = self.store.rows[self.mailbox.id]
        return MailboxSession(
            self.store, self.google, mailbox, policy, limiter or Unlimited(), "worker"
        )

    async def drain(self, lease: Lease, policy: SyncPolicy = QUICK) -> Counts:
        """Fetch what is due."""
        await Fetch(self.session(policy)).drain(lease, self.counts)
        return self.counts

    def fate(self, message_id: str) -> str:
        """The ledger's word on a message."""
        return self.store.entries[self.mailbox.id, message_id].fate

    def attempts(self, message_id: str) -> int:
        """Failed attempts for a message."""
        return self.store.attempts[self.mailbox.id, message_id].attempts

    @property
    def stored(self) -> set[str]:
        """Ids of the stored messages."""
        return {message_id for _, message_id in self.store.emails}

    @property
    def checkpoint(self) -> int:
        """The checkpoint as it is now."""
        return self.store.rows[self.mailbox.id].checkpoint


@pytest.fixture
def box() -> Box:
    """A mailbox in memory."""
    return Box()


@pytest.fixture
async def service(engine) -> AsyncIterator[Service]:
    """The real adapters on an empty database, against a sandbox without quotas."""
    limits = Limits(user_per_minute=None, project_per_minute=None)
    with Sandbox.in_thread(limits=limits) as sandbox:
        service = Service(engine, sandbox)
        yield service
        await service.aclose()
