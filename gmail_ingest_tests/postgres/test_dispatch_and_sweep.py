from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gmail_ingest.adapters.postgres.queue.drains import listen
from gmail_ingest.adapters.postgres.queue.pushes import PostgresPushes
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.sync.live.sync_queue import SecondLook
from gmail_ingest.sync.mailbox.records import Counts, Failed
from gmail_ingest_tests.postgres.worlds import ENDED, MINUTE, lease
from webhook_api.push.body import Notification

HOUR = timedelta(hours=1)


async def claim(database, *, ttl=MINUTE):
    return await database.queue.claim("worker", limit=10, ttl=ttl)


ALL = ("acme", "other", "third")


async def test_dispatch_names_each_tenant_once(database):
    """A tenant with two kinds waiting is one run, and is not asked for again at the next tick."""
    for tenant in ALL:
        await database.add_tenant(tenant)
    job = await database.queue.enqueue("acme", "incremental")
    await database.queue.enqueue("other", "incremental")
    await database.queue.enqueue("acme", "initial")
    await database.queue.enqueue("third", "incremental")
    first = await database.queue.dispatch(2, tenants=ALL)
    assert [dispatched.tenant_id for dispatched in first] == ["acme", "other"]
    assert (first[0].job_id, first[0].kinds) == (job, ("incremental", "initial"))
    awaited = {awaited_run.id: awaited_run for awaited_run in await database.queue.awaited()}
    assert awaited.keys() == {dispatched.id for dispatched in first}
    assert (awaited[first[0].id].rows, awaited[first[0].id].dispatches) == (2, 1)
    third = await database.queue.dispatch(2, tenants=ALL)
    assert [dispatched.tenant_id for dispatched in third] == ["third"]
    assert await database.queue.dispatch(2, tenants=ALL) == []


async def test_dispatch_asks_again_for_a_run_that_is_lost(database):
    """Rows wait for the run that was named, not for a time: when that is lost they are due at once
    (edge cases 70 and 80).
    """
    await database.add_tenant("acme")
    await database.queue.enqueue("acme", "incremental")
    (lost,) = await database.queue.dispatch(1, tenants=ALL)
    assert await database.queue.dispatch(1, tenants=ALL, lost=["another"]) == []
    (again,) = await database.queue.dispatch(1, tenants=ALL, lost=[lost.id])
    assert again.id != lost.id
    (awaited,) = await database.queue.awaited()
    assert (awaited.id, awaited.dispatches) == (again.id, 2)
    (taken,) = await claim(database)
    await database.queue.release(taken, datetime.now(UTC) - MINUTE, Counts(), None)
    assert await database.queue.awaited() == []


async def test_dispatch_names_only_tenants_that_dagster_knows(database):
    """A tenant that connects after the tick has read the tenants is for the next tick (edge case
    80).
    """
    for tenant in ALL:
        await database.add_tenant(tenant)
        await database.queue.enqueue(tenant, "incremental")
    known = await database.queue.dispatch(5, tenants=["other"])
    assert [dispatched.tenant_id for dispatched in known] == ["other"]
    assert len(await database.queue.dispatch(5, tenants=ALL)) == 2


async def test_dispatch_asks_for_what_a_dead_run_left(database):
    """An expired claim is dispatched, a living or a paused one is not (edge cases 68, 70)."""
    await database.add_tenant("acme")
    await database.queue.enqueue("acme", "incremental")
    (living,) = await claim(database)
    await database.queue.enqueue("acme", "incremental")
    assert await database.queue.dispatch(1, tenants=ALL) == []
    await database.queue.extend([living], ENDED)
    (found,) = await database.queue.dispatch(1, tenants=ALL)
    assert found.job_id == living.job_id
    (again,) = await claim(database)
    await database.queue.release(again, datetime.now(UTC) + MINUTE, Counts(), None)
    assert await database.queue.dispatch(1, tenants=ALL) == []


async def test_waiting_counts_what_could_be_claimed(database):
    """Held and paused rows are not waiting; the age is that of the oldest row that is."""
    for tenant in ("acme", "other"):
        await database.add_tenant(tenant)
    empty = await database.queue.waiting()
    assert (empty.waiting, empty.oldest_age_seconds) == (0, 0.0)
    await database.queue.enqueue("acme", "incremental")
    await database.change("UPDATE sync_queue SET not_before = now() - interval '90 seconds'")
    await database.queue.enqueue("other", "incremental")
    depth = await database.queue.waiting()
    assert depth.waiting == 2
    assert 90 <= depth.oldest_age_seconds < 120
    await claim(database)
    assert (await database.queue.waiting()).waiting == 0


