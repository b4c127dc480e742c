from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from gmail_ingest.adapters.postgres.queue.jobs import PostgresJobs
from gmail_ingest.errors import NotFoundError
from gmail_ingest.sync.mailbox.records import Counts
from gmail_ingest_tests.postgres.worlds import MINUTE


async def claim(database, **more):
    return await database.queue.claim("worker", limit=10, ttl=MINUTE, **more)


async def test_job_tells_how_far_it_came(database):
    """A job goes from queued over running to its end, with counts of all its attempts."""
    await database.add_tenant("acme")
    jobs = PostgresJobs(database.engine)
    job_id = await database.queue.enqueue("acme", "incremental")
    queued = await jobs.job("acme", job_id)
    assert (queued.state, queued.started_at, dict(queued.counts)) == ("queued", None, {})
    (first,) = await claim(database, dagster_run_id="run-1")
    running = await jobs.job("acme", job_id)
    assert (running.state, running.dagster_run_id) == ("running", "run-1")
    part = Counts(stored=3, units=60, lag_seconds=1.5)
    await database.queue.release(first, datetime.now(UTC) - MINUTE, part, "throttled")
    assert (await jobs.job("acme", job_id)).error == "throttled"
    (second,) = await claim(database)
    rest = Counts(stored=2, units=40, lag_seconds=0.5)
    await database.queue.acknowledge(second, "succeeded", rest, None)
    ended = await jobs.job("acme", job_id)
    assert (ended.state, ended.error, ended.kind) == ("succeeded", None, "incremental")
    assert ended.started_at is not None
    assert ended.finished_at is not None
    assert ended.started_at <= ended.finished_at
    assert ended.counts["stored"] == 5
    assert ended.counts["units"] == 100
    assert ended.counts["lag_seconds"] == 1.5


async def test_job_that_was_merged_tells_of_the_newer_one(database):
    """Whoever asked first hears how the request ended that took theirs in, over two merges."""
    await database.add_tenant("acme")
    jobs = PostgresJobs(database.engine)
    requested = []
    for _ in range(3):
        requested.append(await database.queue.enqueue("acme", "incremental"))
        (held,) = await claim(database)
        if len(requested) < 3:
            requested_meanwhile = await database.queue.enqueue("acme", "incremental")
            await database.queue.release(held, datetime.now(UTC) - MINUTE, Counts(), None)
            assert requested_meanwhile not in requested
    await database.queue.acknowledge(held, "succeeded", Counts(stored=1), None)
    found = [await jobs.job("acme", job_id) for job_id in requested]
    assert [job.id for job in found] == requested
    assert {job.state for job in found} == {"succeeded"}


async def test_latest_jobs_are_the_newest_of_the_tenant(database):
    """Newest first, no more than asked for, and nobody else's."""
    await database.add_tenant("acme")
    await database.add_tenant("other")
    jobs = PostgresJobs(database.engine)
    requested = []
    for _ in range(3):
        requested.append(await database.queue.enqueue("acme", "incremental"))
        (held,) = await claim(database)
        await database.queue.acknowledge(held, "succeeded", Counts(), None)
    await database.queue.enqueue("other", "incremental")
    assert [job.id for job in await jobs.latest("acme", 2)] == [requested[2], requested[1]]


async def test_job_of_another_tenant_is_not_found(database):
    """A job id of somebody else is as unknown as one that was never given."""
    await database.add_tenant("acme")
    await database.add_tenant("other")
    jobs = PostgresJobs(database.engine)
    job_id = await database.queue.enqueue("acme", "incremental")
    for tenant, asked_id in (("other", job_id), ("acme", uuid4())):
        with pytest.raises(NotFoundError):
            await jobs.job(tenant, asked_id)
