import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.errors import (
    HistoryExpiredError,
    LeaseHeldError,
    ReauthoriseError,
    ThrottledError,
)
from gmail_ingest.sync.live.mailbox_sync import sync_mailbox
from gmail_ingest.sync.mailbox.limiter import Unlimited
from gmail_ingest_tests.sync.conftest import QUICK

MINUTE = timedelta(minutes=1)


class Purse(Unlimited):
    """A limiter that allows everything and keeps the books."""

    def __init__(self) -> None:
        self.balance = 0

    async def reserve(self, mailbox_id, units, origin) -> float:
        """Book what is reserved."""
        self.balance += units
        return await super().reserve(mailbox_id, units, origin)

    async def give_back(self, mailbox_id, units, origin) -> None:  # noqa: ARG002 - the port's
        """Book what comes back."""
        self.balance -= units


async def sync(box, kind="incremental", *, policy=QUICK, limiter=None, force=False):
    """Sync the mailbox as it is now."""
    await sync_mailbox(box.session(policy, limiter), kind, box.counts, force=force)


async def test_incremental_sync_stores_new_mail_and_notes_the_time(box):
    """History is followed, bodies are fetched, and the mailbox counts as synced."""
    box.google.arrive("m1", "m2")
    await sync(box)
    assert box.stored == {"m1", "m2"}
    assert box.checkpoint == 500
    assert datetime.now(UTC) - box.store.rows[1].last_synced_at < MINUTE


async def test_incremental_sync_twice_changes_nothing(box):
    """The same history again stores nothing again (edge case 8)."""
    box.google.arrive("m1")
    await sync(box)
    before = dict(box.store.emails)
    await sync(box)
    assert box.store.emails == before
    assert box.counts.stored == 1


async def test_initial_sync_lists_the_last_days(box):
    """The window begins as many days ago as the policy says."""
    box.google.listed("m1", "m2")
    await sync(box, "initial", policy=replace(QUICK, initial_days=7))
    assert box.stored == {"m1", "m2"}
    (window,) = set(box.google.windows)
    assert abs(window.start - (datetime.now(UTC) - timedelta(days=7))) < MINUTE
    assert datetime.now(UTC) - box.store.rows[1].last_synced_at < MINUTE


async def test_initial_sync_and_mail_that_arrives_meanwhile(box):
    """What the listing and the history both name is stored once (edge case 7)."""
    box.google.listed("m1", "m2")
    box.google.arrive("m2", "m3")
    await sync(box, "initial")
    await sync(box)
    assert box.stored == {"m1", "m2", "m3"}
    assert box.counts.stored == 3


async def test_incremental_sync_lists_after_expired_history(box):
    """Expired history is made up for in the same sync, and the mailbox stays active
    (edge case 3).
    """
    box.google.listed("m1", "m2")
    box.google.failures["history:0"].append(HistoryExpiredError("404"))
    await sync(box)
    assert box.stored == {"m1", "m2"}
    assert box.store.rows[1].state == "active"
    assert [listing.done for listing in box.store.listings] == [True]


async def test_incremental_sync_leaves_a_resync_to_the_listing_that_runs(box):
    """Who lists the mailbox now finds the resync next; the incremental sync ends (edge case 3)."""
    await box.lease("listing", holder="other")
    box.google.failures["history:0"].append(HistoryExpiredError("404"))
    await sync(box)
    assert [listing.done for listing in box.store.listings] == [False]
    assert not [call for call in box.google.calls if call.startswith("list:")]


async def test_incremental_sync_retries_listed_ids_that_are_due(box):
    """Ids that a listing left behind are fetched by whichever sync comes next (edge case 34)."""
    box.google.listed("m1", "m2")
    box.google.failures["m1"].append(ReauthoriseError("dead"))
    with pytest.raises(ReauthoriseError):
        await sync(box, "initial")
    assert box.fate("m1") == "pending"
    await sync(box)
    assert box.stored == {"m1", "m2"}