async def test_sweep_polls_what_nobody_pushed(database):
    """Without a push, mail is looked for after the poll interval, once (edge case 23)."""
    mailbox = await database.connect()
    other = await database.connect("b@example.com")
    sick = await database.connect("c@example.com")
    await database.store.set_mailbox_state(sick, "needs_reauth", None)
    assert await database.queue.sweep(HOUR) == 0
    await database.change(
        "UPDATE mailboxes SET last_synced_at = now() - interval '2 hours' WHERE id <> %s", other
    )
    assert await database.queue.sweep(HOUR) == 1
    assert await database.queue.sweep(HOUR) == 0
    (only,) = await claim(database)
    assert (only.kind, only.mailbox_ids) == ("incremental", (mailbox,))
    assert await database.queue.sweep(HOUR) == 0


async def test_sweep_finds_retries_that_came_due(database):
    """Pending ids are fetched when their time comes, with no new mail (edge cases 1, 34)."""
    mailbox = await database.connect()
    held = await lease(database, mailbox)
    change = MessageChange("m1", "t1", 101, deleted=False, label_ids=())
    await database.store.apply_history(held, [change], 101)
    await database.store.save(held, [Failed("m1", "503", datetime.now(UTC) + HOUR)])
    assert await database.queue.sweep(HOUR) == 0
    await database.change("UPDATE message_ledger SET next_attempt_at = now()")
    assert await database.queue.sweep(HOUR) == 1
    assert [claimed.kind for claimed in await claim(database)] == ["incremental"]


async def test_sweep_resumes_an_unfinished_listing(database):
    """A listing that a dead worker left is asked for again (edge cases 34, 68)."""
    mailbox = await database.connect()
    held = await lease(database, mailbox, "listing")
    listing = await database.store.open_listing(held, Window())
    assert await database.queue.sweep(HOUR) == 1
    (only,) = await claim(database)
    assert (only.kind, only.mailbox_ids) == ("initial", (mailbox,))
    await database.store.apply_list_page(held, listing, [], None)
    await database.queue.acknowledge(only, "succeeded", Counts(), None)
    assert await database.queue.sweep(HOUR) == 0


async def test_push_is_claimed_before_a_thousand_polls(database):
    """A push, and a request that joins a poll, are in the next claim, and listeners hear of both
    (edge case 82).
    """
    await database.change(
        "INSERT INTO tenants (id) SELECT 't' || n FROM generate_series(1, 1000) n"
    )
    await database.change(
        "INSERT INTO integrations (tenant_id, auth_type, subject)"
        " SELECT id, 'oauth', id || '@example.com' FROM tenants"
    )
    await database.change(
        "INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint, created_at)"
        " SELECT tenant_id, id, subject, 100, now() - interval '1 day' FROM integrations"
    )
    assert await database.queue.sweep(HOUR) == 1000
    await database.connect("pushed@example.com", tenant="live")
    async with listen(database.engine) as channel:
        await PostgresPushes(database.engine).apply(
            {
                address: Notification(address, 101)
                for address in ("pushed@example.com", "t500@example.com")
            }
        )
        await channel.wait(5)
    first = await database.queue.claim("worker", limit=10, ttl=MINUTE)
    assert {claimed.tenant_id for claimed in first[:2]} == {"live", "t500"}
    assert [claimed.is_live for claimed in first] == [True] * 2 + [False] * 8
    assert all(claimed.job_id for claimed in first[:2])
    job = await database.queue.enqueue("t999", "incremental")
    (next_, *_) = await database.queue.claim("worker", limit=1, ttl=MINUTE)
    assert (next_.tenant_id, next_.job_id) == ("t999", job)


async def test_polls_that_are_due_for_long_have_their_share(database):
    """Live mail that never ends leaves an eighth of each claim to them, the oldest first (edge
    case 82).
    """
    for number in range(20):
        await database.connect(f"{number}@example.com", tenant=f"poll{number}")
    await database.change("UPDATE mailboxes SET created_at = now() - interval '2 hours'")
    assert await database.queue.sweep(HOUR) == 20
    for number in range(40):
        await database.add_tenant(f"live{number}")
        await database.queue.enqueue(f"live{number}", "incremental")
    first = await database.queue.claim("worker", limit=16, ttl=MINUTE)
    assert all(claimed.is_live for claimed in first)
    await database.change(
        "UPDATE sync_queue SET not_before = now() - interval '61 seconds'"
        " WHERE tenant_id IN ('poll7', 'poll8', 'poll9')"
    )
    second = await database.queue.claim("worker", limit=16, ttl=MINUTE)
    assert [claimed.tenant_id for claimed in second if not claimed.is_live] == ["poll7", "poll8"]
    third = await database.queue.claim("worker", limit=16, ttl=MINUTE, background=0)
    assert len(third) == 10
    assert all(claimed.is_live for claimed in third)
    assert len(await database.queue.claim("worker", limit=40, ttl=MINUTE, background=5)) == 5


