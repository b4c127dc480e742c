from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.errors import LeaseHeldError, LeaseLostError, MailboxDisconnectedError
from gmail_ingest.sync.mailbox.records import Gone, Listing, MessageRef
from gmail_ingest_tests.postgres.worlds import ENDED, MINUTE, lease

WINDOW = Window(start=datetime(2026, 1, 1, tzinfo=UTC))


async def test_acquire_lease_refuses_while_somebody_holds_it(world):
    """A second worker hears until when the first one holds the mailbox."""
    mailbox = await world.connect()
    held = await world.store.acquire_lease(mailbox, "push", "one", MINUTE, force=False)
    with pytest.raises(LeaseHeldError) as refusal:
        await world.store.acquire_lease(mailbox, "push", "two", MINUTE, force=False)
    assert refusal.value.until == held.until


async def test_acquire_lease_takes_live_and_listing_side_by_side(world):
    """An initial sync does not keep live mail waiting."""
    mailbox = await world.connect()
    live = await world.store.acquire_lease(mailbox, "push", "one", MINUTE, force=False)
    listing = await world.store.acquire_lease(mailbox, "listing", "two", MINUTE, force=False)
    await world.store.renew_lease(live, MINUTE)
    await world.store.renew_lease(listing, MINUTE)


async def test_acquire_lease_of_a_dead_worker_after_its_time(world):
    """A lease that expired is free without any unlocking (edge case 68)."""
    mailbox = await world.connect()
    dead = await lease(world, mailbox, ttl=ENDED)
    taken = await world.store.acquire_lease(mailbox, "push", "two", MINUTE, force=False)
    assert taken.token > dead.token
    with pytest.raises(LeaseLostError):
        await world.store.renew_lease(dead, MINUTE)


async def test_renewed_lease_stays_held(world):
    """A heartbeat keeps an almost expired lease."""
    mailbox = await world.connect()
    held = await lease(world, mailbox, ttl=ENDED)
    await world.store.renew_lease(held, MINUTE)
    with pytest.raises(LeaseHeldError):
        await world.store.acquire_lease(mailbox, "push", "two", MINUTE, force=False)


async def test_released_lease_is_free_and_late_release_harmless(world):
    """Giving back frees the lease; giving back one that was taken over frees nothing."""
    mailbox = await world.connect()
    first = await lease(world, mailbox)
    await world.store.release_lease(first)
    await world.store.acquire_lease(mailbox, "push", "two", MINUTE, force=False)
    await world.store.release_lease(first)
    with pytest.raises(LeaseHeldError):
        await world.store.acquire_lease(mailbox, "push", "three", MINUTE, force=False)


async def _every_write(store, held):
    change = MessageChange("m1", "t1", 200, deleted=False, label_ids=("INBOX",))
    listing = Listing(1, held.mailbox_id, WINDOW, None, done=False)
    yield store.renew_lease(held, MINUTE)
    yield store.apply_history(held, [change], 300)
    yield store.open_listing(held, WINDOW)
    yield store.apply_list_page(held, listing, [MessageRef("m1", "t1")], None)
    yield store.restart_listing(held, listing)
    yield store.reset_history(held, 300, WINDOW)
    yield store.save(held, [Gone("m1")])
    yield store.finish_sync(held)


async def test_no_write_after_takeover(world):
    """Every write of a worker whose lease was forced away fails, and changes nothing
    (edge case 74).
    """
    mailbox = await world.connect()
    old = await lease(world, mailbox)
    await lease(world, mailbox)
    async for write in _every_write(world.store, old):
        with pytest.raises(LeaseLostError):
            await write
    (row,) = await world.store.mailboxes("acme", None)
    assert (row.checkpoint, row.last_synced_at) == (100, None)
    assert await world.store.next_due(mailbox, "push") is None


async def test_no_write_after_disconnect(world):
    """Every write and every new lease fails once the mailbox is disconnected (edge case 72)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await world.disconnect(mailbox)
    async for write in _every_write(world.store, held):
        with pytest.raises(MailboxDisconnectedError):
            await write
    with pytest.raises(MailboxDisconnectedError):
        await lease(world, mailbox)
    await world.store.set_mailbox_state(mailbox, "active", None)
    assert await world.store.mailboxes("acme", None) == []
    assert await world.store.next_due(mailbox, "push") is None


async def test_mailboxes_are_those_that_may_be_synced(world):
    """A mailbox in another state than active is left out, and so are those not named."""
    first = await world.connect("a@example.com")
    second = await world.connect("b@example.com")
    await world.connect("c@example.com", tenant="other")
    both = await world.store.mailboxes("acme", None)
    assert [mailbox.id for mailbox in both] == [first, second]
    assert [mailbox.id for mailbox in await world.store.mailboxes("acme", [second])] == [second]
    await world.store.set_mailbox_state(first, "needs_reauth", "consent again")
    assert [mailbox.id for mailbox in await world.store.mailboxes("acme", None)] == [second]
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)
    await world.store.set_watch(second, until)
    (watched,) = await world.store.mailboxes("acme", None)
    assert watched.watch_expires_at == until


async def test_finish_sync_notes_the_time_of_live_mail(world):
    """Only a finished live sync counts as a sync of the mailbox."""
    mailbox = await world.connect()
    await world.store.finish_sync(await lease(world, mailbox, "listing"))
    (before,) = await world.store.mailboxes("acme", None)
    assert before.last_synced_at is None
    await world.store.finish_sync(await lease(world, mailbox))
    (after,) = await world.store.mailboxes("acme", None)
    assert after.last_synced_at is not None
    assert datetime.now(UTC) - after.last_synced_at < MINUTE
