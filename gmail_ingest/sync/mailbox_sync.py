"""One sync of one mailbox: lease, discover, fetch. Start reading here.

Holds: ``sync_mailbox``. Add here: the order of the steps.
Keep out: each step's own work (``discover.py``, ``fetch.py``), the queue (``tenant_sync.py``).

The promise: ids become durable together with the checkpoint, and each then has its own fate. So
whatever fails after discovery leaves pending rows and no hole. Source: design.md, promises 1 to 3.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from gmail_ingest.core.windows import last_days
from gmail_ingest.errors import LeaseHeldError
from gmail_ingest.sync.discover import follow_history, list_window
from gmail_ingest.sync.fetch import Fetch
from gmail_ingest.sync.heartbeat import heartbeat
from gmail_ingest.sync.patience import Patience
from gmail_ingest.sync.policy import SyncPolicy
from gmail_ingest.sync.ports import (
    Counts,
    Lease,
    Mailbox,
    MailSource,
    MailStore,
    Source,
    SyncKind,
)


async def sync_mailbox(
    store: MailStore,
    source: MailSource,
    mailbox: Mailbox,
    kind: SyncKind,
    *,
    policy: SyncPolicy,
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
    sync = _Sync(store, source, mailbox, policy, holder, counts)
    before = source.units_spent
    try:
        if kind == "initial":
            await sync.initial(force=force)
        else:
            await sync.incremental(force=force)
    finally:
        counts.units += source.units_spent - before


class _Sync:
    def __init__(
        self,
        store: MailStore,
        source: MailSource,
        mailbox: Mailbox,
        policy: SyncPolicy,
        holder: str,
        counts: Counts,
    ) -> None:
        self._store = store
        self._source = source
        self._mailbox = mailbox
        self._policy = policy
        self._holder = holder
        self._patience = Patience(policy)
        self._counts = counts

    async def initial(self, *, force: bool) -> None:
        await self._with_lease("listing", self._list_and_fetch, force=force)

    async def incremental(self, *, force: bool) -> None:
        expired = False

        async def follow(lease: Lease) -> None:
            nonlocal expired
            counts, expired = await follow_history(
                self._store, self._source, self._patience, lease, self._mailbox, self._policy
            )
            self._counts.add(counts)
            await self._fetch(lease)

        await self._with_lease("live", follow, force=force)
        # Listed ids that are due for another attempt, or a resync: unless a listing run has them.
        more = self._list_and_fetch if expired else self._fetch
        try:
            await self._with_lease("listing", more, force=False)
        except LeaseHeldError:
            return

    async def _list_and_fetch(self, lease: Lease) -> None:
        window = last_days(self._policy.initial_days, datetime.now(UTC))
        self._counts.add(
            await list_window(self._store, self._source, self._patience, lease, window)
        )
        await self._fetch(lease)

    async def _fetch(self, lease: Lease) -> None:
        fetch = Fetch(self._store, self._source, self._patience, self._policy)
        await fetch.drain(lease, self._counts)

    async def _with_lease(
        self, source: Source, work: Callable[[Lease], Awaitable[None]], *, force: bool
    ) -> None:
        store, ttl = self._store, self._policy.lease
        lease = await store.acquire_lease(self._mailbox.id, source, self._holder, ttl, force=force)
        try:
            async with heartbeat(lambda: store.renew_lease(lease, ttl), ttl):
                await work(lease)
                await store.finish_sync(lease)
        finally:
            await store.release_lease(lease)
