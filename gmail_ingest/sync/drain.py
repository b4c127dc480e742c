"""A drain: one worker that claims tenants from the queue as they come, many side by side.

Holds: ``Drain``. Add here: when a drain takes work, and when it ends.
Keep out: the sync itself (``tenant_sync.py``), Dagster, LISTEN.
Source: design.md "Drain runs".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from gmail_ingest.errors import place_of, trace_of
from gmail_ingest.sync.heartbeat import heartbeat
from gmail_ingest.sync.ports import SyncQueue
from gmail_ingest.sync.records import Claim
from gmail_ingest.sync.tenant_sync import TenantReport, TenantSync

log = structlog.get_logger(__name__)

#: A drain at work claims when this part of its places is free (1 / CLAIM_SHARE).
CLAIM_SHARE = 8


class Wakeups(Protocol):
    """Hears when something new waits in the queue."""

    async def wait(self, seconds: float) -> None:
        """Return when something new waits, or after so many seconds."""
        ...


class DrainBook(Protocol):
    """Where living drains are known, so that a dead one is soon replaced."""

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
    #: The longest time until a row whose pause has passed is seen: nobody notifies of that.
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
        self._running: set[asyncio.Task[None]] = set()
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
                    elif time.monotonic() - busy_at >= policy.linger:
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
        free = self._policy.claims_at_once - len(self._running)
        # A claim costs milliseconds however little it takes: a full drain takes some at once.
        if free <= self._policy.claims_at_once // CLAIM_SHARE and self._running:
            return []
        return await self._queue.claim(
            f"run:{run_id}", limit=free, ttl=self._policy.claim, dagster_run_id=run_id
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
            done(claim.tenant_id, report)

        task = asyncio.create_task(work())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _rest(self, wakeups: Wakeups) -> None:
        """Until something new waits, a tenant is done (its next row is free then), or a while."""
        waits = [
            asyncio.create_task(wakeups.wait(self._policy.look_every)),
            asyncio.create_task(self._stopping.wait()),
        ]
        try:
            await asyncio.wait({*waits, *self._running}, return_when=asyncio.FIRST_COMPLETED)
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
