"""Drains: one worker for many tenants, which stays for the next push."""

# ruff: noqa: D102 - the doubles' methods are the ports'
import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from gmail_ingest.sync.live.drain import Drain, DrainPolicy
from gmail_ingest.sync.live.tenant_sync import TenantReport, TenantSync
from gmail_ingest_tests.fakes.sync_queue import MemorySyncQueue
from gmail_ingest_tests.sync.conftest import QUICK, RecordingStore
from gmail_ingest_tests.sync.google import MemoryMailboxClient

POLICY = DrainPolicy(linger=0.05, max_age=30, look_every=0.02, claim=timedelta(seconds=60))


class Fleet:
    """Tenants in memory with one mailbox each, their queue, and a drain over them."""

    def __init__(self, tenants: int) -> None:
        self.store, self.queue = RecordingStore(), MemorySyncQueue()
        self.google: dict[int, MemoryMailboxClient] = {}
        for number in range(tenants):
            mailbox = self.store.add_mailbox(f"t{number}", "a@example.com", 100)
            self.google[mailbox.id] = MemoryMailboxClient(f"m{number}")
        self.rang, self.idle, self.worked = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.alive: list[str] = []
        self.log: list[tuple[str, str]] = []
        self.done: list[str] = []

    async def ask(self) -> None:
        """Queue a sync of every tenant."""
        for mailbox in self.store.rows.values():
            await self.queue.enqueue(mailbox.tenant_id, "incremental")

    def drain(self, policy: DrainPolicy = POLICY) -> Drain:
        """A drain over the fleet."""
        sync = TenantSync(self.queue, self.store, lambda box: self.google[box.id], QUICK)
        return Drain(self.queue, sync, self._listen, self, policy)

    async def run(self, policy: DrainPolicy = POLICY) -> int:
        """Drain to the end."""
        return await self.drain(policy).run("r1", self._done)

    def _done(self, tenant: str, _report: TenantReport) -> None:
        self.done.append(tenant)
        self.worked.set()

    @asynccontextmanager
    async def _listen(self):
        yield self

    async def wait(self, seconds: float) -> None:
        self.idle.set()
        try:
            async with asyncio.timeout(seconds):
                await self.rang.wait()
                self.rang.clear()
        except TimeoutError:
            return

    async def seen(self, run_id: str) -> None:
        self.log.append(("seen", run_id))

    async def ended(self, run_id: str) -> None:
        self.log.append(("ended", run_id))

    @property
    def stored(self) -> int:
        """How many messages are stored."""
        return len(self.store.emails)


async def test_drain_works_off_all_that_waits():
    """A drain syncs every waiting tenant, tells of each, and leaves no claim and no heartbeat."""
    fleet = Fleet(25)
    await fleet.ask()
    worked = await fleet.run(replace(POLICY, claims_at_once=4))
    assert (worked, fleet.stored, len(set(fleet.done))) == (25, 25, 25)
    assert fleet.queue.rows == []
    assert fleet.log[0] == ("seen", "r1")
    assert fleet.log[-1] == ("ended", "r1")


async def test_drain_takes_what_comes_while_it_lingers():
    """A push that meets a living drain needs no new run."""
    fleet = Fleet(1)
    task = asyncio.create_task(fleet.run(replace(POLICY, linger=5)))
    await fleet.idle.wait()
    await fleet.ask()
    fleet.rang.set()
    async with asyncio.timeout(3):
        await fleet.worked.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert fleet.stored == 1


async def test_drain_takes_no_more_work_at_its_age():
    """An old drain ends although rows wait: they are for its successor."""
    fleet = Fleet(3)
    await fleet.ask()
    worked = await fleet.run(replace(POLICY, max_age=0))
    assert worked == 0
    assert len(fleet.queue.rows) == 3


@pytest.mark.parametrize("how", ["stop", "cancel"])
async def test_drain_gives_back_what_is_under_way(how):
    """A drain that is stopped or cancelled releases its claims and leases at once."""
    fleet = Fleet(2)
    begun = asyncio.Event()

    async def hang(_call):
        begun.set()
        await asyncio.Event().wait()

    for google in fleet.google.values():
        google.on_fetch = hang
    await fleet.ask()
    drain = fleet.drain()
    task = asyncio.create_task(drain.run("r1", lambda *_: None))
    await begun.wait()
    drain.stop() if how == "stop" else task.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(task, return_exceptions=True)
    for google in fleet.google.values():
        google.on_fetch = None
    worked = await fleet.run()
    assert worked == 2
    assert fleet.stored == 2


