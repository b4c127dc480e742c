"""Backfill jobs in Postgres: asked for at once by many, months that end once, listings reused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from gmail_ingest.adapters.postgres.backfill.backfill_jobs import PostgresBackfillJobs
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.ledger.months import months_of
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.errors import InvalidInputError, JobEndedError, NotFoundError
from gmail_ingest.sync.backfill.backfill_jobs import RequestedMonths
from gmail_ingest.sync.mailbox.records import Counts, MessageRef
from gmail_ingest_tests.postgres.worlds import lease
from gmail_ingest_tests.sync.backfills import YEAR, month

MARCH = Window(datetime(2021, 3, 1, tzinfo=UTC), datetime(2021, 4, 1, tzinfo=UTC))
APRIL = Window(MARCH.end, datetime(2021, 5, 1, tzinfo=UTC))


@pytest.fixture
def book(engine) -> PostgresBackfillJobs:
    """The jobs."""
    return PostgresBackfillJobs(engine)


@pytest.fixture
async def mailbox(database) -> int:
    """A connected mailbox of the tenant."""
    return await database.connect()


def requested(*months, **more) -> RequestedMonths:
    """A run of Dagster's own."""
    now = datetime.now(UTC)
    known = {"run_id": str(uuid4()), "created_at": now, "until": now, "all_months": months}
    return RequestedMonths("acme", months, **(known | more))


@pytest.mark.usefixtures("mailbox")
async def test_many_who_ask_at_once_get_one_job(database, book):
    """The same range asked for by twenty callers in the same moment is one open job."""
    found = await asyncio.gather(*(book.request("acme", YEAR, months_of(YEAR)) for _ in range(20)))
    assert len(set(found)) == 1
    assert await database.rows("SELECT count(*) FROM job_months") == [(12,)]


async def test_unknown_tenant_gets_no_job(database, book, mailbox):
    """Neither a stranger, nor one that is disconnected this moment."""
    assert mailbox
    await database.change("UPDATE tenants SET state = 'disconnected'")
    for tenant in ("acme", "nobody"):
        with pytest.raises(NotFoundError):
            await book.request(tenant, YEAR, months_of(YEAR))


@pytest.mark.usefixtures("mailbox")
async def test_job_succeeds_with_its_last_month(database, book):
    """A month that is done twice is done once; counts of all its listings are its own."""
    window = Window(MARCH.start, APRIL.end)
    job = await book.request("acme", window, months_of(window))
    begun = await book.begin(requested(month(3), month(4), job_id=job))
    assert (begun.id, begun.window, begun.done) == (job, window, {})
    assert await book.finish_month(job, month(4), []) == Counts()
    query = "SELECT state, finished_at IS NULL FROM sync_jobs"
    assert await database.rows(query) == [("running", True)]
    assert (await book.begin(requested(month(4), job_id=job))).done == {month(4): Counts()}
    await book.finish_month(job, month(3), [])
    assert await database.rows(query) == [("succeeded", False)]
    assert await book.finish_month(job, month(3), []) is None
    assert await book.advance(job, {})


@pytest.mark.usefixtures("mailbox")
async def test_cancelled_job_is_left_by_its_worker_and_by_late_runs(book):
    """Its worker hears of it; a run that was queued when it ended may not begin; one that a person
    starts afterwards is a job of its own.
    """
    job = await book.request("acme", MARCH, [month(3)])
    late = requested(month(3), job_id=job)
    await book.begin(late)
    assert await book.advance(job, {})
    await book.cancel("acme", job)
    assert not await book.advance(job, {})
    assert await book.finish_month(job, month(3), []) is None
    with pytest.raises(JobEndedError):
        await book.begin(late)
    by_hand = replace(late, created_at=datetime.now(UTC) + timedelta(minutes=1))
    assert (await book.begin(by_hand)).id != job


@pytest.mark.usefixtures("mailbox")
async def test_only_backfills_can_be_cancelled(database, book):
    """Others end by themselves within minutes."""
    job = await database.queue.enqueue("acme", "incremental")
    with pytest.raises(InvalidInputError):
        await book.cancel("acme", job)
    with pytest.raises(NotFoundError):
        await book.cancel("acme", uuid4())


@pytest.mark.usefixtures("mailbox")
def test_runs_of_one_backfill_that_begin_together_are_one_job(run, database, book):
    """Dagster starts them in the same second."""
    months, now = months_of(YEAR), datetime.now(UTC)
    known = {"backfill_id": "ui", "until": now, "all_months": months}

    async def begin_all():
        runs = [requested(*months[at : at + 3], **known) for at in (0, 3, 6, 9)]
        return await asyncio.gather(*(book.begin(run) for run in runs))

    assert len({job.id for job in run(begin_all())}) == 1
    assert run(database.rows("SELECT window_end FROM sync_jobs")) == [(YEAR.end,)]


@pytest.mark.usefixtures("mailbox")
async def test_month_that_is_not_over_is_covered_up_to_its_request(book):
    """A window that ended in the future would meet mail that is not there yet."""
    now = datetime.now(UTC)
    begun = await book.begin(requested(now.date().replace(day=1), until=now))
    assert begun.window.end == now


