import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.errors import (
    AdminActionRequiredError,
    MailboxUnavailableError,
    OperatorActionError,
    ReauthoriseError,
    SuspectAccountError,
    ThrottledError,
    TransientError,
)
from gmail_ingest.sync.patience import TRIES
from gmail_ingest.sync.records import Counts, Ruled
from gmail_ingest.sync.tenant_sync import BUSY, TenantReport, TenantSync
from gmail_ingest_tests.fakes.sync_queue import MemorySyncQueue
from gmail_ingest_tests.sync.conftest import QUICK, RecordingStore
from gmail_ingest_tests.sync.google import MemoryMailSource


class Tenant:
    """A tenant ``acme`` with mailboxes in memory, and its queue."""

    def __init__(self, *addresses: str) -> None:
        self.store = RecordingStore()
        self.queue = MemorySyncQueue()
        self.google: dict[int, MemoryMailSource] = {}
        for address in addresses:
            mailbox = self.store.add_mailbox("acme", address, 100)
            self.google[mailbox.id] = MemoryMailSource(f"{mailbox.id}a", f"{mailbox.id}b")

    def sync(self, policy=QUICK, **more) -> TenantSync:
        """The use case over this tenant."""
        return TenantSync(
            self.queue, self.store, lambda mailbox: self.google[mailbox.id], policy, **more
        )

    async def run(self, policy=QUICK, **more) -> TenantReport:
        """Work off what waits."""
        return await self.sync(policy).run_tenant("acme", "worker", **more)

    def job(self):
        """The only job."""
        (job,) = self.queue.jobs.values()
        return job

    @property
    def stored(self) -> set[str]:
        """Ids of all stored messages."""
        return {message_id for _, message_id in self.store.emails}


@pytest.fixture
def tenant() -> Tenant:
    """A tenant with one mailbox, which has two new messages, ``1a`` and ``1b``."""
    return Tenant("a@example.com")


def test_run_tenant_works_off_what_waits(run, tenant):
    """A waiting row is claimed, worked off and acknowledged, with its counts."""
    run(tenant.queue.enqueue("acme", "incremental"))
    report = run(tenant.run(run_id="dagster-run"))
    assert tenant.stored == {"1a", "1b"}
    assert tenant.queue.rows == []
    assert (tenant.job().state, tenant.job().error) == ("succeeded", None)
    assert tenant.job().counts.stored == report.counts.stored == 2
    assert (report.jobs, report.mailboxes, report.errors) == (1, {1}, [])
    assert tenant.job().dagster_run_id == "dagster-run"


def test_run_tenant_asks_for_a_sync_when_nothing_waits(run, tenant):
    """A run started by hand follows the history of every mailbox."""
    report = run(tenant.run())
    assert tenant.stored == {"1a", "1b"}
    assert (report.jobs, tenant.job().state) == (1, "succeeded")


def test_a_change_of_rules_is_worked_off_without_google(run, tenant):
    """Batches until none is left, also of mailboxes that cannot be synced; the job's counts are
    their sum.
    """
    tenant.store.rows[1] = replace(tenant.store.rows[1], state="needs_reauth")
    batches = [
        Ruled(1, Counts(excluded=2)),
        Ruled(1, Counts(excluded=1)),
        Ruled(7, Counts(updated=4)),
    ]
    tenant.store.to_rule["acme"].extend(batches)
    run(tenant.queue.enqueue("acme", "exclusions"))
    report = run(tenant.run())
    assert (report.counts.excluded, report.counts.updated, report.mailboxes) == (3, 4, {1, 7})
    assert (tenant.job().state, tenant.job().error) == ("succeeded", None)
    assert tenant.google[1].calls == []


def test_a_change_of_rules_that_another_job_worked_off_has_succeeded(run, tenant):
    """Nothing is left to do, and nobody has to do anything."""
    run(tenant.queue.enqueue("acme", "exclusions"))
    run(tenant.run())
    assert (tenant.job().state, tenant.job().error) == ("succeeded", None)


def test_run_tenant_works_off_both_kinds(run, tenant):
    """An initial and an incremental sync that wait are done in one run."""
    tenant.google[1].listed("old")
    run(tenant.queue.enqueue("acme", "initial"))
    run(tenant.queue.enqueue("acme", "incremental"))
    assert run(tenant.run()).jobs == 2
    assert tenant.stored == {"1a", "1b", "old"}


def test_run_tenant_takes_what_is_asked_meanwhile(run, tenant):
    """A push that comes while the run works is served by the same run (edge case 22)."""
    run(tenant.queue.enqueue("acme", "incremental"))

    async def push(_call) -> None:
        tenant.google[1].on_fetch = None
        for _ in range(50):
            await tenant.queue.enqueue("acme", "incremental", history_id=200)

    tenant.google[1].on_fetch = push
    assert run(tenant.run()).jobs == 2
    assert [job.state for job in tenant.queue.jobs.values()] == ["succeeded", "succeeded"]


