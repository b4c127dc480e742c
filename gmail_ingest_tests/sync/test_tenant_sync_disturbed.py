import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.errors import (
    ReauthoriseError,
    RefusedByGoogleError,
    SuspectAccountError,
)
from gmail_ingest.sync.mailbox.consequences import BUSY
from gmail_ingest_tests.sync.conftest import QUICK
from gmail_ingest_tests.sync.tenants import Tenant


@pytest.fixture
def tenant() -> Tenant:
    """A tenant with one mailbox, which has two new messages, ``1a`` and ``1b``."""
    return Tenant("a@example.com")


async def test_a_mailbox_in_other_hands_is_looked_at_again_soon(tenant):
    """A mailbox that somebody syncs now comes back within seconds (edge case 8)."""
    minute = timedelta(minutes=1)
    await tenant.store.acquire_lease(1, "push", "other", minute, force=False)
    await tenant.run()
    wait = tenant.queue.rows[0].not_before - datetime.now(UTC)
    assert timedelta(0) < wait <= BUSY
    assert tenant.stored == set()


async def test_force_takes_a_mailbox_over(tenant):
    """A forced job does not wait for a lease (edge case 74)."""
    await tenant.store.acquire_lease(1, "push", "other", timedelta(minutes=1), force=False)
    await tenant.queue.enqueue("acme", "incremental", force=True)
    await tenant.run()
    assert tenant.stored == {"1a", "1b"}
    assert tenant.job().state == "succeeded"


async def test_a_job_whose_lease_was_taken_over_ends_as_cancelled(tenant):
    """The loser of a take-over writes nothing more, and its job is final (edge case 74)."""

    async def taken_over(_call) -> None:
        minute = timedelta(minutes=1)
        await tenant.store.acquire_lease(1, "push", "other", minute, force=True)

    tenant.google[1].on_fetch = taken_over
    await tenant.run()
    assert tenant.stored == set()
    assert tenant.queue.rows == []
    assert tenant.job().state == "cancelled"


async def test_a_tenant_disconnected_meanwhile_ends_cleanly(tenant):
    """A disconnect ends the run without a failed job and without a row (edge case 72)."""

    async def disconnect(_call) -> None:
        await tenant.store.set_mailbox_state(1, "disconnected", None)

    tenant.google[1].on_fetch = disconnect
    report = await tenant.run()
    assert tenant.stored == set()
    assert tenant.job().state == "cancelled"
    assert tenant.store.rows[1].state == "disconnected"
    assert report.counts.stored == 0


async def test_a_mailbox_disconnected_meanwhile_spoils_no_job_of_its_colleague():
    """One of two goes in mid-sync: the job is what became of the other (edge case 101)."""
    tenant = Tenant("a@example.com", "b@example.com")

    async def disconnect(_call) -> None:
        await tenant.store.set_mailbox_state(1, "disconnected", None)

    tenant.google[1].on_fetch = disconnect
    report = await tenant.run()
    assert tenant.stored == {"2a", "2b"}
    assert (tenant.job().state, tenant.job().error) == ("succeeded", None)
    assert report.mailboxes == {2}


async def test_a_tenant_without_a_mailbox_that_may_be_synced_says_so(tenant):
    """A job that finds nothing to do is not called a success."""
    await tenant.store.set_mailbox_state(1, "needs_reauth", "dead")
    report = await tenant.run()
    assert tenant.job().state == "cancelled"
    assert "no mailbox" in tenant.job().error
    assert (report.jobs, report.mailboxes) == (1, set())


async def test_a_claim_lives_as_long_as_its_sync(tenant):
    """A sync that takes longer than a claim is not claimed by another run (edge case 68)."""
    policy = replace(QUICK, lease=timedelta(milliseconds=300))
    others = []

    async def outlive(_call) -> None:
        await asyncio.sleep(0.6)
        others.extend(await tenant.queue.claim("other", limit=9, ttl=timedelta(minutes=1)))

    tenant.google[1].on_fetch = outlive
    await tenant.run(policy)
    assert others == []
    assert tenant.job().state == "succeeded"


async def test_mailboxes_at_once_are_bounded():
    """A process syncs only so many mailboxes side by side (edge case 63)."""
    tenant = Tenant(*[f"{number}@example.com" for number in range(6)])
    most = 0

    async def look(_call) -> None:
        nonlocal most
        await asyncio.sleep(0)
        most = max(most, sum(bool(client.in_flight) for client in tenant.google.values()))

    for google in tenant.google.values():
        google.on_fetch = look
    sync = tenant.sync(mailboxes_at_once=2)
    assert len((await sync.run_tenant("acme", "worker")).mailboxes) == 6
    assert most == 2
    assert len(tenant.stored) == 12


async def test_errors_of_a_report_hold_nothing_private():
    """Addresses are in no error that is stored or shown (promise 8)."""
    tenant = Tenant("secret@example.com")
    tenant.google[1].always["history:0"] = ReauthoriseError("the grant is dead")
    report = await tenant.run()
    assert "secret" not in f"{report.errors} {tenant.job().error}"