@pytest.mark.usefixtures("mailbox")
async def test_pause_of_another_run_stays(database, book):
    """The later of two pauses counts."""
    job = await book.request("acme", MARCH, [month(3)])
    later = datetime.now(UTC) + timedelta(hours=2)
    await book.pause(job, "one", later)
    await book.pause(job, "two", None)
    assert await database.rows("SELECT error, not_before FROM sync_jobs") == [("two", later)]


async def test_counts_are_those_of_the_listing_and_of_the_job(database, book, mailbox):
    """A month's counts survive the job that began it."""
    held = await lease(database, mailbox, "backfill")
    listing = await database.store.open_listing(held, MARCH)
    job = await book.request("acme", MARCH, [month(3)])
    await book.advance(job, {listing.id: Counts(stored=3, units=60)})
    await book.cancel("acme", job)
    again = await book.request("acme", MARCH, [month(3)])
    assert await database.store.open_listing(held, MARCH) == listing
    await book.advance(again, {listing.id: Counts(stored=2, units=40)})
    assert await book.finish_month(again, month(3), [listing.id]) == Counts(stored=5, units=100)
    counts = await database.rows("SELECT counts->'stored' FROM sync_jobs ORDER BY created_at")
    assert counts == [(3,), (2,)]
    # A complete month's listing is used up: who asks again wants to know anew.
    assert (await database.store.open_listing(held, MARCH)).id != listing.id


async def test_listing_of_last_month_is_not_believed(database, mailbox):
    """A page token, and what it led past, is too old after a week."""
    held = await lease(database, mailbox, "backfill")
    listing = await database.store.open_listing(held, MARCH)
    await database.change("UPDATE listings SET started_at = now() - interval '8 days'")
    assert (await database.store.open_listing(held, MARCH)).id != listing.id


async def test_listings_of_backfills_and_of_the_last_days_do_not_meet(world):
    """Each origin goes on with its own; another window is another listing."""
    mailbox = await world.connect()
    backfill = await lease(world, mailbox, "backfill")
    listing = await lease(world, mailbox, "listing")
    recent = await world.store.open_listing(listing, Window(start=MARCH.start))
    march = await world.store.open_listing(backfill, MARCH)
    april = await world.store.open_listing(backfill, APRIL)
    assert len({recent.id, march.id, april.id}) == 3
    assert (await world.store.open_listing(listing, MARCH)).id == recent.id
    assert (await world.store.open_listing(backfill, MARCH)).id == march.id
    assert march.origin == "backfill"


async def test_listing_is_settled_when_nothing_that_it_named_is_pending(world):
    """Whoever fetches it; an id that another listing names too makes the first list again."""
    mailbox = await world.connect()
    store = world.store
    live, backfill = [await lease(world, mailbox, origin) for origin in ("push", "backfill")]
    refs = [MessageRef("m1", "t1"), MessageRef("m2", "t1")]
    march = await store.open_listing(backfill, MARCH)
    march, counts = await store.apply_list_page(backfill, march, refs, None)
    assert (counts.listed, counts.discovered, march.done) == (2, 2, True)
    due, sizes = await store.due_messages(mailbox, "backfill", 10, march.id)
    assert ([message.message_id for message in due], sizes) == (["m2", "m1"], {"t1": 2})
    assert await store.due_messages(mailbox, "push", 10) == ([], {})
    april = await store.open_listing(backfill, APRIL)
    april, counts = await store.apply_list_page(backfill, april, refs[:1], None)
    assert counts.discovered == 0
    assert await store.next_due(mailbox, None, april.id) is not None
    assert not (await store.open_listing(backfill, MARCH)).done
    assert live.origin == "push"


async def test_mail_counts_as_synced_back_to_the_first_gap(database, book, mailbox):
    """Verification looks at complete months that follow the last days without a gap, at no others:
    what was never asked for is not missing.
    """
    recent = await lease(database, mailbox, "listing")
    await database.store.open_listing(recent, Window(start=APRIL.start))
    held = await lease(database, mailbox, "backfill")
    february = Window(datetime(2021, 2, 1, tzinfo=UTC), MARCH.start)
    old = Window(datetime(2010, 2, 1, tzinfo=UTC), datetime(2010, 3, 1, tzinfo=UTC))
    job = await book.request("acme", YEAR, months_of(YEAR))
    for window in (MARCH, old, february):
        listing = await database.store.open_listing(held, window)
        if window != february:
            await book.finish_month(job, month(3), [listing.id])
    assert await database.store.synced_from(mailbox) == MARCH.start


@pytest.mark.parametrize("under_way", [True, False], ids=["under way", "left"])
async def test_change_of_a_waiting_message_goes_to_whoever_works(world, under_way):
    """A message that a cancelled backfill left behind, and that somebody labels, is live mail;
    while a backfill is at work it fetches its own, so that none is fetched twice (edge case 15).
    """
    mailbox = await world.connect()
    store = world.store
    live, backfill = [await lease(world, mailbox, origin) for origin in ("push", "backfill")]
    march = await store.open_listing(backfill, MARCH)
    await store.apply_list_page(backfill, march, [MessageRef("m1", "t1")], None)
    if not under_way:
        await store.release_lease(backfill)
    change = MessageChange("m1", "t1", 150, deleted=False, label_ids=("INBOX", "STARRED"))
    await store.apply_history(live, [change], None)
    due, _ = await store.due_messages(mailbox, "push", 10)
    assert [message.message_id for message in due] == ([] if under_way else ["m1"])
