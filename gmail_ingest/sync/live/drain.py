"""A drain: one worker that claims tenants from the queue as they come, many side by side.

Holds: ``Drain``. Add here: when a drain takes work, and when it ends.
Keep out: the sync itself (``tenant_sync.py``), Dagster, LISTEN.
Source: docs/architecture.md#drain-runs.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from gmail_ingest.errors import place_of, trace_of
from gmail_ingest.sync.live.sync_queue import Claim, SyncQueue
from gmail_ingest.sync.live.tenant_sync import TenantReport, TenantSync
from gmail_ingest.sync.mailbox.heartbeat import heartbeat

log = structlog.get_logger(__name__)

#: A drain at work claims polls and listings when this part of its places (1 / CLAIM_SHARE) is free
#: for them, since a claim costs milliseconds however little it takes. As many places are kept for
#: live mail, which is claimed as soon as its notification is heard.
CLAIM_SHARE = 8


class Wakeups(Protocol):
    """Hears when something new waits in the queue."""

    async def wait(self, seconds: float) -> None:
        """Return when something new waits, or after so many seconds."""
        ...


class DrainBook(Protocol):
    """Records which drains live, so that a dead one is soon replaced."""

    async def seen(self, run_id: str) -> None:
        """This drain is alive now."""
        ...

    async def ended(self, run_id: str) -> None:
        """This drain takes no more work."""
        ...


@dataclass(frozen=True, slots=True)
class DrainPolicy:
    """Sizes and times (seconds) of a drain."""

    claims_at_once: int = 200
    #: Without work for so long, a drain ends.
    linger: float = 300.0
    #: A drain of this age takes no more work, so that code, logs and leases stay fresh.
    max_age: float = 1800.0
    #: The longest time until a row whose pause has passed is seen: that has no notification.
    look_every: float = 1.0
    claim: timedelta = timedelta(seconds=60)
    seen_every: timedelta = timedelta(seconds=15)


class Drain:
    """Works the queue off until it is idle, old, or told to stop."""

    def __init__(
        self,
        queue: SyncQueue,
        tenant_sync: TenantSync,
        listen: Callable[[], AbstractAsyncContextManager[Wakeups]],
        book: DrainBook,
        policy: DrainPolicy,
    ) -> None:
        self._queue = queue
        self._tenant_sync = tenant_sync
        self._listen = listen
        self._book = book
        self._policy = policy
        self._running: dict[asyncio.Task[None], Claim] = {}
        #: When (``time.monotonic``) second looks are due that this drain asked for.
        self._second_looks: list[float] = []
        #: Whether something may wait that was not there at the last claim.
        self._notified = True
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Give back what is under way and end."""
        self._stopping.set()

    async def run(self, run_id: str, done: Callable[[str, TenantReport], None]) -> int:
        """Drain; ``done`` is told of each tenant worked off. Returns how many there were.

        However it ends, no claim stays behind: those under way are worked off or given back.
        """
        policy, worked = self._policy, 0
        born = busy_at = time.monotonic()
        beat = heartbeat(lambda: self._book.seen(run_id), policy.seen_every)
        await self._book.seen(run_id)
        try:
            async with self._listen() as wakeups, beat:
                while not self._stopping.is_set() and time.monotonic() - born < policy.max_age:
                    claims = await self._claim(run_id)
                    worked += len(claims)
                    for claim in claims:
                        self._start(claim, done)
                    if claims or self._running:
                        busy_at = time.monotonic()
                    elif not self._second_looks and time.monotonic() - busy_at >= policy.linger:
                        break
                    if not claims:
                        await self._rest(wakeups)
            await self._book.ended(run_id)
            await self._finish()
        finally:
            await self._book.ended(run_id)
            await self._give_back()
        return worked

    async def _claim(self, run_id: str) -> list[Claim]:
        places = self._policy.claims_at_once
        share, free = places // CLAIM_SHARE, places - len(self._running)
        background = places - share - sum(not claim.is_live for claim in self._running.values())
        if background < share and self._running:
            background = 0
        # Live mail holds nearly all places, and frees them in a moment.
        if free <= 0 or free < share // 2 or not (background or self._notified):
            return []
        self._notified = False
        return await self._queue.claim(
            f"run:{run_id}",
            limit=free,
            background=min(free, background),
            ttl=self._policy.claim,
            dagster_run_id=run_id,
        )

    def _start(self, claim: Claim, done: Callable[[str, TenantReport], None]) -> None:
        async def work() -> None:
            report = TenantReport()
            try:
                await self._tenant_sync.work_off(claim, report)
            except Exception as error:  # noqa: BLE001 - one tenant's failure is not the drain's
                crash = {"error": place_of(error), "trace": trace_of(error)}
                log.warning("sync_crashed", tenant=claim.tenant_id, **crash)
                report.put_back[claim.kind] = place_of(error)
            if report.second_look_at is not None:
                heapq.heappush(self._second_looks, report.second_look_at)
            done(claim.tenant_id, report)

        def end(task: asyncio.Task[None]) -> None:
            self._running.pop(task)
            # What came for this tenant meanwhile can be claimed now; its notification has passed.
            self._notified = self._notified or claim.is_live

        task = asyncio.create_task(work())
        self._running[task] = claim
        task.add_done_callback(end)

    async def _rest(self, wakeups: Wakeups) -> None:
        """Wait until something new waits, a tenant is done (its next row is free then), a second
        look is due, or some time has passed.
        """
        seconds = self._policy.look_every
        if self._second_looks:
            seconds = min(seconds, max(0.0, self._second_looks[0] - time.monotonic()))
        waits = [
            asyncio.create_task(wakeups.wait(seconds)),
            asyncio.create_task(self._stopping.wait()),
        ]
        try:
            await asyncio.wait({*waits, *self._running}, return_when=asyncio.FIRST_COMPLETED)
            self._notified = self._notified or waits[0].done()
            while self._second_looks and self._second_looks[0] <= time.monotonic():
                heapq.heappop(self._second_looks)
                self._notified = True
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _finish(self) -> None:
        stop = asyncio.create_task(self._stopping.wait())
        while self._running and not self._stopping.is_set():
            await asyncio.wait({stop, *self._running}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()

    async def _give_back(self) -> None:
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
