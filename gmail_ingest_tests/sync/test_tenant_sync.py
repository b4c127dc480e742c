import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.errors import (
    AdminActionRequiredError,
    MailboxUnavailableError,
    OperatorActionError,
    ReauthoriseError,
    ThrottledError,
    TransientError,
)
from gmail_ingest.sync.mailbox.records import AppliedRules, Counts
from gmail_ingest.sync.mailbox.throttle import TRIES
from gmail_ingest_tests.sync.conftest import QUICK
from gmail_ingest_tests.sync.tenants import Tenant


@pytest.fixture
def tenant() -> Tenant:
    """A tenant with one mailbox, which has two new messages, ``1a`` and ``1b``."""
    return Tenant("a@example.com")


async def test_run_tenant_works_off_what_waits(tenant):
    """A waiting row is claimed, worked off and acknowledged, with its counts."""
    await tenant.queue.enqueue("acme", "incremental")
    report = await tenant.run(run_id="dagster-run")
    assert tenant.stored == {"1a", "1b"}
    assert tenant.queue.rows == []
    assert (tenant.job().state, tenant.job().error) == ("succeeded", None)
    assert tenant.job().counts.stored == report.counts.stored == 2
    assert (report.jobs, report.mailboxes, report.errors) == (1, {1}, [])
    assert tenant.job().dagster_run_id == "dagster-run"


async def test_run_tenant_asks_for_a_sync_when_nothing_waits(tenant):
    """A run started by hand follows the history of every mailbox."""
    report = await tenant.run()
    assert tenant.stored == {"1a", "1b"}
    assert (report.jobs, tenant.job().state) == (1, "succeeded")


async def test_a_change_of_rules_is_worked_off_without_google(tenant):
    """Batches until none is left, also of mailboxes that cannot be synced; the job's counts are
    their sum.
    """
    tenant.store.rows[1] = replace(tenant.store.rows[1], state="needs_reauth")
    batches = [
        AppliedRules(1, Counts(hidden=2)),
        AppliedRules(1, Counts(hidden=1)),
        AppliedRules(7, Counts(updated=4)),
    ]
    tenant.store.to_rule["acme"].extend(batches)
    await tenant.queue.enqueue("acme", "exclusions")
    report = await tenant.run()
    assert (report.counts.hidden, report.counts.updated, report.mailboxes) == (3, 4, {1, 7})
    assert (tenant.job().state, tenant.job().error) == ("succeeded", None)
    assert tenant.google[1].calls == []


async def test_a_change_of_rules_that_another_job_worked_off_has_succeeded(tenant):
    """Nothing is left to do, and nobody has to do anything."""
    await tenant.queue.enqueue("acme", "exclusions")
    await tenant.run()
    assert (tenant.job().state, tenant.job().error) == ("succeeded", None)


async def test_run_tenant_works_off_both_kinds(tenant):
    """An initial and an incremental sync that wait are done in one run."""
    tenant.google[1].listed("old")
    await tenant.queue.enqueue("acme", "initial")
    await tenant.queue.enqueue("acme", "incremental")
    assert (await tenant.run()).jobs == 2
    assert tenant.stored == {"1a", "1b", "old"}


async def test_run_tenant_takes_what_is_asked_meanwhile(tenant):
    """A push that comes while the run works is served by the same run (edge case 22)."""
    await tenant.queue.enqueue("acme", "incremental")

    async def push(_call) -> None:
        tenant.google[1].on_fetch = None
        for _ in range(50):
            await tenant.queue.enqueue("acme", "incremental", history_id=200)

    tenant.google[1].on_fetch = push
    assert (await tenant.run()).jobs == 2
    assert [job.state for job in tenant.queue.jobs.values()] == ["succeeded", "succeeded"]


async def test_run_tenant_leaves_alone_what_somebody_else_holds(tenant):
    """A row that another run has claimed stays with it (edge case 8)."""
    await tenant.queue.enqueue("acme", "incremental")
    await tenant.queue.claim("other", limit=1, ttl=timedelta(minutes=1))
    report = await tenant.run()
    assert report.jobs == 0
    assert tenant.google[1].calls == []


async def test_run_tenant_syncs_only_the_named_mailboxes():
    """A push names one mailbox of several: only that one is asked."""
    tenant = Tenant("a@example.com", "b@example.com")
    await tenant.queue.enqueue("acme", "incremental", mailbox_ids=[2])
    assert (await tenant.run()).mailboxes == {2}
    assert tenant.google[1].calls == []


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ReauthoriseError("the grant is dead"), id="edge-case-36"),
        pytest.param(AdminActionRequiredError("delegation is missing"), id="edge-case-38"),
        pytest.param(MailboxUnavailableError("the account has no Gmail"), id="edge-case-32"),
    ],
)
async def test_a_mailbox_that_needs_a_person_goes_to_its_state(error):
    """It gets its named state and its remedy, is not retried, and the others of the tenant go on
    (edge cases 32, 36 and 38).
    """
    tenant = Tenant("a@example.com", "b@example.com")
    tenant.google[1].always["history:0"] = error
    report = await tenant.run()
    assert tenant.store.rows[1].state == error.state
    assert tenant.store.rows[2].state == "active"
    assert tenant.stored == {"2a", "2b"}
    assert tenant.queue.rows == []
    assert tenant.job().state == "failed"
    assert report.errors == [f"{error.state}: {error.remedy}"]
    assert tenant.google[1].calls == ["history:0"]