async def test_incremental_sync_leaves_listed_ids_to_the_listing_that_runs(box):
    """Ids that an initial sync is about to fetch are not fetched twice."""
    lease = await box.lease("listing", holder="other")
    box.google.listed("m1")
    listing = await box.store.open_listing(lease, None)
    await box.store.apply_list_page(lease, listing, box.google.list_pages[0], None)
    await sync(box)
    assert box.fate("m1") == "pending"
    assert box.google.fetched == []


@pytest.mark.parametrize(("kind", "origin"), [("incremental", "push"), ("initial", "listing")])
async def test_sync_leaves_a_mailbox_that_somebody_else_syncs(box, kind, origin):
    """One sync of an origin at a time: the second makes no call (edge case 8)."""
    lease = await box.lease(origin, holder="other")
    with pytest.raises(LeaseHeldError) as caught:
        await sync(box, kind)
    assert caught.value.until == lease.until
    assert box.google.calls == []


async def test_live_and_listing_do_not_wait_for_each_other(box):
    """New mail is stored while an initial sync of the same mailbox goes on."""
    await box.lease("listing", holder="other")
    box.google.arrive("m1")
    await sync(box)
    assert box.stored == {"m1"}


async def test_sync_by_force_takes_over(box):
    """Force does not wait for the lease of another worker (edge case 74)."""
    other = await box.lease(holder="other")
    box.google.arrive("m1")
    await sync(box, force=True)
    assert box.stored == {"m1"}
    assert (await box.lease()).token > other.token + 1


@pytest.mark.parametrize(
    "error", [ReauthoriseError("dead"), ThrottledError("mailbox", datetime.max.replace(tzinfo=UTC))]
)
async def test_sync_gives_its_lease_back_when_it_fails(box, error):
    """A failed sync leaves nothing that a later one has to wait for (edge case 34)."""
    box.google.failures["history:0"].append(error)
    with pytest.raises(type(error)):
        await sync(box)
    box.google.arrive("m1")
    await sync(box)
    assert box.stored == {"m1"}


async def test_sync_tells_counts_and_units_when_it_fails(box):
    """What was done and spent before a failure is counted."""
    box.google.arrive("m1", "m2")
    box.google.always["m2"] = ReauthoriseError("dead")
    with pytest.raises(ReauthoriseError):
        await sync(box, policy=replace(QUICK, calls_in_flight=1))
    assert box.counts.discovered == 2
    assert box.counts.units == box.google.units_spent > 0
    assert box.counts.stored == len(box.stored)


async def test_sync_does_not_count_as_synced_when_it_fails(box):
    """Only a sync that came to its end puts the poll sweep off (edge case 23)."""
    box.google.failures["history:0"].append(ReauthoriseError("dead"))
    with pytest.raises(ReauthoriseError):
        await sync(box)
    assert box.store.rows[1].last_synced_at is None


@pytest.mark.parametrize("failing", [False, True])
async def test_sync_returns_the_units_that_it_did_not_spend(box, failing):
    """What is reserved and not spent goes back, also after a failure."""
    purse = Purse()
    box.google.arrive("m1", "m2", "m3")
    if failing:
        box.google.always["m1"] = ReauthoriseError("dead")
        with pytest.raises(ReauthoriseError):
            await sync(box, limiter=purse, policy=replace(QUICK, calls_in_flight=1))
    else:
        await sync(box, limiter=purse)
    assert purse.balance == box.google.units_spent


async def test_sync_keeps_its_lease_alive(box):
    """Work that takes longer than a lease lives is not taken over (edge case 68)."""
    box.google.arrive("m1")
    policy = replace(QUICK, lease=timedelta(milliseconds=300))

    async def outlive(_call) -> None:
        await asyncio.sleep(0.6)

    box.google.on_fetch = outlive
    await sync(box, policy=policy)
    assert box.stored == {"m1"}