def test_run_tenant_leaves_alone_what_somebody_else_holds(run, tenant):
    """A row that another run has claimed stays with it (edge case 8)."""
    run(tenant.queue.enqueue("acme", "incremental"))
    run(tenant.queue.claim("other", limit=1, ttl=timedelta(minutes=1)))
    report = run(tenant.run())
    assert report.jobs == 0
    assert tenant.google[1].calls == []


def test_run_tenant_syncs_only_the_named_mailboxes(run):
    """A push names one mailbox of several: only that one is asked."""
    tenant = Tenant("a@example.com", "b@example.com")
    run(tenant.queue.enqueue("acme", "incremental", mailbox_ids=[2]))
    assert run(tenant.run()).mailboxes == {2}
    assert tenant.google[1].calls == []


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ReauthoriseError("the grant is dead"), id="edge-case-36"),
        pytest.param(AdminActionRequiredError("delegation is missing"), id="edge-case-38"),
        pytest.param(MailboxUnavailableError("the account has no Gmail"), id="edge-case-32"),
    ],
)
def test_a_mailbox_that_needs_a_person_goes_to_its_state(run, error):
    """It gets its named state and its remedy, is not retried, and the others of the tenant go on
    (edge cases 32, 36 and 38).
    """
    tenant = Tenant("a@example.com", "b@example.com")
    tenant.google[1].always["history:0"] = error
    report = run(tenant.run())
    assert tenant.store.rows[1].state == error.state
    assert tenant.store.rows[2].state == "active"
    assert tenant.stored == {"2a", "2b"}
    assert tenant.queue.rows == []
    assert tenant.job().state == "failed"
    assert report.errors == [f"{error.state}: {error.remedy}"]
    assert tenant.google[1].calls == ["history:0"]


def test_a_mailbox_that_is_throttled_comes_back_at_its_time(run, tenant):
    """A long throttle gives the job back to the queue until Google's time (edge case 31)."""
    until = datetime.now(UTC) + timedelta(minutes=15)
    tenant.google[1].failures["1b"].append(ThrottledError("mailbox", until))
    report = run(tenant.run(replace(QUICK, calls_in_flight=1)))
    (row,) = tenant.queue.rows
    assert (row.not_before, row.claimed_by) == (until, None)
    assert tenant.job().state == "queued"
    assert tenant.store.rows[1].state == "active"
    assert report.errors == []


def test_the_earliest_time_of_several_mailboxes_counts(run):
    """One job for several mailboxes waits for the first that may go on (edge case 31)."""
    tenant = Tenant("a@example.com", "b@example.com", "c@example.com")
    soon, late = (datetime.now(UTC) + timedelta(minutes=n) for n in (10, 20))
    tenant.google[1].always["history:0"] = ThrottledError("mailbox", late)
    tenant.google[2].always["history:0"] = ThrottledError("mailbox", soon)
    run(tenant.run())
    assert tenant.queue.rows[0].not_before == soon
    assert tenant.stored == {"3a", "3b"}


def test_a_transient_failure_comes_back_after_a_delay(run, tenant):
    """A mailbox that gives no answer is asked again later, not given up (edge case 34)."""
    tenant.google[1].failures["history:0"].extend([TransientError("503")] * TRIES)
    policy = replace(QUICK, first_retry=0.01, longest_retry=0.02)
    run(tenant.run(policy))
    assert tenant.queue.rows[0].not_before <= datetime.now(UTC) + timedelta(seconds=1)
    assert tenant.job().state == "queued"
    assert "503" in tenant.job().error


def test_a_failure_that_stays_ends_the_job(run, tenant):
    """After its last attempt the job has failed, with its error; the poll sweep asks anew."""
    tenant.google[1].always["history:0"] = TransientError("503")
    policy = replace(QUICK, first_retry=0.0, max_attempts=2)

    async def again_and_again() -> None:
        await tenant.queue.enqueue("acme", "incremental")
        sync = tenant.sync(policy)
        while tenant.queue.rows:
            await sync.run_tenant("acme", "worker")

    run(asyncio.wait_for(again_and_again(), 10))
    assert (tenant.job().state, tenant.job().error) == ("failed", "503")
    assert tenant.store.rows[1].state == "active"


def test_a_wrong_deployment_changes_no_mailbox(run, tenant):
    """What the operator must mend is no mailbox's fault."""
    tenant.google[1].always["history:0"] = OperatorActionError("the Gmail API is not enabled")
    report = run(tenant.run())
    assert tenant.store.rows[1].state == "active"
    assert (tenant.job().state, report.errors) == ("failed", ["the Gmail API is not enabled"])


