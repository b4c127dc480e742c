from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.errors import LeaseLostError, NotFoundError
from gmail_ingest.sync.mailbox.records import Counts
from gmail_ingest_tests.postgres.worlds import ENDED, MINUTE


async def claim(world, holder="worker", *, ttl=MINUTE, limit=10, tenant=None):
    return await world.queue.claim(holder, limit=limit, ttl=ttl, tenant_id=tenant)


async def test_thousand_requests_are_one_waiting_row(world):
    """A burst of pushes becomes one claim and one job, with the union of the mailboxes
    (edge case 22).
    """
    await world.connect()
    jobs = await asyncio.gather(
        *(
            world.queue.enqueue("acme", "incremental", mailbox_ids=[number % 3], history_id=number)
            for number in range(1_000)
        )
    )
    assert len(set(jobs)) == 1
    (only,) = await claim(world)
    assert (only.job_id, only.mailbox_ids, only.attempts) == (jobs[0], (0, 1, 2), 1)
    assert await world.job_state(only.job_id) == "running"


async def test_request_for_all_mailboxes_wins_over_named_ones(world):
    """A row for every mailbox of the tenant stays one when a single mailbox is asked for."""
    await world.connect()
    await world.queue.enqueue("acme", "incremental", mailbox_ids=[1])
    await world.queue.enqueue("acme", "incremental")
    await world.queue.enqueue("acme", "incremental", mailbox_ids=[2])
    (only,) = await claim(world)
    assert only.mailbox_ids is None


async def test_request_during_a_sync_waits_its_turn(world):
    """At most one running and one waiting: the waiting one is claimed after the first has ended
    (edge case 22).
    """
    await world.connect()
    await world.queue.enqueue("acme", "incremental")
    (first,) = await claim(world)
    second_job = await world.queue.enqueue("acme", "incremental", mailbox_ids=[1])
    assert second_job != first.job_id
    assert await world.queue.enqueue("acme", "incremental", mailbox_ids=[2]) == second_job
    assert await claim(world) == []
    await world.queue.acknowledge(first, "succeeded", Counts(stored=2), None)
    assert await world.job_state(first.job_id) == "succeeded"
    (second,) = await claim(world)
    assert (second.job_id, second.mailbox_ids) == (second_job, (1, 2))


async def test_kinds_and_tenants_do_not_wait_for_each_other(world):
    """Live and initial syncs of a tenant, and other tenants, are claimed side by side, live ones
    first, and those of one tenant when asked so (edge case 82).
    """
    await world.connect()
    await world.connect(tenant="other")
    await world.queue.enqueue("acme", "initial")
    await world.queue.enqueue("other", "incremental")
    await world.queue.enqueue("acme", "incremental")
    (mine,) = await claim(world, tenant="other")
    assert mine.tenant_id == "other"
    (first,) = await claim(world, limit=1)
    assert (first.tenant_id, first.kind, first.is_live) == ("acme", "incremental", True)
    (last,) = await claim(world)
    assert (last.tenant_id, last.kind, last.is_live) == ("acme", "initial", False)


async def test_claim_of_a_dead_worker_comes_back(world):
    """An expired claim is claimed again, before what waits behind it, and its old holder can
    neither extend nor end it (edge case 68).
    """
    await world.connect()
    job = await world.queue.enqueue("acme", "incremental")
    (dead,) = await claim(world, ttl=ENDED)
    newer = await world.queue.enqueue("acme", "incremental")
    (taken,) = await claim(world)
    assert (taken.job_id, taken.attempts) == (job, 2)
    await world.queue.extend([dead], ENDED)
    await world.queue.release(dead, datetime.now(UTC), Counts(), None)
    await world.queue.acknowledge(dead, "failed", Counts(), "late")
    assert await claim(world) == []
    await world.queue.acknowledge(taken, "succeeded", Counts(), None)
    assert await world.job_state(job) == "succeeded"
    assert [claimed.job_id for claimed in await claim(world)] == [newer]


async def test_heartbeat_keeps_a_claim(world):
    """An extended claim is not claimed by anybody else."""
    await world.connect()
    await world.queue.enqueue("acme", "incremental")
    claims = await claim(world, ttl=ENDED)
    await world.queue.extend(claims, MINUTE)
    assert await claim(world, "other") == []


async def test_forced_request_runs_beside_a_held_one(world):
    """Force is claimed at once, and both jobs end (edge case 74)."""
    await world.connect()
    await world.queue.enqueue("acme", "incremental")
    (running,) = await claim(world)
    job = await world.queue.enqueue("acme", "incremental", force=True)
    (forced,) = await claim(world, "other")
    assert (forced.job_id, forced.force, running.force) == (job, True, False)
    await world.queue.acknowledge(forced, "succeeded", Counts(), None)
    await world.queue.acknowledge(running, "cancelled", Counts(), "taken over")
    assert await world.job_state(job) == "succeeded"
    assert await world.job_state(running.job_id) == "cancelled"


async def test_released_claim_waits_until_its_time(world):
    """A pause that Google asked for is kept by pushes that come in, but not by force
    (edge case 31).
    """
    await world.connect()
    job = await world.queue.enqueue("acme", "incremental")
    (first,) = await claim(world)
    later = datetime.now(UTC) + timedelta(hours=1)
    await world.queue.release(first, later, Counts(units=5), "throttled")
    assert await world.job_state(job) == "queued"
    assert await world.queue.enqueue("acme", "incremental") == job
    assert await claim(world) == []
    assert await world.queue.enqueue("acme", "incremental", force=True) == job
    (again,) = await claim(world)
    assert (again.job_id, again.attempts) == (job, 2)


