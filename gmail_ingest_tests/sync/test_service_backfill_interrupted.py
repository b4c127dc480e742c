"""Backfills that are cut short: killed, cancelled, throttled, overtaken by live mail.

Calls are counted at the sandbox: nothing is fetched twice, no page is listed twice without need.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.adapters.postgres.audit.dead_letters import PostgresDeadLetters
from gmail_ingest.adapters.postgres.sync.quota_limiter import Limits, PostgresLimiter
from gmail_ingest.core.ledger.months import months_of
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.errors import JobEndedError
from gmail_ingest.wiring.stores import Stores
from gmail_ingest.wiring.use_cases import UseCases
from gmail_ingest_tests.sync.backfills import QUICK_BACKFILL, YEAR, Backfills, moment, month
from gmail_ingest_tests.sync.service import OWNER

#: Each fetched message is stored by itself, so that an interruption finds some stored.
ONE_BY_ONE = replace(QUICK_BACKFILL, batch_messages=1, calls_in_flight=1)
MARCH = Window(moment(2021, 3, 1), moment(2021, 4, 1))


@pytest.fixture
async def backfills(service) -> Backfills:
    """A connected mailbox without mail of the last days."""
    await service.connected()
    return Backfills(service)


async def begin(backfills: Backfills, job, months, **more) -> asyncio.Task:
    """Let a run begin; it goes on beside the test."""
    return asyncio.create_task(backfills.run(job, months, policy=ONE_BY_ONE, **more))


async def kill(task: asyncio.Task) -> None:
    """End a run in the middle of its work, as its termination does."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_killed_backfill_goes_on_where_it_was(service, backfills):
    """A second run fetches what is missing only, and lists no page again that was listed
    (edge cases 35 and 68).
    """
    backfills.load(60, MARCH)
    wanted = (await backfills.price(MARCH)).wanted
    job = await backfills.ask(MARCH)
    fetched, listed = backfills.gets(), backfills.lists()
    task = await begin(backfills, job, [month(3)])
    await service.until(lambda: backfills.gets() - fetched >= 10)
    await kill(task)
    stored = len(await service.stored())
    assert 0 < stored < wanted
    await backfills.let_leases_end()
    assert not (await backfills.run(job, [month(3)])).text
    assert await service.agrees()
    assert backfills.lists() - listed == 1
    state, counts, _ = await backfills.job(job)
    assert (state, counts["stored"], counts["listed"]) == ("succeeded", wanted, wanted)
    assert [done.month for done in backfills.done] == [month(3)]
    assert backfills.done[0].counts.stored == wanted


async def test_killed_listing_goes_on_at_its_page(service, backfills):
    """The page token is durable: the first page is not listed again (edge case 40)."""
    backfills.load(1_100, MARCH)
    job = await backfills.ask(MARCH)
    service.fault("messages.list", action="error", error="unavailable", nth=list(range(2, 99)))
    listed = backfills.lists()
    task = await begin(backfills, job, [month(3)])
    await service.until(lambda: backfills.lists() - listed >= 2)
    await kill(task)
    service.clear_faults()
    assert await service.rows("SELECT ids_listed FROM listings WHERE origin = 'backfill'") == [500]
    await backfills.let_leases_end()
    listed, fetched = backfills.lists(), backfills.gets()
    task = await begin(backfills, job, [month(3)])
    await service.until(lambda: backfills.gets() > fetched)
    await kill(task)
    assert backfills.lists() - listed == 2
    assert await service.rows(
        "SELECT ids_listed > 1000 FROM listings WHERE origin = 'backfill'"
    ) == [True]


async def test_backfill_of_a_done_run_is_told_again_without_a_call(backfills):
    """A run that Dagster repeats finds its months complete."""
    backfills.load(20, MARCH)
    job = await backfills.ask(Window(MARCH.start, moment(2021, 5, 1)))
    await backfills.run(job, [month(3)])
    calls = backfills.lists() + backfills.gets()
    before = backfills.done.pop()
    assert not (await backfills.run(job, [month(3)])).text
    (again,) = backfills.done
    assert (again.month, again.counts) == (before.month, before.counts)
    assert (before.done_before, again.done_before is None) == (None, False)
    assert backfills.lists() + backfills.gets() == calls


async def test_cancelled_backfill_stops_and_is_resumed_without_fetching_again(service, backfills):
    """What is stored stays; asked again, the rest is fetched, and no page is listed again."""
    backfills.load(60, MARCH)
    wanted = (await backfills.price(MARCH)).wanted
    job = await backfills.ask(MARCH)
    fetched, listed = backfills.gets(), backfills.lists()

    service.fault("*.get", action="latency", latencyMs=50)
    task = await begin(backfills, job, [month(3)])
    await service.until(lambda: backfills.gets() - fetched >= 5)
    await backfills.book.cancel("acme", job)
    with pytest.raises(JobEndedError):
        await task
    service.clear_faults()
    state, counts, _ = await backfills.job(job)
    assert state == "cancelled"
    stored = len(await service.stored())
    assert 0 < counts["stored"] == stored < wanted
    # A run of it that was queued in Dagster starts, and does nothing.
    calls = backfills.gets()
    with pytest.raises(JobEndedError):
        await backfills.run(job, [month(3)], created_at=datetime(2021, 1, 1, tzinfo=UTC))
    assert backfills.gets() == calls

    again = await backfills.ask(MARCH)
    assert again != job
    assert not (await backfills.run(again, [month(3)])).text
    assert await service.agrees()
    assert backfills.lists() - listed == 1
    assert (await backfills.job(again))[1]["stored"] == wanted - stored


