"""One sync of one mailbox: lease, discover, fetch. Start reading here.

Holds: ``sync_mailbox``. Add here: the order of the steps.
Keep out: each step's own work (``discover.py``, ``fetch.py``), the queue (``tenant_sync.py``).

The promise: ids become durable together with the checkpoint, and each has its own fate from then
on. So a failure after discovery leaves pending rows, and loses nothing. Source:
docs/promises.md#promise-1,
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
from gmail_ingest.sync.mailbox.discover import (
    follow_history,
    list_window,
    recognise_before_listing,
)
from gmail_ingest.sync.mailbox.fetch import Fetch
from gmail_ingest.sync.mailbox.records import Counts, Lease, SyncKind
from gmail_ingest.sync.mailbox.session import MailboxSession


async def sync_mailbox(
    session: MailboxSession[ComparableStore],
    kind: SyncKind,
    counts: Counts,
    *,
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
    sync = _Sync(session, counts)
    before = session.client.units_spent
    try:
        if kind == "initial":
            await sync.initial(force=force)
        else:
            await sync.incremental(force=force)
    finally:
        counts.units += session.client.units_spent - before


Session = MailboxSession[ComparableStore]
Work = Callable[[Session, Lease], Awaitable[None]]


class _Sync:
    def __init__(self, session: Session, counts: Counts) -> None:
        self._session = session
        self._counts = counts

    async def initial(self, *, force: bool) -> None:
        async def list_and_fetch(paced: Session, lease: Lease) -> None:
            await recognise_before_listing(paced, lease)
            await self._list_and_fetch(paced, lease)

        await self._with_lease("listing", list_and_fetch, force=force)

    async def incremental(self, *, force: bool) -> None:
        expired = False

        async def follow(paced: Session, lease: Lease) -> None:
            nonlocal expired
            followed = await follow_history(paced, lease)
            expired = followed.expired
            self._counts.add(followed.counts)
            await self._fetch(paced, lease)

        await self._with_lease("push", follow, force=force)
        # Listed ids that are due for another attempt, or a resync, unless a listing run has them.
        mailbox = self._session.mailbox
        due = await self._session.store.next_due(mailbox.id, "listing")
        resync = expired or mailbox.reconcile_wanted
        if resync or (due is not None and due <= datetime.now(UTC)):
            more = self._list_and_fetch if resync else self._fetch
            with contextlib.suppress(LeaseHeldError):
                await self._with_lease("listing", more, force=False)

    async def _list_and_fetch(self, paced: Session, lease: Lease) -> None:
        store, mailbox = paced.store, paced.mailbox
        window = last_days(paced.policy.initial_days, datetime.now(UTC))
        is_open = True
        # A sync that was stopped for good may have left several windows, and no job for them.
        while is_open:
            self._counts.add(await list_window(paced, lease, window))
            await self._fetch(paced, lease)
            is_open = await store.has_unfinished_listing(mailbox.id)
        # Any listing does it, since an incremental sync may find expired history meanwhile.
        now = await store.mailboxes(mailbox.tenant_id, [mailbox.id])
        if any(mailbox.reconcile_wanted for mailbox in now):
            self._counts.add(await reconcile(paced, lease))

    async def _fetch(self, paced: Session, lease: Lease) -> None:
        await Fetch(paced).drain(lease, self._counts)

    async def _with_lease(self, origin: Origin, work: Work, *, force: bool) -> None:
        session = self._session
        async with session.lease(origin, force=force) as lease, session.paced(origin) as paced:
            await work(paced, lease)
            await paced.store.finish_sync(lease)