async def test_released_claim_is_due_again_at_once_if_its_time_has_come(world):
    """A claim given back for now is claimed again with one attempt more."""
    await world.connect()
    await world.queue.enqueue("acme", "incremental", mailbox_ids=[7])
    (first,) = await claim(world)
    await world.queue.release(first, datetime.now(UTC) - MINUTE, Counts(), None)
    (again,) = await claim(world)
    assert (again.attempts, again.mailbox_ids, again.job_id) == (2, (7,), first.job_id)


async def test_released_claim_merges_with_a_newer_request(world):
    """What was given back and what came in meanwhile are one row; the older job ends as the
    newer one does (edge case 74).
    """
    await world.connect()
    old = await world.queue.enqueue("acme", "incremental", mailbox_ids=[1])
    (first,) = await claim(world)
    new = await world.queue.enqueue("acme", "incremental", mailbox_ids=[2])
    await world.queue.release(first, datetime.now(UTC) - MINUTE, Counts(), "busy")
    (both,) = await claim(world)
    assert (both.job_id, both.mailbox_ids, both.attempts) == (new, (1, 2), 2)
    await world.queue.acknowledge(both, "succeeded", Counts(), None)
    assert await world.job_state(old) == "succeeded"


async def test_merging_keeps_the_pause(world):
    """A row that came to wait during a throttled sync waits as long as that sync must."""
    await world.connect()
    await world.queue.enqueue("acme", "incremental")
    (first,) = await claim(world)
    await world.queue.enqueue("acme", "incremental")
    await world.queue.release(first, datetime.now(UTC) + MINUTE, Counts(), "throttled")
    assert await claim(world) == []


async def test_enqueue_of_an_unknown_tenant_is_refused(database):
    """A tenant that is not known has no queue row (edge case 18)."""
    with pytest.raises(NotFoundError):
        await database.queue.enqueue("nobody", "incremental")
    assert await database.rows("SELECT FROM sync_jobs") == []


async def test_claims_of_concurrent_workers_are_disjoint(database):
    """Eight workers that claim at once get each row once."""
    for number in range(40):
        await database.add_tenant(f"t{number}")
        await database.queue.enqueue(f"t{number}", "incremental")
    claimed = await asyncio.gather(
        *(claim(database, f"w{number}", limit=10) for number in range(8))
    )
    tenants = [taken.tenant_id for claims in claimed for taken in claims]
    assert len(tenants) == len(set(tenants))
    left = await claim(database, limit=40)
    assert len(tenants) + len(left) == 40


async def test_listeners_hear_of_new_rows_only(database):
    """A new row and a forced one are announced, a push that joins a waiting row is not."""
    await database.add_tenant("acme")
    async with database.engine.connect() as pooled:
        raw = (await pooled.get_raw_connection()).driver_connection
        await raw.set_autocommit(True)
        await raw.execute("LISTEN sync_queue")
        await database.queue.enqueue("acme", "incremental")
        await database.queue.enqueue("acme", "incremental")
        await database.queue.enqueue("acme", "incremental", force=True)
        # A notification of our own ends the count: all before it have arrived.
        await database.change("SELECT pg_notify('sync_queue', 'end')")
        heard = []
        async for notification in raw.notifies():
            heard.append(notification.payload)
            if notification.payload == "end":
                break
        await raw.execute("UNLISTEN *")
        await raw.set_autocommit(False)
    assert heard == ["", "", "end"]


async def test_deaths_of_workers_are_counted_until_one_lives(world):
    """Each claim that expired is a crash; a worker that gives the row back ends the count
    (edge cases 34 and 68).
    """
    await world.connect()
    await world.queue.enqueue("acme", "incremental")
    (first,) = await claim(world, ttl=ENDED)
    (second,) = await claim(world, ttl=ENDED)
    (third,) = await claim(world)
    assert [claimed.crashes for claimed in (first, second, third)] == [0, 1, 2]
    await world.queue.release(third, datetime.now(UTC) - MINUTE, Counts(), None)
    (fourth,) = await claim(world)
    assert (fourth.crashes, fourth.attempts) == (0, 4)


async def test_a_dead_run_is_freed_at_once(database):
    """Its claims wait again, its leases end, and its worker can write nothing more; other runs'
    are left alone (edge case 70).
    """
    mine = await database.connect()
    await database.connect("b@example.com", tenant="other")
    for tenant in ("acme", "other"):
        await database.queue.enqueue(tenant, "incremental")
    (dead,) = await claim(database, "run:dead", tenant="acme")
    (living,) = await claim(database, "run:living", tenant="other")
    held = await database.store.acquire_lease(mine, "push", "run:dead", MINUTE, force=False)
    tenants = ["acme", "other"]
    assert await database.queue.dispatch(5, tenants=tenants) == []
    assert await database.queue.free_run("run:dead") == 1
    assert [
        dispatched.tenant_id for dispatched in await database.queue.dispatch(5, tenants=tenants)
    ] == ["acme"]
    with pytest.raises(LeaseLostError):
        await database.store.finish_sync(held)
    await database.store.acquire_lease(mine, "push", "run:next", MINUTE, force=False)
    await database.queue.acknowledge(dead, "succeeded", Counts(), None)
    assert await database.job_state(dead.job_id) == "running"
    (again,) = await claim(database, "run:next", tenant="acme")
    assert (again.job_id, again.crashes) == (dead.job_id, 1)
    assert await database.queue.free_run("run:dead") == 0
    await database.queue.acknowledge(living, "succeeded", Counts(), None)
    assert await database.job_state(living.job_id) == "succeeded"
