from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gmail_ingest.core.history import MessageChange
from gmail_ingest.core.windows import Window
from gmail_ingest.sync.records import Counts, Failed
from gmail_ingest_tests.postgres.worlds import ENDED, MINUTE, lease

HOUR = timedelta(hours=1)


async def claim(database, *, ttl=MINUTE):
    return await database.queue.claim("worker", limit=10, ttl=ttl)


def test_dispatch_names_each_tenant_once(database, run):
    """A tenant with two kinds waiting is one run, and is not asked for again at the next tick."""

    async def scenario():
        for tenant in ("acme", "other", "third"):
            await database.add_tenant(tenant)
        job = await database.queue.enqueue("acme", "incremental")
        await database.queue.enqueue("other", "incremental")
        await database.queue.enqueue("acme", "initial")
        await database.queue.enqueue("third", "incremental")
        first = await database.queue.dispatch(2, MINUTE)
        assert [each.tenant_id for each in first] == ["acme", "other"]
        assert (first[0].job_id, first[0].kinds) == (job, ("incremental", "initial"))
        assert [each.tenant_id for each in await database.queue.dispatch(2, MINUTE)] == ["third"]
        assert await database.queue.dispatch(2, MINUTE) == []

    run(scenario())


def test_dispatch_asks_again_for_a_run_that_never_claimed(database, run):
    """A run that failed before it claimed its row is asked for again (edge case 70)."""

    async def scenario():
        await database.add_tenant("acme")
        await database.queue.enqueue("acme", "incremental")
        assert len(await database.queue.dispatch(1, ENDED)) == 1
        assert len(await database.queue.dispatch(1, MINUTE)) == 1

    run(scenario())


def test_dispatch_asks_for_what_a_dead_run_left(database, run):
    """An expired claim is dispatched, a living or a paused one is not (edge cases 68, 70)."""

    async def scenario():
        await database.add_tenant("acme")
        await database.queue.enqueue("acme", "incremental")
        (living,) = await claim(database)
        await database.queue.enqueue("acme", "incremental")
        assert await database.queue.dispatch(1, MINUTE) == []
        await database.queue.extend([living], ENDED)
        assert [each.job_id for each in await database.queue.dispatch(1, MINUTE)] == [living.job_id]
        (again,) = await claim(database)
        await database.queue.release(again, datetime.now(UTC) + MINUTE, Counts(), None)
        assert await database.queue.dispatch(1, MINUTE) == []

    run(scenario())


def test_waiting_counts_what_could_be_claimed(database, run):
    """Held and paused rows are not waiting; the age is that of the oldest row that is."""

    async def scenario():
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

    run(scenario())


def test_sweep_polls_what_nobody_pushed(database, run):
    """Without a push, mail is looked for after the poll interval, once (edge case 23)."""

    async def scenario():
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

    run(scenario())


def test_sweep_finds_retries_that_came_due(database, run):
    """Pending ids are fetched when their time comes, with no new mail (edge cases 1, 34)."""

    async def scenario():
        mailbox = await database.connect()
        held = await lease(database, mailbox)
        change = MessageChange("m1", "t1", 101, deleted=False, label_ids=())
        await database.store.apply_history(held, [change], 101)
        await database.store.save(held, [Failed("m1", "503", datetime.now(UTC) + HOUR)])
        assert await database.queue.sweep(HOUR) == 0
        await database.change("UPDATE message_ledger SET next_attempt_at = now()")
        assert await database.queue.sweep(HOUR) == 1
        assert [each.kind for each in await claim(database)] == ["incremental"]

    run(scenario())


def test_sweep_resumes_an_unfinished_listing(database, run):
    """A listing that a dead worker left is asked for again (edge cases 34, 68)."""

    async def scenario():
        mailbox = await database.connect()
        held = await lease(database, mailbox, "listing")
        listing = await database.store.open_listing(held, Window())
        assert await database.queue.sweep(HOUR) == 1
        (only,) = await claim(database)
        assert (only.kind, only.mailbox_ids) == ("initial", (mailbox,))
        await database.store.apply_list_page(held, listing, [], None)
        await database.queue.acknowledge(only, "succeeded", Counts(), None)
        assert await database.queue.sweep(HOUR) == 0

    run(scenario())