async def test_poll_that_finds_nothing_leaves_no_job(database):
    """One that finds something, or fails, leaves its job with the times and the run of its work
    (edge case 83).
    """
    mailbox = await database.connect()
    jobs = "SELECT state, error, counts->'stored', dagster_run_id, started_at >= created_at,"
    jobs += " finished_at >= started_at FROM sync_jobs"

    async def poll():
        await database.change(
            "UPDATE mailboxes SET last_synced_at = now() - interval '2 hours' WHERE id = %s",
            mailbox,
        )
        assert await database.queue.sweep(HOUR) == 1
        (only,) = await database.queue.claim("worker", limit=1, ttl=MINUTE, dagster_run_id="run-1")
        assert only.job_id is None
        return only

    await database.queue.acknowledge(await poll(), "succeeded", Counts(units=2), None)
    assert await database.rows(jobs) == []
    await database.queue.acknowledge(await poll(), "succeeded", Counts(stored=1), None)
    assert await database.rows(jobs) == [("succeeded", None, 1, "run-1", True, True)]
    await database.change("DELETE FROM sync_jobs")
    await database.queue.acknowledge(await poll(), "failed", Counts(), "broken")
    assert await database.rows(jobs) == [("failed", "broken", 0, "run-1", True, True)]
    await database.change("DELETE FROM sync_jobs")
    await database.queue.release(
        await poll(), datetime.now(UTC) - MINUTE, Counts(units=2), "throttled"
    )
    assert (await database.rows("SELECT state, error FROM sync_jobs")) == [("queued", "throttled")]
    (again,) = await claim(database)
    assert again.job_id is not None
    await database.queue.acknowledge(again, "succeeded", Counts(), None)
    assert (await database.rows("SELECT state FROM sync_jobs")) == [("succeeded",)]


async def test_poll_that_is_given_back_into_a_request_is_that_request(database):
    """A poll that was stopped while a push came to wait goes into it, and back without a job if
    none did (edge case 83).
    """
    mailbox = await database.connect()
    await database.change("UPDATE mailboxes SET created_at = now() - interval '2 hours'")
    await database.queue.sweep(HOUR)
    (poll,) = await claim(database)
    now = datetime.now(UTC) - MINUTE
    await database.queue.release(poll, now, Counts(), None)
    (poll,) = await claim(database)
    assert (poll.job_id, poll.is_live, poll.mailbox_ids) == (None, False, (mailbox,))
    job = await database.queue.enqueue("acme", "incremental", mailbox_ids=[mailbox])
    await database.queue.release(poll, now, Counts(stored=1), "stopped")
    (both,) = await claim(database)
    assert (both.job_id, both.is_live) == (job, True)
    await database.queue.acknowledge(both, "succeeded", Counts(), None)
    jobs = await database.rows("SELECT state, merged_into FROM sync_jobs ORDER BY created_at")
    assert sorted(jobs, key=str) == sorted([("queued", job), ("succeeded", None)], key=str)


async def test_second_look_waits_for_the_worker_that_asked_for_it(database):
    """It has no job, is due after its pause, and until then a push makes it due at once, and again
    afterwards (edge case 84).
    """
    mailbox = await database.connect()
    await database.queue.enqueue("acme", "incremental")
    (first,) = await database.queue.claim("run:r1", limit=1, ttl=MINUTE)
    second_look = SecondLook((mailbox,), 0.0)
    await database.queue.acknowledge(first, "succeeded", Counts(stored=1), None, second_look)
    (awaited,) = await database.queue.awaited()
    assert (awaited.id, awaited.rows) == ("run:r1", 1)
    (second,) = await claim(database)
    assert (second.job_id, second.mailbox_ids, second.is_live) == (None, (mailbox,), True)
    assert not second.again
    later = SecondLook((mailbox,), 60.0)
    await database.queue.acknowledge(second, "succeeded", Counts(), None, later)
    assert await claim(database) == []
    await PostgresPushes(database.engine).apply(
        {"a@example.com": Notification("a@example.com", 101)}
    )
    (third,) = await claim(database)
    assert third.job_id is not None
    assert third.again
    await database.queue.enqueue("acme", "incremental", mailbox_ids=[])
    await database.queue.acknowledge(third, "succeeded", Counts(), None, later)
    (fourth,) = await claim(database)
    assert (fourth.again, fourth.mailbox_ids) == (True, (mailbox,))