def test_a_mailbox_in_other_hands_is_looked_at_again_soon(run, tenant):
    """A mailbox that somebody syncs now comes back within seconds (edge case 8)."""
    minute = timedelta(minutes=1)
    run(tenant.store.acquire_lease(1, "live", "other", minute, force=False))
    run(tenant.run())
    wait = tenant.queue.rows[0].not_before - datetime.now(UTC)
    assert timedelta(0) < wait <= BUSY
    assert tenant.stored == set()


def test_force_takes_a_mailbox_over(run, tenant):
    """A forced job does not wait for a lease (edge case 74)."""
    run(tenant.store.acquire_lease(1, "live", "other", timedelta(minutes=1), force=False))
    run(tenant.queue.enqueue("acme", "incremental", force=True))
    run(tenant.run())
    assert tenant.stored == {"1a", "1b"}
    assert tenant.job().state == "succeeded"


def test_a_job_whose_lease_was_taken_over_ends_as_cancelled(run, tenant):
    """The loser of a take-over writes nothing more, and its job is final (edge case 74)."""

    async def taken_over(_call) -> None:
        minute = timedelta(minutes=1)
        await tenant.store.acquire_lease(1, "live", "other", minute, force=True)

    tenant.google[1].on_fetch = taken_over
    run(tenant.run())
    assert tenant.stored == set()
    assert tenant.queue.rows == []
    assert tenant.job().state == "cancelled"


def test_a_tenant_disconnected_meanwhile_ends_cleanly(run, tenant):
    """A disconnect ends the run without a failed job and without a row (edge case 72)."""

    async def disconnect(_call) -> None:
        await tenant.store.set_mailbox_state(1, "disconnected", None)

    tenant.google[1].on_fetch = disconnect
    report = run(tenant.run())
    assert tenant.stored == set()
    assert tenant.job().state == "cancelled"
    assert tenant.store.rows[1].state == "disconnected"
    assert report.counts.stored == 0


def test_a_tenant_without_a_mailbox_that_may_be_synced_says_so(run, tenant):
    """A job that finds nothing to do is not called a success."""
    run(tenant.store.set_mailbox_state(1, "needs_reauth", "dead"))
    report = run(tenant.run())
    assert tenant.job().state == "cancelled"
    assert "no mailbox" in tenant.job().error
    assert (report.jobs, report.mailboxes) == (1, set())


def test_a_claim_lives_as_long_as_its_sync(run, tenant):
    """A sync that takes longer than a claim is not claimed by another run (edge case 68)."""
    policy = replace(QUICK, lease=timedelta(milliseconds=300))
    others = []

    async def outlive(_call) -> None:
        await asyncio.sleep(0.6)
        others.extend(await tenant.queue.claim("other", limit=9, ttl=timedelta(minutes=1)))

    tenant.google[1].on_fetch = outlive
    run(tenant.run(policy))
    assert others == []
    assert tenant.job().state == "succeeded"


def test_mailboxes_at_once_are_bounded(run):
    """A process syncs only so many mailboxes side by side (edge case 63)."""
    tenant = Tenant(*[f"{number}@example.com" for number in range(6)])
    most = 0

    async def look(_call) -> None:
        nonlocal most
        await asyncio.sleep(0)
        most = max(most, sum(bool(each.in_flight) for each in tenant.google.values()))

    for google in tenant.google.values():
        google.on_fetch = look
    sync = tenant.sync(mailboxes_at_once=2)
    assert len(run(sync.run_tenant("acme", "worker")).mailboxes) == 6
    assert most == 2
    assert len(tenant.stored) == 12


def test_errors_of_a_report_hold_nothing_private(run):
    """Addresses are in no error that is stored or shown (promise 8)."""
    tenant = Tenant("secret@example.com")
    tenant.google[1].always["history:0"] = ReauthoriseError("the grant is dead")
    report = run(tenant.run())
    assert "secret" not in f"{report.errors} {tenant.job().error}"


def test_a_job_that_takes_its_workers_with_it_ends_failed(run, tenant):
    """After several dead workers in a row the job is final, and is not begun once more
    (edge cases 34 and 68).
    """
    run(tenant.queue.enqueue("acme", "incremental"))
    for _ in range(QUICK.max_deaths):
        run(tenant.queue.claim("dead", limit=1, ttl=timedelta(seconds=-1)))
    report = run(tenant.run())
    assert tenant.google[1].calls == []
    assert tenant.queue.rows == []
    assert tenant.job().state == "failed"
    assert report.errors == [tenant.job().error]
    assert "5 times in a row" in report.errors[0]