async def test_a_mailbox_that_is_throttled_comes_back_at_its_time(tenant):
    """A long throttle gives the job back to the queue until Google's time (edge case 31)."""
    until = datetime.now(UTC) + timedelta(minutes=15)
    tenant.google[1].failures["1b"].append(ThrottledError("mailbox", until))
    report = await tenant.run(replace(QUICK, calls_in_flight=1))
    (row,) = tenant.queue.rows
    assert (row.not_before, row.claimed_by) == (until, None)
    assert tenant.job().state == "queued"
    assert tenant.store.rows[1].state == "active"
    assert report.errors == []


@pytest.mark.parametrize(
    ("pause", "cause"), [(timedelta(seconds=40), None), (timedelta(minutes=15), "quota")]
)
async def test_a_pause_of_the_quota_is_told_when_it_is_long(tenant, pause, cause):
    """A pause up to a minute is part of a sync; a longer one keeps the mailbox waiting, and says so
    (edge case 85).
    """
    until = datetime.now(UTC) + pause
    tenant.google[1].always["history:0"] = ThrottledError("mailbox", until)
    report = await tenant.run(QUICK)
    (row,) = tenant.queue.rows
    assert row.not_before == until
    assert [found_cause for _, found_cause in tenant.store.failures.values()] == (
        [cause] if cause else []
    )
    assert tenant.store.retries.get(1) == (until if cause else None)
    assert list(report.put_back) == (["incremental"] if cause else [])


async def test_short_pauses_that_let_nothing_be_done_are_told(tenant):
    """Google may ask for short pauses for half an hour: the third attempt in a row that did
    nothing is a failure, and the one that gets through ends it (edge case 85).
    """
    reported = []
    for _ in range(3):
        until = datetime.now(UTC) + timedelta(seconds=40)
        tenant.google[1].failures["history:0"].append(ThrottledError("mailbox", until))
        report = await tenant.run(QUICK)
        reported.append(
            (list(report.put_back), [cause for _, cause in tenant.store.failures.values()])
        )
        tenant.queue.rows[0].not_before = datetime.now(UTC)
    assert reported == [([], []), ([], []), (["incremental"], ["quota"])]
    assert (await tenant.run(QUICK)).put_back == {}
    assert tenant.stored == {"1a", "1b"}


async def test_an_error_that_nobody_foresaw_is_noted_by_class_and_place(tenant):
    """Where a person looks for why a mailbox stands still, without the error's text
    (edge case 88).
    """
    tenant.google[1].always["history:0"] = KeyError("owner@private.example")
    with pytest.raises(KeyError):
        await tenant.run(QUICK)
    text, cause = tenant.store.failures[1]
    assert (text.split(" in ")[0], cause) == ("unexpected KeyError", "unexpected")
    assert tenant.store.retries[1] == tenant.queue.rows[0].not_before
    assert "private" not in text + (tenant.job().error or "")


async def test_the_earliest_time_of_several_mailboxes_counts():
    """One job for several mailboxes waits for the first that may go on (edge case 31)."""
    tenant = Tenant("a@example.com", "b@example.com", "c@example.com")
    soon, late = (datetime.now(UTC) + timedelta(minutes=n) for n in (10, 20))
    tenant.google[1].always["history:0"] = ThrottledError("mailbox", late)
    tenant.google[2].always["history:0"] = ThrottledError("mailbox", soon)
    await tenant.run()
    assert tenant.queue.rows[0].not_before == soon
    assert tenant.stored == {"3a", "3b"}


async def test_a_transient_failure_comes_back_after_a_delay(tenant):
    """A mailbox that gives no answer is asked again later, not given up (edge case 34)."""
    tenant.google[1].failures["history:0"].extend([TransientError("503")] * TRIES)
    policy = replace(QUICK, first_retry=0.01, longest_retry=0.02)
    await tenant.run(policy)
    assert tenant.queue.rows[0].not_before <= datetime.now(UTC) + timedelta(seconds=1)
    assert tenant.job().state == "queued"
    assert "503" in tenant.job().error


async def test_a_failure_that_stays_ends_the_job(tenant):
    """After its last attempt the job has failed, with its error; the poll sweep asks anew."""
    tenant.google[1].always["history:0"] = TransientError("503")
    policy = replace(QUICK, first_retry=0.0, max_attempts=2)

    async def again_and_again() -> None:
        await tenant.queue.enqueue("acme", "incremental")
        sync = tenant.sync(policy)
        while tenant.queue.rows:
            await sync.run_tenant("acme", "worker")

    await asyncio.wait_for(again_and_again(), 10)
    assert (tenant.job().state, tenant.job().error) == ("failed", "503")
    assert tenant.store.rows[1].state == "active"


async def test_a_wrong_deployment_changes_no_mailbox(tenant):
    """What the operator must mend is no mailbox's fault."""
    tenant.google[1].always["history:0"] = OperatorActionError("the Gmail API is not enabled")
    report = await tenant.run()
    assert tenant.store.rows[1].state == "active"
    assert (tenant.job().state, report.errors) == ("failed", ["the Gmail API is not enabled"])
