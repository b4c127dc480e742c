"""One mailbox in the hands of one worker: what every step takes, the pace, and the lease.

Holds: ``MailboxSession``. Add here: what every step with a mailbox needs.
Keep out: the steps themselves, and what only one of them needs.
Source: docs/promises.md#promise-3, #promise-4; edge cases 68 and 74. Writes are fenced by the
lease's token, so that a worker who lost it can do no harm; releasing it only saves the next worker
the wait until it expires.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from typing import Generic, TypeVar

from gmail_ingest.core.ledger.fates import Origin
from gmail_ingest.sync.mailbox.heartbeat import heartbeat
from gmail_ingest.sync.mailbox.limiter import Budget, Limiter
from gmail_ingest.sync.mailbox.policy import SyncPolicy
from gmail_ingest.sync.mailbox.ports import MailboxClient, MailStore
from gmail_ingest.sync.mailbox.records import Lease, Mailbox
from gmail_ingest.sync.mailbox.throttle import Throttle

S_co = TypeVar("S_co", bound=MailStore, covariant=True)


class MailboxSession(Generic[S_co]):
    """A mailbox, its store and its side at Google, with the numbers and limits of a sync.

    ``holder`` names the worker in a lease, and is not needed without one. Calls go through
    ``throttle``, which spends from no budget until the session is ``paced``.
    """

    def __init__(
        self,
        store: S_co,
        client: MailboxClient,
        mailbox: Mailbox,
        policy: SyncPolicy,
        limiter: Limiter,
        holder: str = "",
    ) -> None:
        self.store = store
        self.client = client
        self.mailbox = mailbox
        self.policy = policy
        self.limiter = limiter
        self.holder = holder
        self.throttle = Throttle(policy)

    @asynccontextmanager
    async def paced(self, origin: Origin) -> AsyncIterator[MailboxSession[S_co]]:
        """The same session with a budget of this origin; unspent units are returned at the end."""
        budget = Budget(self.limiter, self.mailbox.id, origin)
        paced = copy(self)
        paced.throttle = Throttle(self.policy, budget)
        try:
            yield paced
        finally:
            await budget.close()

    @asynccontextmanager
    async def lease(self, origin: Origin, *, force: bool = False) -> AsyncIterator[Lease]:
        """Take the lease of an origin, renew it, and release it however the block ends.

        Raises:
            LeaseHeldError: somebody else has it (never when ``force``).
        """
        store, ttl = self.store, self.policy.lease
        lease = await store.acquire_lease(self.mailbox.id, origin, self.holder, ttl, force=force)
        try:
            async with heartbeat(lambda: store.renew_lease(lease, ttl), ttl):
                yield lease
        finally:
            await store.release_lease(lease)
