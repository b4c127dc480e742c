"""Backfills over real Postgres and a sandbox: ranges, completeness, prices."""

from __future__ import annotations

import pytest

from gmail_ingest.core.ledger.months import months_of
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest_tests.sync.backfills import SECOND, YEAR, Backfills, moment, month
from gmail_ingest_tests.sync.service import OWNER, TENANT

OTHER = "other@example.com"


@pytest.fixture
async def backfills(service) -> Backfills:
    """A connected mailbox without mail of the last days."""
    await service.connected()
    return Backfills(service)


async def test_backfill_completes_every_month_newest_first(service, backfills):
    """All that Google lists of a year is stored, month by month from the newest on."""
    backfills.load(150)
    job = await backfills.ask()
    assert not (await backfills.run(job)).text
    assert await service.agrees()
    assert [done.month for done in backfills.done] == sorted(months_of(YEAR), reverse=True)
    state, counts, error = await backfills.job(job)
    assert (state, error) == ("succeeded", None)
    assert counts["stored"] == len(await service.stored())
    assert sum(done.counts.stored for done in backfills.done) == counts["stored"]
    assert counts["listed"] >= counts["stored"]
    assert await backfills.open_months(job) == []


async def test_backfill_costs_what_the_dry_run_said(service, backfills):
    """The price is that of the fetch by the same planner, and the dry run writes nothing."""
    backfills.load(300)
    price = await backfills.price()
    assert price.spent == 5 * 12
    assert await service.fates() == {}
    before = backfills.units()
    await backfills.run(await backfills.ask())
    spent = backfills.units() - before
    assert abs(price.units - spent) <= 0.01 * spent
    assert (
        price.wanted
        == (
            await backfills.job(
                (await service.rows("SELECT id FROM sync_jobs WHERE kind = 'historical'"))[0]
            )
        )[1]["discovered"]
    )
    assert (await backfills.price()).units == 5 * 12


async def test_backfill_honours_the_range_to_the_second(service, backfills):
    """Half-open in UTC: the first moment is in, the last is not, whatever Google lists beside it
    (edge case 61).
    """
    window = Window(moment(2021, 3, 10, 6), moment(2021, 4, 20, 18))
    inside = [
        window.start,
        window.end - SECOND,
        moment(2021, 3, 31, 23, 59, 59),
        moment(2021, 4, 1),
    ]
    outside = [window.start - SECOND, window.end, window.end + SECOND]
    for at in (*inside, *outside):
        backfills.put(at)
    job = await backfills.ask(window)
    assert not (await backfills.run(job, months_of(window))).text
    stored = await service.rows("SELECT internal_date FROM emails ORDER BY 1")
    assert stored == sorted(inside)
    rules = "SELECT DISTINCT reason FROM message_ledger WHERE fate = 'left_out'"
    assert await service.rows(rules) == ["outside_range"]
    # What lies beside it is found when its own range is asked for.
    later = Window(window.start - SECOND, window.end + 2 * SECOND)
    await backfills.run(await backfills.ask(later), months_of(later))
    assert len(await service.stored()) == len(inside) + len(outside)
    assert await service.agrees()


async def test_backfill_fetches_nothing_twice(backfills):
    """Asked again, a completed range is listed anew and nothing of it is fetched again."""
    backfills.load(60)
    await backfills.run(await backfills.ask())
    fetched, listed = backfills.gets(), backfills.lists()
    again = await backfills.ask()
    assert not (await backfills.run(again)).text
    assert backfills.gets() == fetched
    assert backfills.lists() == listed + 12
    assert (await backfills.job(again))[1]["discovered"] == 0


async def test_backfill_asked_twice_while_it_is_open_is_one_job(backfills):
    """The same range joins the open job; another one is a job of its own."""
    first = await backfills.ask()
    assert await backfills.ask() == first
    assert await backfills.ask(Window(YEAR.start, YEAR.end - SECOND)) != first


async def test_backfill_of_two_mailboxes_needs_both(service, backfills):
    """A month is complete with its last mailbox; one that needs a person keeps it open, says why,
    and connected again it finishes what is missing only (edge cases 32 and 35).
    """
    service.account(OTHER)
    await service.connect(OTHER)
    await service.sync()
    backfills.load(40)
    backfills.load(40, address=OTHER)
    service.sandbox.call(lambda state: state.grants.revoke_mailbox(OTHER))
    job = await backfills.ask()
    failures = await backfills.run(job)
    assert len(failures.blocked) == 1
    assert failures.text.startswith("needs_reauth: Connect this mailbox again")
    assert (backfills.done, await backfills.open_months(job)) == ([], list(months_of(YEAR)))
    assert await service.agrees(OWNER)
    assert (await backfills.job(job))[2] == failures.text

    await backfills.dispatch.end(job, "failed", failures.text)
    await service.connect(OTHER)
    await service.sync()
    calls = service.sandbox.call(lambda state: dict(state.counters.calls_by_mailbox[OWNER]))
    again = await backfills.ask()
    assert again != job
    assert not (await backfills.run(again)).text
    assert await service.agrees(OWNER, OTHER)
    assert service.sandbox.call(lambda state: state.counters.calls_by_mailbox[OWNER]) == calls
    assert len(backfills.done) == 12


async def test_backfill_goes_on_without_a_mailbox_that_was_disconnected(service, backfills):
    """One of two goes after the range was asked for: the months are complete with the other, and
    nothing is fetched of the one that went (edge case 101).
    """
    service.account(OTHER)
    await service.connect(OTHER)
    await service.sync()
    backfills.load(20)
    backfills.load(20, address=OTHER)
    job = await backfills.ask()
    gone = await service.registry.disconnect_mailbox(TENANT, OTHER)
    assert (gone.mailboxes, gone.still_connected) == (1, (OWNER,))
    assert not (await backfills.run(job)).text
    assert (len(backfills.done), await backfills.open_months(job)) == (12, [])
    assert await service.agrees(OWNER)
    query = "SELECT count(*) FROM emails JOIN mailboxes m ON m.id = mailbox_id WHERE address = %s"
    assert await service.rows(query, OTHER) == [0]


async def test_backfill_without_a_mailbox_says_so(service, backfills):
    """A tenant whose mailboxes are gone cannot be complete."""
    await service.rows("UPDATE mailboxes SET state = 'disconnected' RETURNING 1")
    job = await backfills.ask()
    assert "connect one" in (await backfills.run(job)).text
    assert await backfills.open_months(job) == list(months_of(YEAR))


async def test_backfill_started_in_dagster_is_a_job_too(service, backfills):
    """A backfill from the UI covers whole months, and its runs are one job; a run by itself is
    another.
    """
    backfills.load(30)
    months = [month(1), month(2), month(3)]
    more = {"backfill_id": "abc", "all_months": tuple(months)}
    await backfills.run(None, months[:1], **more)
    await backfills.run(None, months[1:], **more)
    jobs = await service.rows(
        "SELECT id, state, dagster_backfill_id, window_start, window_end"
        " FROM sync_jobs WHERE kind = 'historical'"
    )
    ((_, state, backfill, start, end),) = jobs
    assert (state, backfill) == ("succeeded", "abc")
    assert (start, end) == (moment(2021, 1, 1), moment(2021, 4, 1))
    await backfills.run(None, [month(4)])
    assert await service.rows("SELECT count(*) FROM sync_jobs WHERE kind = 'historical'") == [2]
    assert await service.rows("SELECT tenant_id FROM sync_jobs GROUP BY 1") == [TENANT]
