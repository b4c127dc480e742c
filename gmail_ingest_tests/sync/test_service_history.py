"""Historical syncs over real Postgres and a sandbox: ranges, completeness, prices."""

from __future__ import annotations

import pytest

from gmail_ingest.core.months import months_of
from gmail_ingest.core.windows import Window
from gmail_ingest_tests.sync.history import SECOND, YEAR, History, moment, month
from gmail_ingest_tests.sync.service import OWNER, TENANT

OTHER = "other@example.com"


@pytest.fixture
def history(service) -> History:
    """A connected mailbox without mail of the last days."""
    service.run(service.connected())
    return History(service)


def test_history_completes_every_month_newest_first(run, service, history):
    """All that Google lists of a year is stored, month by month from the newest on."""
    history.load(150)
    job = run(history.ask())
    assert not run(history.run(job)).text
    assert service.agrees()
    assert [each.month for each in history.done] == sorted(months_of(YEAR), reverse=True)
    state, counts, error = run(history.job(job))
    assert (state, error) == ("succeeded", None)
    assert counts["stored"] == len(run(service.stored()))
    assert sum(each.counts.stored for each in history.done) == counts["stored"]
    assert counts["listed"] >= counts["stored"]
    assert run(history.open_months(job)) == []


def test_history_costs_what_the_dry_run_said(run, service, history):
    """The price is that of the fetch by the same planner, and the dry run writes nothing."""
    history.load(300)
    price = run(history.price())
    assert price.spent == 5 * 12
    assert run(service.fates()) == {}
    before = history.units()
    run(history.run(run(history.ask())))
    spent = history.units() - before
    assert abs(price.units - spent) <= 0.01 * spent
    assert (
        price.wanted
        == run(
            history.job(run(service.rows("SELECT id FROM sync_jobs WHERE kind = 'historical'"))[0])
        )[1]["discovered"]
    )
    assert run(history.price()).units == 5 * 12


def test_history_honours_the_range_to_the_second(run, service, history):
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
        history.put(at)
    job = run(history.ask(window))
    assert not run(history.run(job, months_of(window))).text
    stored = run(service.rows("SELECT internal_date FROM emails ORDER BY 1"))
    assert stored == sorted(inside)
    rules = "SELECT DISTINCT reason FROM message_ledger WHERE fate = 'left_out'"
    assert run(service.rows(rules)) == ["outside_range"]
    # What lies beside it is found when its own range is asked for.
    later = Window(window.start - SECOND, window.end + 2 * SECOND)
    run(history.run(run(history.ask(later)), months_of(later)))
    assert len(run(service.stored())) == len(inside) + len(outside)
    assert service.agrees()


def test_history_fetches_nothing_twice(run, history):
    """Asked again, a completed range is listed anew and nothing of it is fetched again."""
    history.load(60)
    run(history.run(run(history.ask())))
    fetched, listed = history.gets(), history.lists()
    again = run(history.ask())
    assert not run(history.run(again)).text
    assert history.gets() == fetched
    assert history.lists() == listed + 12
    assert run(history.job(again))[1]["discovered"] == 0


def test_history_asked_twice_while_it_is_open_is_one_job(run, history):
    """The same range joins the open job; another one is a job of its own."""
    first = run(history.ask())
    assert run(history.ask()) == first
    assert run(history.ask(Window(YEAR.start, YEAR.end - SECOND))) != first


def test_history_of_two_mailboxes_needs_both(run, service, history):
    """A month is complete with its last mailbox; one that needs a person keeps it open, says why,
    and connected again it finishes what is missing only (edge cases 32 and 35).
    """
    service.account(OTHER)
    run(service.connect(OTHER))
    run(service.sync())
    history.load(40)
    history.load(40, address=OTHER)
    service.sandbox.call(lambda state: state.grants.revoke_mailbox(OTHER))
    job = run(history.ask())
    trouble = run(history.run(job))
    assert len(trouble.blocked) == 1
    assert trouble.text.startswith("needs_reauth: Connect this mailbox again")
    assert (history.done, run(history.open_months(job))) == ([], list(months_of(YEAR)))
    assert service.agrees(OWNER)
    assert run(history.job(job))[2] == trouble.text

    run(history.dispatch.end(job, "failed", trouble.text))
    run(service.connect(OTHER))
    run(service.sync())
    calls = service.sandbox.call(lambda state: dict(state.counters.calls_by_mailbox[OWNER]))
    again = run(history.ask())
    assert again != job
    assert not run(history.run(again)).text
    assert service.agrees(OWNER, OTHER)
    assert service.sandbox.call(lambda state: state.counters.calls_by_mailbox[OWNER]) == calls
    assert len(history.done) == 12


def test_history_goes_on_without_a_mailbox_that_was_disconnected(run, service, history):
    """One of two goes after the range was asked for: the months are complete with the other, and
    nothing is fetched of the one that went (edge case 101).
    """
    service.account(OTHER)
    run(service.connect(OTHER))
    run(service.sync())
    history.load(20)
    history.load(20, address=OTHER)
    job = run(history.ask())
    gone = run(service.registry.disconnect_mailbox(TENANT, OTHER))
    assert (gone.mailboxes, gone.still_connected) == (1, (OWNER,))
    assert not run(history.run(job)).text
    assert (len(history.done), run(history.open_months(job))) == (12, [])
    assert service.agrees(OWNER)
    query = "SELECT count(*) FROM emails JOIN mailboxes m ON m.id = mailbox_id WHERE address = %s"
    assert run(service.rows(query, OTHER)) == [0]


def test_history_without_a_mailbox_says_so(run, service, history):
    """A tenant whose mailboxes are gone cannot be complete."""
    run(service.rows("UPDATE mailboxes SET state = 'disconnected' RETURNING 1"))
    job = run(history.ask())
    assert "connect one" in run(history.run(job)).text
    assert run(history.open_months(job)) == list(months_of(YEAR))


def test_history_started_in_dagster_is_a_job_too(run, service, history):
    """A backfill from the UI covers whole months, and its runs are one job; a run by itself is
    another.
    """
    history.load(30)
    months = [month(1), month(2), month(3)]
    more = {"backfill_id": "abc", "all_months": tuple(months)}
    run(history.run(None, months[:1], **more))
    run(history.run(None, months[1:], **more))
    jobs = run(
        service.rows(
            "SELECT id, state, dagster_backfill_id, window_start, window_end"
            " FROM sync_jobs WHERE kind = 'historical'"
        )
    )
    ((_, state, backfill, start, end),) = jobs
    assert (state, backfill) == ("succeeded", "abc")
    assert (start, end) == (moment(2021, 1, 1), moment(2021, 4, 1))
    run(history.run(None, [month(4)]))
    assert run(service.rows("SELECT count(*) FROM sync_jobs WHERE kind = 'historical'")) == [2]
    assert run(service.rows("SELECT tenant_id FROM sync_jobs GROUP BY 1")) == [TENANT]