async def test_drain_outlives_a_sync_that_crashes():
    """An error that nobody foresaw is tried again, then ends its job; other tenants go on."""
    fleet = Fleet(3)
    fleet.google[2].always["history:0"] = ValueError("a bug")
    await fleet.ask()
    await fleet.run(replace(POLICY, linger=0.3))
    # What crashed is told each time, by class and place, and the others as ever.
    assert sorted(fleet.done) == ["t0", *["t1"] * QUICK.max_attempts, "t2"]
    assert fleet.store.failures[2][1] == "unexpected"
    assert fleet.google[2].calls == ["history:0"] * QUICK.max_attempts
    assert fleet.queue.rows == []
    failed = [job.error for job in fleet.queue.jobs.values() if job.state == "failed"]
    assert [error.split(" in ")[0] for error in failed] == ["unexpected ValueError"]


async def test_drain_has_places_for_live_mail_whatever_hangs():
    """Polls that fill all the places they may take, and hang, do not keep a push waiting (edge case
    82).
    """

    async def scene():
        fleet = Fleet(20)
        hanging, ended = asyncio.Event(), asyncio.Event()
        begun = 0

        async def hang(_call):
            nonlocal begun
            begun += 1
            if begun == 14:
                hanging.set()
            await ended.wait()

        for mailbox in list(fleet.store.rows.values())[:19]:
            fleet.google[mailbox.id].on_fetch = hang
            fleet.queue.poll(mailbox.tenant_id, mailbox.id)
        policy = replace(POLICY, claims_at_once=16, look_every=30.0)
        task = asyncio.create_task(fleet.run(policy))
        async with asyncio.timeout(5):
            await hanging.wait()
            await fleet.queue.enqueue("t19", "incremental")
            fleet.rang.set()
            await fleet.worked.wait()
            live = list(fleet.done)
            ended.set()
            while len(fleet.done) < 20:
                fleet.worked.clear()
                await fleet.worked.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return live

    assert await scene() == ["t19"]


async def test_push_for_a_tenant_at_work_is_claimed_as_soon_as_that_ends():
    """Although it rang before it could be claimed, and polls have all the places that they may
    take (edge case 82).
    """

    async def scene():
        fleet = Fleet(20)
        hanging, ended, live, go_on = (asyncio.Event() for _ in range(4))
        begun = 0

        async def hang(_call):
            nonlocal begun
            begun += 1
            if begun == 14:
                hanging.set()
            await ended.wait()

        async def hold(_call):
            live.set()
            await go_on.wait()

        mailboxes = list(fleet.store.rows.values())
        for mailbox in mailboxes[:19]:
            fleet.google[mailbox.id].on_fetch = hang
            fleet.queue.poll(mailbox.tenant_id, mailbox.id)
        fleet.google[mailboxes[19].id].on_fetch = hold
        policy = replace(POLICY, claims_at_once=16, look_every=30.0)
        task = asyncio.create_task(fleet.run(policy))
        async with asyncio.timeout(5):
            await hanging.wait()
            await fleet.queue.enqueue("t19", "incremental")
            fleet.rang.set()
            await live.wait()
            await fleet.queue.enqueue("t19", "incremental")
            fleet.idle.clear()
            fleet.rang.set()
            await fleet.idle.wait()
            go_on.set()
            while len(fleet.done) < 2:
                fleet.worked.clear()
                await fleet.worked.wait()
        done = list(fleet.done)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return done

    assert await scene() == ["t19", "t19"]


async def test_drain_stays_for_the_second_look_that_it_asked_for():
    """Also if it lingers for nothing else: no run is started for it (edge case 84)."""
    fleet = Fleet(3)
    await fleet.ask()
    policy = replace(QUICK, look_again=0.1)
    sync = TenantSync(fleet.queue, fleet.store, lambda box: fleet.google[box.id], policy)
    drain = Drain(
        fleet.queue, sync, fleet._listen, fleet, replace(POLICY, linger=0, look_every=30.0)
    )
    worked = await drain.run("r1", lambda *_: None)
    assert worked == 6
    assert fleet.queue.rows == []
    assert len(fleet.queue.jobs) == 3