async def test_ids_left_by_a_cancelled_backfill_wake_no_other_sync(service, backfills):
    """Cancelled is cancelled: neither the sweep nor an incremental sync fetches the rest."""
    backfills.load(30, MARCH)
    job = await backfills.ask(MARCH)

    service.fault("*.get", action="latency", latencyMs=100)
    task = await begin(backfills, job, [month(3)])
    await service.until(lambda: backfills.gets() > 0)
    await backfills.book.cancel("acme", job)
    with pytest.raises(JobEndedError):
        await task
    service.clear_faults()
    left = (await service.fates())["pending"]
    (waiting,) = await service.rows(
        "SELECT min(gmail_id) FROM message_ledger WHERE fate = 'pending'"
    )
    why = UseCases(Stores(service.settings, service.engine), service.gmail).why
    (finding,) = (await why.ask("acme", waiting)).findings
    assert "if that was cancelled, the next one" in finding.next
    assert await service.queue.sweep(timedelta(hours=1)) == 0
    await service.sync()
    assert (await service.fates())["pending"] == left


async def test_live_mail_and_backfill_fetch_each_message_once(service, backfills):
    """A message that a push and a backfill both meet belongs to whoever saw it first; neither
    waits for the other (docs/architecture.md#the-way-of-a-push).
    """
    now = datetime.now(UTC)
    window = Window(now - timedelta(days=20), now + timedelta(minutes=1))
    backfills.load(40, Window(window.start, now - timedelta(days=1)))
    backfills.load(20, MARCH)
    await service.sync("initial")
    service.deliver(*(f"new {number}" for number in range(5)))
    fetched = backfills.gets()
    expected = len(service.box(lambda box: box.message_ids())) - len(await service.stored())
    months = months_of(Window(YEAR.start, now))
    job = await backfills.ask(Window(YEAR.start, window.end))
    await asyncio.gather(backfills.run(job, months[2:3] + months[-2:]), service.sync(holder="live"))
    assert await service.agrees()
    assert backfills.gets() - fetched <= expected


async def test_month_waits_for_what_a_live_sync_fetches(service, backfills):
    """A month is complete when nothing that was listed is pending, whoever fetches it."""
    backfills.put(moment(2021, 3, 5))
    (message_id,) = service.box(lambda box: box.message_ids())
    mailbox = (await service.rows("SELECT id FROM mailboxes"))[0]
    await service.rows(
        "INSERT INTO message_ledger (mailbox_id, gmail_id, thread_id, origin)"
        " VALUES (%s, %s, %s, 'push') RETURNING 1",
        mailbox,
        message_id,
        message_id,
    )
    job = await backfills.ask(MARCH)
    task = asyncio.create_task(backfills.run(job, [month(3)]))
    await service.until(lambda: backfills.lists() > 1)
    await asyncio.sleep(0)
    assert await backfills.open_months(job) == [month(3)]
    await service.sync()
    await task
    assert await backfills.open_months(job) == []
    assert await service.agrees()


async def test_retries_are_waited_for(service, backfills):
    """Messages that fail and succeed later are stored before their month is complete
    (edge cases 1 and 28).
    """
    backfills.load(20, MARCH)
    job = await backfills.ask(MARCH)
    service.fault("*.get", action="error", error="backend_error", times=6)
    assert not (await backfills.run(job, [month(3)])).text
    assert await service.agrees()


async def test_dead_letter_ends_its_month(service, backfills):
    """A message that can never be read is given up, and its month is complete (edge case 2)."""
    backfills.put(moment(2021, 3, 5))
    backfills.put(moment(2021, 3, 6), "fine")
    job = await backfills.ask(MARCH)
    (bad, _) = service.box(lambda box: sorted(box.message_ids()))
    service.fault("messages.get", action="error", error="invalid_argument", messageId=bad)
    assert not (await backfills.run(job, [month(3)])).text
    state, counts, _ = await backfills.job(job)
    assert (state, counts["dead"], counts["stored"]) == ("succeeded", 1, 1)
    # Asked for once more, it is fetched by the sync that is queued.
    service.clear_faults()
    await PostgresDeadLetters(service.engine).retry("acme", message_ids=None, mailbox=None)
    await service.sync()
    assert await service.agrees()


async def test_daily_allowance_pauses_the_job(service):
    """The allowance of the day is used up: the run ends, the job says when it goes on, and live
    mail is synced all the same (edge case 31).
    """
    await service.connected()
    limits = Limits(mailbox_minute=600_000, project_minute=600_000, project_day=100)
    backfills = Backfills(service, PostgresLimiter(service.engine, limits))
    backfills.load(30, MARCH)
    job = await backfills.ask(MARCH)
    # In the quarter of an hour before the day ends at Google, the run would sleep until then.
    ends_at_once = replace(QUICK_BACKFILL, longest_pause=0.0)
    failures = await backfills.run(job, [month(3)], policy=ends_at_once)
    assert failures.not_before is not None
    assert failures.not_before > datetime.now(UTC)
    assert not failures.blocked
    (view,) = await backfills.dispatch.unsettled()
    assert (view.id, view.resumes, view.waits) == (job, True, True)
    service.deliver("now")
    await service.sync()
    assert len(await service.stored()) >= 1


async def test_two_backfills_of_a_mailbox_take_turns(service, backfills):
    """The lease keeps two runs of one mailbox apart; both come to their end."""
    backfills.load(30, MARCH)
    april = Window(MARCH.end, moment(2021, 5, 1))
    backfills.load(30, april, seed=4)
    one, other = await backfills.ask(MARCH), await backfills.ask(april)
    await asyncio.gather(
        backfills.run(one, [month(3)], holder="run:1"),
        backfills.run(other, [month(4)], holder="run:2"),
    )
    assert await service.agrees()
    peak = service.sandbox.call(lambda state: state.counters.peak_in_flight[OWNER])
    assert peak <= QUICK_BACKFILL.calls_in_flight
