"""One sync of one mailbox: lease, discover, fetch. Start reading here.

Holds: ``sync_mailbox``. Add here: the order of the steps.
Keep out: each step's own work (``discover.py``, ``fetch.py``), the queue (``tenant_sync.py``).

The promise: ids become durable together with the checkpoint, and each then has its own fate. So
whatever fails after discovery leaves pending rows and no hole. Source: docs/promises.md#promise-1,
#promise-2, #promise-3.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from gmail_ingest.core.ledger.fates import Origin
from gmail_ingest.core.ledger.windows import last_days
from gmail_ingest.errors import LeaseHeldError
from gmail_ingest.sync.audit.completeness import ComparableStore
from gmail_ingest.sync.audit.reconcile import reconcile
from gmail_ingest.sync.mailbox.discover import follow_history, list_window
from gmail_ingest.sync.mailbox.fetch import Fetch
from gmail_ingest.sync.mailbox.heartbeat import heartbeat
from gmail_ingest.sync.mailbox.limiter import Budget, Limiter
from gmail_ingest.sync.mailbox.policy import SyncPolicy
from gmail_ingest.sync.mailbox.ports import MailboxClient
from gmail_ingest.sync.mailbox.records import Counts, Lease, Mailbox, SyncKind
from gmail_ingest.sync.mailbox.throttle import Throttle


async def sync_mailbox(
    store: ComparableStore,
    client: MailboxClient,
    mailbox: Mailbox,
    kind: SyncKind,
    *,
    policy: SyncPolicy,
    limiter: Limiter,
    holder: str,
    counts: Counts,
    force: bool = False,
) -> None:
    """Sync a mailbox to the end: ``incremental`` from its checkpoint, ``initial`` by listing.

    ``counts`` is filled as the work goes on, so that it is right also when this raises.

    Raises:
        LeaseHeldError: somebody else does it already (never when ``force``).
        ThrottledError, TransientError: not now; nothing is lost, all that is known is pending.
        MailboxStateError, OperatorActionError: somebody must act first.
        LeaseLostError, MailboxDisconnectedError: this worker may write nothing more.
    """
    sync = _Sync(store, client, mailbox, policy, limiter, holder, counts)
    before = client.units_spent
    try:
        if kind == "initial":
            await sync.initial(force=force)
        else:
            await sync.incremental(force=force)
    finally:
        counts.units += client.units_spent - before


Work = Callable[[Lease, Throttle], Awaitable[None]]


class _Sync:
    def __init__(
        self,
        store: ComparableStore,
        client: MailboxClient,
        mailbox: Mailbox,
        policy: SyncPolicy,
        limiter: Limiter,
        holder: str,
        counts: Counts,
    ) -> None:
        self._store = store
        self._client = client
        self._mailbox = mailbox
        self._policy = policy
        self._holder = holder
        self._limiter = limiter
        self._counts = counts

    async def initial(self, *, force: bool) -> None:
        await self._with_lease("listing", self._list_and_fetch, force=force)

    async def incremental(self, *, force: bool) -> None:
        expired = False

        async def follow(lease: Lease, throttle: Throttle) -> None:
            nonlocal expired
            followed = await follow_history(
                self._store, self._client, throttle, lease, self._mailbox, self._policy
            )
            expired = followed.expired
            self._counts.add(followed.counts)
            await self._fetch(lease, throttle)

        await self._with_lease("push", follow, force=force)
        # Listed ids that are due for another attempt, or a resync: unless a listing run has them.
        due = await self._store.next_due(self._mailbox.id, "listing")
        resync = expired or self._mailbox.reconcile_wanted
        if resync or (due is not None and due <= datetime.now(UTC)):
            more = self._list_and_fetch if resync else self._fetch
            with contextlib.suppress(LeaseHeldError):
                await self._with_lease("listing", more, force=False)

    async def _list_and_fetch(self, lease: Lease, throttle: Throttle) -> None:
        window = last_days(self._policy.initial_days, datetime.now(UTC))
        is_open = True
        # A sync that was stopped for good may have left several windows, and no job for them.
        while is_open:
            self._counts.add(
                await list_window(self._store, self._client, throttle, lease, window, self._policy)
            )
            await self._fetch(lease, throttle)
            is_open = await self._store.has_unfinished_listing(self._mailbox.id)
        # Also by whoever lists the mailbox while an incremental sync finds its history expired.
        now = await self._store.mailboxes(self._mailbox.tenant_id, [self._mailbox.id])
        if any(mailbox.reconcile_wanted for mailbox in now):
            self._counts.add(
                await reconcile(
                    self._store, self._client, self._mailbox, throttle, self._policy, lease
                )
            )

    async def _fetch(self, lease: Lease, throttle: Throttle) -> None:
        fetch = Fetch(self._store, self._client, throttle, self._policy)
        await fetch.drain(lease, self._counts)

    async def _with_lease(self, origin: Origin, work: Work, *, force: bool) -> None:
        store, ttl = self._store, self._policy.lease
        lease = await store.acquire_lease(self._mailbox.id, origin, self._holder, ttl, force=force)
        budget = Budget(self._limiter, self._mailbox.id, origin)
        try:
            async with heartbeat(lambda: store.renew_lease(lease, ttl), ttl):
                await work(lease, Throttle(self._policy, budget))
                await store.finish_sync(lease)
        finally:
            await budget.close()
            await store.release_lease(lease)