def test_an_unexplained_refusal_that_lasts_is_a_suspension(run, tenant):
    """Once it is tried again; again and again, the account counts as suspended (edge case 32)."""
    error = SuspectAccountError("precondition check failed")
    tenant.google[1].always["history:0"] = error
    policy = replace(QUICK, first_retry=0.0, longest_retry=0.0)
    report = run(tenant.run(policy))
    assert tenant.store.rows[1].state == "suspended"
    assert tenant.store.troubles[1] == (str(error), "suspended")
    assert tenant.job().state == "failed"
    assert report.jobs == policy.suspect_attempts


def test_run_tenant_awaits_every_mailbox_when_one_breaks_the_rules(run):
    """An error that nobody foresaw is raised when the tenant's other mailboxes are done, so that
    none goes on while its process closes what it works with.
    """
    tenant = Tenant("a@example.com", "b@example.com")
    tenant.google[1].failures["history:0"].append(KeyError("a bug"))

    async def take_a_while(_call) -> None:
        await asyncio.sleep(0.05)

    tenant.google[2].on_fetch = take_a_while
    run(tenant.queue.enqueue("acme", "incremental"))
    with pytest.raises(KeyError):
        run(tenant.run())
    assert tenant.stored == {"2a", "2b"}
    assert tenant.job().state == "queued"


LOOKING = replace(QUICK, look_again=0.05)


def test_mail_whose_notification_was_dropped_is_found_by_a_second_look(run, tenant):
    """The run stays for it, looks again while it finds something, and leaves no job of a look that
    found nothing (edge case 84).
    """
    google = tenant.google[1]
    run(tenant.queue.enqueue("acme", "incremental"))
    late = iter(["late", "later"])
    original, looks = google.list_history, 0

    async def look(start, token):
        nonlocal looks
        looks += 1
        page = await original(start, token)
        if (message := next(late, None)) is not None:
            google.arrive(message)  # after Gmail has answered, as mail does that is not told of
        return page

    google.list_history = look
    report = run(tenant.run(LOOKING))
    assert tenant.stored == {"1a", "1b", "late", "later"}
    assert looks == 4
    assert (report.jobs, len(tenant.queue.jobs), tenant.queue.rows) == (4, 3, [])


def test_second_look_is_for_what_was_found_only(run):
    """Of two mailboxes the one with news is looked at once more, and none if it is switched off
    (edge case 84).
    """
    tenant = Tenant("a@example.com", "b@example.com")
    tenant.google[2].history_pages = [[]]
    run(tenant.queue.enqueue("acme", "incremental"))
    run(tenant.run(LOOKING))
    asked = [
        sum(call.startswith("history") for call in tenant.google[each].calls) for each in (1, 2)
    ]
    assert asked == [2, 1]
    run(tenant.queue.enqueue("acme", "incremental"))
    run(tenant.run(QUICK))
    assert tenant.queue.rows == []


def test_second_look_does_not_wait_for_a_long_listing(run, tenant):
    """A run that lists a mailbox for hours looks again meanwhile (edge case 84)."""
    google = tenant.google[1]
    google.listed("old")
    found = asyncio.Event()

    async def scene():
        original, list_messages = google.list_history, google.list_messages
        looks = 0

        async def look(start, token):
            nonlocal looks
            looks += 1
            if looks == 2:
                found.set()
            return await original(start, token)

        async def slow(*args, **options):
            async with asyncio.timeout(5):
                await found.wait()
            return await list_messages(*args, **options)

        google.list_history, google.list_messages = look, slow
        await tenant.queue.enqueue("acme", "initial")
        await tenant.queue.enqueue("acme", "incremental")
        await tenant.run(LOOKING)

    run(scene())
    assert tenant.stored == {"1a", "1b", "old"}


def test_poll_is_worked_off_without_a_job(run, tenant):
    """What it finds makes one, nothing found makes none (edge case 83)."""
    tenant.queue.poll("acme", 1)
    run(tenant.run())
    assert tenant.job().counts.stored == 2
    tenant.queue.poll("acme", 1)
    run(tenant.run())
    assert (len(tenant.queue.jobs), tenant.queue.rows) == (1, [])


def test_run_that_is_stopped_gives_back_all_that_is_under_way(run, tenant):
    """Claims of a cancelled run are free at once."""
    tenant.google[1].listed("old")

    async def scene():
        begun = asyncio.Event()

        async def hang(*_args, **_options):
            begun.set()
            await asyncio.Event().wait()

        tenant.google[1].list_messages = hang
        await tenant.queue.enqueue("acme", "initial")
        task = asyncio.create_task(tenant.run())
        await begun.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return [row.claimed_by for row in tenant.queue.rows]

    assert run(scene()) == [None]