async def test_a_job_that_takes_its_workers_with_it_ends_failed(tenant):
    """After several dead workers in a row the job is final, and is not begun once more
    (edge cases 34 and 68).
    """
    await tenant.queue.enqueue("acme", "incremental")
    for _ in range(QUICK.max_crashes):
        await tenant.queue.claim("dead", limit=1, ttl=timedelta(seconds=-1))
    report = await tenant.run()
    assert tenant.google[1].calls == []
    assert tenant.queue.rows == []
    assert tenant.job().state == "failed"
    assert report.errors == [tenant.job().error]
    assert "5 times in a row" in report.errors[0]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (SuspectAccountError("precondition check failed"), "suspended"),
        (RefusedByGoogleError("Google refuses gmail.users.history.list (400)"), "refused"),
    ],
)
async def test_an_unexplained_refusal_that_lasts_is_a_suspension(tenant, error, cause):
    """Once it is tried again; again and again, the account counts as suspended (edge case 32)."""
    tenant.google[1].always["history:0"] = error
    policy = replace(QUICK, first_retry=0.0, longest_retry=0.0)
    report = await tenant.run(policy)
    assert tenant.store.rows[1].state == "suspended"
    assert tenant.store.failures[1] == (str(error), cause)
    assert tenant.job().state == "failed"
    assert report.jobs == policy.suspect_attempts


async def test_run_tenant_awaits_every_mailbox_when_one_breaks_the_rules():
    """An error that nobody foresaw is raised when the tenant's other mailboxes are done, so that
    none goes on while its process closes what it works with.
    """
    tenant = Tenant("a@example.com", "b@example.com")
    tenant.google[1].failures["history:0"].append(KeyError("a bug"))

    async def take_a_while(_call) -> None:
        await asyncio.sleep(0.05)

    tenant.google[2].on_fetch = take_a_while
    await tenant.queue.enqueue("acme", "incremental")
    with pytest.raises(KeyError):
        await tenant.run()
    assert tenant.stored == {"2a", "2b"}
    assert tenant.job().state == "queued"


LOOKING = replace(QUICK, look_again=0.05)


async def test_mail_whose_notification_was_dropped_is_found_by_a_second_look(tenant):
    """The run stays for it, looks again while it finds something, and leaves no job of a look that
    found nothing (edge case 84).
    """
    google = tenant.google[1]
    await tenant.queue.enqueue("acme", "incremental")
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
    report = await tenant.run(LOOKING)
    assert tenant.stored == {"1a", "1b", "late", "later"}
    assert looks == 4
    assert (report.jobs, len(tenant.queue.jobs), tenant.queue.rows) == (4, 3, [])


async def test_second_look_is_for_what_was_found_only():
    """Of two mailboxes the one with news is looked at once more, and none if it is switched off
    (edge case 84).
    """
    tenant = Tenant("a@example.com", "b@example.com")
    tenant.google[2].history_pages = [[]]
    await tenant.queue.enqueue("acme", "incremental")
    await tenant.run(LOOKING)
    asked = [
        sum(call.startswith("history") for call in tenant.google[mailbox_id].calls)
        for mailbox_id in (1, 2)
    ]
    assert asked == [2, 1]
    await tenant.queue.enqueue("acme", "incremental")
    await tenant.run(QUICK)
    assert tenant.queue.rows == []


async def test_notification_of_nothing_is_followed_by_a_second_look(tenant):
    """Google notifies of changes that mean nothing here, too, and drops what comes within a second
    after that; the look that finds nothing is the last (edge case 84).
    """
    google = tenant.google[1]
    google.history_pages = [[]]
    await tenant.queue.enqueue("acme", "incremental", mailbox_ids=[1], history_id=7)
    original = google.list_history

    async def look(start, token):
        page = await original(start, token)
        if len(google.calls) == 1:
            google.arrive("late")
        return page

    google.list_history = look
    await tenant.run(LOOKING)
    assert tenant.stored == {"late"}
    assert sum(call.startswith("history") for call in google.calls) == 3
    assert tenant.queue.rows == []


async def test_second_look_does_not_wait_for_a_long_listing(tenant):
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

    await scene()
    assert tenant.stored == {"1a", "1b", "old"}


async def test_poll_is_worked_off_without_a_job(tenant):
    """What it finds makes one, nothing found makes none (edge case 83)."""
    tenant.queue.poll("acme", 1)
    await tenant.run()
    assert tenant.job().counts.stored == 2
    tenant.queue.poll("acme", 1)
    await tenant.run()
    assert (len(tenant.queue.jobs), tenant.queue.rows) == (1, [])


async def test_run_that_is_stopped_gives_back_all_that_is_under_way(tenant):
    """Claims of a cancelled run are free at once."""
    tenant.google[1].listed("old")
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
    assert [row.claimed_by for row in tenant.queue.rows] == [None]
