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
from gmail_ingest.wiring import build_why
from gmail_ingest_tests.sync.backfills import QUICK_BACKFILL, YEAR, Backfills, moment, month
from gmail_ingest_tests.sync.service import OWNER

#: Each fetched message is stored by itself, so that an interruption finds some stored.
ONE_BY_ONE = replace(QUICK_BACKFILL, batch_messages=1, calls_in_flight=1)
MARCH = Window(moment(2021, 3, 1), moment(2021, 4, 1))


@pytest.fixture
def backfills(service) -> Backfills:
    """A connected mailbox without mail of the last days."""
    service.run(service.connected())
    return Backfills(service)


async def begin(backfills: Backfills, job, months, **more) -> asyncio.Task:
    """Let a run begin; it goes on beside the test."""
    return asyncio.create_task(backfills.run(job, months, policy=ONE_BY_ONE, **more))


async def kill(task: asyncio.Task) -> None:
    """End a run in the middle of its work, as its termination does."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def test_killed_backfill_goes_on_where_it_was(run, service, backfills):
    """A second run fetches what is missing only, and lists no page again that was listed
    (edge cases 35 and 68).
    """
    backfills.load(60, MARCH)
    wanted = run(backfills.price(MARCH)).wanted
    job = run(backfills.ask(MARCH))
    fetched, listed = backfills.gets(), backfills.lists()

    async def kill_in_the_middle() -> None:
        task = await begin(backfills, job, [month(3)])
        await service.until(lambda: backfills.gets() - fetched >= 10)
        await kill(task)

    run(kill_in_the_middle())
    stored = len(run(service.stored()))
    assert 0 < stored < wanted
    run(backfills.let_leases_end())
    assert not run(backfills.run(job, [month(3)])).text
    assert service.agrees()
    assert backfills.lists() - listed == 1
    state, counts, _ = run(backfills.job(job))
    assert (state, counts["stored"], counts["listed"]) == ("succeeded", wanted, wanted)
    assert [each.month for each in backfills.done] == [month(3)]
    assert backfills.done[0].counts.stored == wanted


def test_killed_listing_goes_on_at_its_page(run, service, backfills):
    """The page token is durable: the first page is not listed again (edge case 40)."""
    backfills.load(1_100, MARCH)
    job = run(backfills.ask(MARCH))
    service.fault("messages.list", action="error", error="unavailable", nth=list(range(2, 99)))
    listed = backfills.lists()

    async def kill_after_a_page() -> None:
        task = await begin(backfills, job, [month(3)])
        await service.until(lambda: backfills.lists() - listed >= 2)
        await kill(task)

    run(kill_after_a_page())
    service.clear_faults()
    assert run(service.rows("SELECT ids_listed FROM listings WHERE origin = 'backfill'")) == [500]
    run(backfills.let_leases_end())
    listed, fetched = backfills.lists(), backfills.gets()

    async def list_the_rest() -> None:
        task = await begin(backfills, job, [month(3)])
        await service.until(lambda: backfills.gets() > fetched)
        await kill(task)

    run(list_the_rest())
    assert backfills.lists() - listed == 2
    assert run(
        service.rows("SELECT ids_listed > 1000 FROM listings WHERE origin = 'backfill'")
    ) == [True]


def test_backfill_of_a_done_run_is_told_again_without_a_call(run, backfills):
    """A run that Dagster repeats finds its months complete."""
    backfills.load(20, MARCH)
    job = run(backfills.ask(Window(MARCH.start, moment(2021, 5, 1))))
    run(backfills.run(job, [month(3)]))
    calls = backfills.lists() + backfills.gets()
    before = backfills.done.pop()
    assert not run(backfills.run(job, [month(3)])).text
    (again,) = backfills.done
    assert (again.month, again.counts) == (before.month, before.counts)
    assert (before.done_before, again.done_before is None) == (None, False)
    assert backfills.lists() + backfills.gets() == calls


def test_cancelled_backfill_stops_and_is_resumed_without_fetching_again(run, service, backfills):
    """What is stored stays; asked again, the rest is fetched, and no page is listed again."""
    backfills.load(60, MARCH)
    wanted = run(backfills.price(MARCH)).wanted
    job = run(backfills.ask(MARCH))
    fetched, listed = backfills.gets(), backfills.lists()

    async def cancel_in_the_middle() -> None:
        task = await begin(backfills, job, [month(3)])
        await service.until(lambda: backfills.gets() - fetched >= 5)
        await backfills.book.cancel("acme", job)
        with pytest.raises(JobEndedError):
            await task

    service.fault("*.get", action="latency", latencyMs=50)
    run(cancel_in_the_middle())
    service.clear_faults()
    state, counts, _ = run(backfills.job(job))
    assert state == "cancelled"
    stored = len(run(service.stored()))
    assert 0 < counts["stored"] == stored < wanted
    # A run of it that was queued in Dagster starts, and does nothing.
    calls = backfills.gets()
    with pytest.raises(JobEndedError):
        run(backfills.run(job, [month(3)], created_at=datetime(2021, 1, 1, tzinfo=UTC)))
    assert backfills.gets() == calls

    again = run(backfills.ask(MARCH))
    assert again != job
    assert not run(backfills.run(again, [month(3)])).text
    assert service.agrees()
    assert backfills.lists() - listed == 1
    assert run(backfills.job(again))[1]["stored"] == wanted - stored


def test_ids_left_by_a_cancelled_backfill_wake_no_other_sync(run, service, backfills):
    """Cancelled is cancelled: neither the sweep nor an incremental sync fetches the rest."""
    backfills.load(30, MARCH)
    job = run(backfills.ask(MARCH))

    async def cancel_after_listing() -> None:
        task = await begin(backfills, job, [month(3)])
        await service.until(lambda: backfills.gets() > 0)
        await backfills.book.cancel("acme", job)
        with pytest.raises(JobEndedError):
            await task

    service.fault("*.get", action="latency", latencyMs=100)
    run(cancel_after_listing())
    service.clear_faults()
    left = run(service.fates())["pending"]
    (waiting,) = run(
        service.rows("SELECT min(gmail_id) FROM message_ledger WHERE fate = 'pending'")
    )
    why = build_why(service.settings, service.engine, service.gmail)
    (finding,) = run(why.ask("acme", waiting)).findings
    assert "if that was cancelled, the next one" in finding.next
    assert run(service.queue.sweep(timedelta(hours=1))) == 0
    run(service.sync())
    assert run(service.fates())["pending"] == left


def test_live_mail_and_backfill_fetch_each_message_once(run, service, backfills):
    """A message that a push and a backfill both meet belongs to whoever saw it first; neither
    waits for the other (docs/architecture.md#the-way-of-a-push).
    """
    now = datetime.now(UTC)
    window = Window(now - timedelta(days=20), now + timedelta(minutes=1))
    backfills.load(40, Window(window.start, now - timedelta(days=1)))
    backfills.load(20, MARCH)
    run(service.sync("initial"))
    service.deliver(*(f"new {number}" for number in range(5)))
    fetched = backfills.gets()
    expected = len(service.box(lambda box: box.message_ids())) - len(run(service.stored()))
    months = months_of(Window(YEAR.start, now))
    job = run(backfills.ask(Window(YEAR.start, window.end)))

    async def both() -> None:
        await asyncio.gather(
            backfills.run(job, months[2:3] + months[-2:]), service.sync(holder="live")
        )

    run(both())
    assert service.agrees()
    assert backfills.gets() - fetched <= expected


def test_month_waits_for_what_a_live_sync_fetches(run, service, backfills):
    """A month is complete when nothing that was listed is pending, whoever fetches it."""
    backfills.put(moment(2021, 3, 5))
    (message_id,) = service.box(lambda box: box.message_ids())
    mailbox = run(service.rows("SELECT id FROM mailboxes"))[0]
    run(
        service.rows(
            "INSERT INTO message_ledger (mailbox_id, gmail_id, thread_id, origin)"
            " VALUES (%s, %s, %s, 'push') RETURNING 1",
            mailbox,
            message_id,
            message_id,
        )
    )
    job = run(backfills.ask(MARCH))

    async def wait_and_fetch() -> None:
        task = asyncio.create_task(backfills.run(job, [month(3)]))
        await service.until(lambda: backfills.lists() > 1)
        await asyncio.sleep(0)
        assert await backfills.open_months(job) == [month(3)]
        await service.sync()
        await task

    run(wait_and_fetch())
    assert run(backfills.open_months(job)) == []
    assert service.agrees()


def test_retries_are_waited_for(run, service, backfills):
    """Messages that fail and succeed later are stored before their month is complete
    (edge cases 1 and 28).
    """
    backfills.load(20, MARCH)
    job = run(backfills.ask(MARCH))
    service.fault("*.get", action="error", error="backend_error", times=6)
    assert not run(backfills.run(job, [month(3)])).text
    assert service.agrees()


def test_dead_letter_ends_its_month(run, service, backfills):
    """A message that can never be read is given up, and its month is complete (edge case 2)."""
    backfills.put(moment(2021, 3, 5))
    backfills.put(moment(2021, 3, 6), "fine")
    job = run(backfills.ask(MARCH))
    (bad, _) = service.box(lambda box: sorted(box.message_ids()))
    service.fault("messages.get", action="error", error="invalid_argument", messageId=bad)
    assert not run(backfills.run(job, [month(3)])).text
    state, counts, _ = run(backfills.job(job))
    assert (state, counts["dead"], counts["stored"]) == ("succeeded", 1, 1)
    # Asked for once more, it is fetched by the sync that is queued.
    service.clear_faults()
    run(PostgresDeadLetters(service.engine).retry("acme", message_ids=None, mailbox=None))
    run(service.sync())
    assert service.agrees()


def test_daily_allowance_pauses_the_job(run, service):
    """The allowance of the day is used up: the run ends, the job says when it goes on, and live
    mail is synced all the same (edge case 31).
    """
    run(service.connected())
    limits = Limits(mailbox_minute=600_000, project_minute=600_000, project_day=100)
    backfills = Backfills(service, PostgresLimiter(service.engine, limits))
    backfills.load(30, MARCH)
    job = run(backfills.ask(MARCH))
    failures = run(backfills.run(job, [month(3)]))
    assert failures.not_before is not None
    assert failures.not_before > datetime.now(UTC)
    assert not failures.blocked
    (view,) = run(backfills.dispatch.unsettled())
    assert (view.id, view.resumes, view.waits) == (job, True, True)
    service.deliver("now")
    run(service.sync())
    assert len(run(service.stored())) >= 1


def test_two_backfills_of_a_mailbox_take_turns(run, service, backfills):
    """The lease keeps two runs of one mailbox apart; both come to their end."""
    backfills.load(30, MARCH)
    april = Window(MARCH.end, moment(2021, 5, 1))
    backfills.load(30, april, seed=4)
    one, other = run(backfills.ask(MARCH)), run(backfills.ask(april))

    async def both() -> None:
        await asyncio.gather(
            backfills.run(one, [month(3)], holder="run:1"),
            backfills.run(other, [month(4)], holder="run:2"),
        )

    run(both())
    assert service.agrees()
    peak = service.sandbox.call(lambda state: state.counters.peak_in_flight[OWNER])
    assert peak <= QUICK_BACKFILL.calls_in_flight
