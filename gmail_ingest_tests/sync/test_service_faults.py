"""Syncs that are disturbed: by Google, by other workers, by a disconnect."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gmail_ingest_tests.sync.service import LATER, QUICK, TENANT

#: One call after the other, so that the k-th call is the k-th message.
IN_TURN = replace(QUICK, calls_in_flight=1, batch_messages=5)


@pytest.fixture
async def waiting(service):
    """A connected mailbox with 30 messages, whose initial sync has not begun."""
    service.account()
    service.deliver(*[f"mail {number}" for number in range(30)])
    await service.connect()
    return service


async def test_sync_renews_a_token_that_ends_in_the_middle(waiting):
    """An access token that ends between two messages costs one refresh and nothing else
    (edge case 35).
    """
    syncing = asyncio.create_task(waiting.sync(policy=IN_TURN))
    await waiting.until(lambda: waiting.calls("messages.get") >= 5)
    waiting.sandbox.call(lambda state: state.grants.expire_access_tokens())
    assert (await syncing).errors == []
    assert waiting.sandbox.call(lambda state: state.counters.calls["oauth2.token"]) == 1
    assert await waiting.agrees()


async def test_sync_of_a_revoked_grant_pauses_and_goes_on_after_a_new_consent(waiting):
    """A grant that ends in mid-sync keeps what is stored; connecting again finishes the rest
    (edge cases 35 and 36).
    """
    waiting.fault("messages.get", action="latency", latency_ms=10)
    syncing = asyncio.create_task(waiting.sync(policy=IN_TURN))
    await waiting.until(lambda: waiting.calls("messages.get") >= 8)
    waiting.sandbox.call(lambda state: state.grants.revoke_mailbox("owner@example.com"))
    report = await syncing
    assert "needs_reauth" in report.errors[0]
    assert 0 < len(await waiting.stored()) < 30
    assert await waiting.rows("SELECT state FROM mailboxes") == ["needs_reauth"]
    before = waiting.calls("messages.get")
    assert (await waiting.sync()).mailboxes == set()
    assert waiting.calls("messages.get") == before
    waiting.clear_faults()
    await waiting.connect()
    await waiting.sync()
    assert await waiting.agrees()
    assert len(await waiting.stored()) == 30


async def test_sync_dead_letters_what_can_never_be_fetched(waiting):
    """A message that always fails ends as a dead letter with its error; the rest is stored
    (edge case 2).
    """
    poison = waiting.box(lambda box: next(iter(box.message_ids())))
    waiting.fault("messages.get", message_id=poison, action="error", error="backend_error")
    await waiting.sync()
    assert await waiting.fates() == {"stored": 29, "dead": 1}
    (row,) = await waiting.rows(
        "SELECT gmail_id, attempts, error FROM message_ledger WHERE fate = 'dead'"
    )
    assert row[:2] == (poison, QUICK.max_attempts)
    assert "500" in row[2]
    (new,) = waiting.deliver("later")
    await waiting.sync()
    assert new in await waiting.stored()
    connecting = 1
    assert waiting.calls("messages.get") == connecting + 29 + QUICK.max_attempts + 1


@pytest.mark.parametrize("action", ["reset", "truncate", "html"])
async def test_sync_survives_broken_answers(waiting, action):
    """Cut-off, reset and HTML answers lose nothing (edge cases 1 and 33)."""
    waiting.fault("messages.get", action=action, every=3, times=8)
    waiting.fault("history.list", action=action, nth=[1])
    await waiting.sync()
    await waiting.sync()
    assert await waiting.agrees()
    assert len(await waiting.stored()) == 30


async def test_sync_gives_a_silent_google_up_and_recovers(waiting):
    """A call that is never answered times out, and its message is fetched later
    (edge case 33).
    """
    waiting.fault("messages.get", action="latency", latency_ms=60_000, nth=[2])
    impatient = waiting.with_settings(request_timeout_seconds=0.5)
    await impatient.sync(policy=LATER)
    assert await waiting.fates() == {"stored": 29, "pending": 1}
    await waiting.make_due()
    await waiting.sync()
    await impatient.aclose()
    assert await waiting.agrees()


async def test_sync_throttled_for_long_comes_back_by_itself(waiting):
    """A pause of minutes gives the job back until then; nothing is lost (edge cases 31 and 34)."""
    waiting.fault(
        "messages.get", action="error", error="retry_after", nth=[10], retry_after_seconds=600
    )
    report = await waiting.sync(policy=IN_TURN)
    assert report.counts.stored == 9
    (wait,) = await waiting.rows("SELECT not_before - now() FROM sync_queue")
    assert timedelta(seconds=590) < wait < timedelta(seconds=601)
    assert await waiting.rows("SELECT state FROM sync_jobs") == ["queued"]
    await waiting.rows("UPDATE sync_queue SET not_before = now() RETURNING 1")
    await waiting.sync()
    assert await waiting.rows("SELECT state FROM sync_jobs") == ["succeeded"]
    assert await waiting.agrees()


async def test_two_workers_with_force_store_everything_once(waiting):
    """Force beside a running sync: no duplicate, no cursor regression, all jobs final
    (edge cases 8 and 74).
    """
    waiting.fault("messages.get", action="latency", latency_ms=20)

    async def both():
        await waiting.sync()
        waiting.deliver(*[f"new {number}" for number in range(20)])
        first = asyncio.create_task(waiting.sync(policy=IN_TURN, holder="one"))
        before = waiting.calls("messages.get")
        await waiting.until(lambda: waiting.calls("messages.get") >= before + 3)
        await waiting.queue.enqueue(TENANT, "incremental", force=True)
        return await asyncio.gather(first, waiting.sync(policy=IN_TURN, holder="two"))

    await both()
    assert await waiting.agrees()
    assert len(await waiting.stored()) == 50
    states = await waiting.rows("SELECT DISTINCT state FROM sync_jobs")
    assert set(states) <= {"succeeded", "cancelled"}
    assert await waiting.rows("SELECT count(*) FROM sync_queue") == [0]
    checkpoint = await waiting.rows("SELECT checkpoint::text FROM mailboxes")
    assert checkpoint == [str(waiting.box(lambda box: box.history_id))]


async def test_a_worker_that_dies_is_replaced_after_its_lease(waiting):
    """What a dead worker leaves is claimed again by expiry, and finished (edge cases 34, 68)."""
    short = replace(IN_TURN, lease=timedelta(seconds=0.6))
    waiting.fault("messages.get", action="latency", latency_ms=20)
    # A killed process neither renews nor releases: its lease and claim just run out.
    (claim,) = await waiting.queue.claim("dead", limit=1, ttl=short.lease)
    (mailbox,) = await waiting.store.mailboxes(TENANT, None)
    await waiting.store.acquire_lease(mailbox.id, "listing", "dead", short.lease, force=False)
    assert await waiting.queue.claim("next", limit=1, ttl=short.lease) == []
    # The lease was taken after the claim, and runs out after it.
    await waiting.rows(
        "SELECT pg_sleep_for(greatest(claimed_until, until) - now()) FROM sync_queue, leases"
    )
    await waiting.sync()
    assert len(await waiting.stored()) == 30
    assert await waiting.agrees()
    states = await waiting.rows("SELECT state FROM sync_jobs WHERE id = %s", claim.job_id)
    assert states == ["succeeded"]


async def test_disconnect_in_the_middle_of_a_sync_ends_it_cleanly(waiting):
    """The run ends without an error, and no row comes after the disconnect (edge case 72)."""
    waiting.fault("messages.get", action="latency", latency_ms=20)

    async def disconnect():
        syncing = asyncio.create_task(waiting.sync(policy=IN_TURN))
        await waiting.until(lambda: waiting.calls("messages.get") >= 12)
        await waiting.disconnect()
        at_once = await waiting.stored()
        report = await syncing
        return at_once, report

    at_once, _ = await disconnect()
    assert 0 < len(at_once) < 30
    assert await waiting.stored() == at_once
    assert await waiting.rows("SELECT DISTINCT state FROM sync_jobs") == ["cancelled"]
    assert await waiting.rows("SELECT state FROM mailboxes") == ["disconnected"]


async def test_a_project_with_the_api_disabled_changes_no_mailbox(waiting):
    """What the operator must mend is said so, and costs no mailbox its state."""
    waiting.fault("*", action="error", error="access_not_configured")
    report = await waiting.sync()
    assert "not enabled" in report.errors[0]
    assert await waiting.rows("SELECT state FROM mailboxes") == ["active"]
    waiting.clear_faults()
    await waiting.sync("initial")
    assert await waiting.agrees()
