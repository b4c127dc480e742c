"""The backfill of one mailbox: month after month, newest first, each listed and then fetched.

Holds: ``BackfillMailbox``. Add here: what one mailbox does for its months.
Keep out: the tenant's other mailboxes and the job (``backfill_sync.py``), each step's own work.
Source: docs/promises.md#promise-1, #promise-2, #promise-3, #promise-4;
docs/architecture.md#the-way-of-a-date-range. Ids that a listing named wait under the origin
``backfill``, which only the holder of that lease fetches: so a message that a push and a backfill
both meet belongs to whoever saw it first, and is fetched once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from gmail_ingest.core.ledger.fates import ANSWERED
from gmail_ingest.errors import LeaseHeldError, LeaseLostError, ThrottledError, TransientError
from gmail_ingest.sync.backfill.backfill_jobs import BackfillJob, BackfillStore, MailboxMonthDone
from gmail_ingest.sync.mailbox.discover import list_to_end
from gmail_ingest.sync.mailbox.fetch import Fetch
from gmail_ingest.sync.mailbox.records import Counts, Lease
from gmail_ingest.sync.mailbox.session import MailboxSession

#: Seconds until a lease that another backfill holds is asked for again.
BUSY = 2.0
#: Seconds after which ids that others fetch are looked at again.
RECHECK_EVERY = 5.0
#: It gives up after losing its lease so often (to ``unlock``, or by a late heartbeat).
LOST_LEASES = 3


class BackfillMailbox:
    """Works on one mailbox for one job; ``month_done`` hears of each month that is complete.

    ``counts`` grows as the work goes on, by listing, and is emptied by whoever reads it.
    """

    def __init__(
        self,
        session: MailboxSession[BackfillStore],
        job: BackfillJob,
    ) -> None:
        self._session = session
        self._policy = session.policy
        self._job = job
        self._listing_id: int | None = None
        self._counts = Counts()
        self._units_reported = 0
        self._finished = 0
        self._taken: dict[int, Counts] = {}

    def take(self) -> dict[int, Counts]:
        """What was done since the last time, by listing."""
        self._note()
        taken, self._taken = self._taken, {}
        return taken

    def _note(self) -> None:
        units, self._counts.units = self._session.client.units_spent - self._units_reported, 0
        if self._listing_id is None:
            return
        self._units_reported += units
        self._finished += self._counts.listed + self._counts.came_to(ANSWERED)
        fresh = self._counts.take()
        fresh.units = units
        self._taken.setdefault(self._listing_id, Counts()).add(fresh)

    def _done(self) -> int:
        """How much was done so far, in ids listed and decided about."""
        self._note()
        return self._finished

    async def run(
        self, months: Sequence[date], month_done: Callable[[MailboxMonthDone], None]
    ) -> None:
        """Work until each of these months is complete, newest first.

        Raises:
            ThrottledError, TransientError: not now; nothing is lost, all that is known is pending.
            MailboxStateError, OperatorActionError: somebody must act first.
            LeaseLostError, MailboxDisconnectedError: this worker may write nothing more.
        """
        left = sorted(months, reverse=True)
        lost_leases = 0
        while left:
            try:
                async with (
                    self._session.lease("backfill") as lease,
                    self._session.paced("backfill") as paced,
                ):
                    await self._work(paced, lease, left, month_done)
            except LeaseHeldError:
                await asyncio.sleep(BUSY)
            except LeaseLostError:
                lost_leases += 1
                if lost_leases > LOST_LEASES:
                    raise

    async def _work(
        self,
        paced: MailboxSession[BackfillStore],
        lease: Lease,
        left: list[date],
        month_done: Callable[[MailboxMonthDone], None],
    ) -> None:
        idle_since = datetime.now(UTC)
        while left:
            for month in tuple(left):
                found = await self._retry_month(paced, lease, month)
                if found is not None:
                    left.remove(month)
                    month_done(found)
                    idle_since = datetime.now(UTC)
            if left:
                # What is left waits for another attempt, or is fetched by a live sync.
                if datetime.now(UTC) - idle_since > timedelta(seconds=self._policy.longest_pause):
                    raise TransientError("messages of this range still wait for another attempt")
                await asyncio.sleep(min(RECHECK_EVERY, self._policy.longest_sleep))

    async def _retry_month(
        self, paced: MailboxSession[BackfillStore], lease: Lease, month: date
    ) -> MailboxMonthDone | None:
        failures = 0
        while True:
            fetched = self._done()
            try:
                return await self._month(paced, lease, month)
            except ThrottledError as error:
                now = datetime.now(UTC)
                until = error.until or now + timedelta(seconds=self._policy.longest_sleep)
                pause = (until - now).total_seconds()
                if pause > self._policy.longest_pause:
                    raise
            except TransientError:
                failures = 0 if self._done() > fetched else failures + 1
                if failures >= self._policy.max_attempts:
                    raise
                pause = self._policy.retry_delay(failures, outage=True)
            await asyncio.sleep(max(pause, 0.0))

    async def _month(
        self, paced: MailboxSession[BackfillStore], lease: Lease, month: date
    ) -> MailboxMonthDone | None:
        store = paced.store
        opened = await store.open_listing(lease, self._job.part(month))
        self._note()
        self._listing_id = opened.id
        listing = await list_to_end(paced, lease, opened, self._counts)
        fetch = Fetch(paced, listing=listing, window=self._job.window)
        await fetch.drain(lease, self._counts)
        if await store.next_due(paced.mailbox.id, None, listing.id) is not None:
            return None
        return MailboxMonthDone(month, listing)
