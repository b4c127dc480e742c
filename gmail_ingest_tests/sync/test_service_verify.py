"""Holes planted behind the service's back, found and repaired: Postgres, the Gmail adapter and a
sandbox over HTTP.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.adapters.postgres.audit.coverage import PostgresCoverage
from gmail_ingest.sync.audit.verify import Verify
from gmail_ingest.sync.mailbox.limiter import Unlimited
from gmail_ingest_tests.sync.service import QUICK, TENANT

DAY = timedelta(days=1)


async def verify(service, *, repair=False, policy=QUICK):
    use_case = Verify(service.store, service.gmail.open_client, policy, limiter=Unlimited())
    plans = await use_case.plan(TENANT)
    (found,) = await use_case.run(TENANT, plans, holder="verify", repair=repair)
    return found


async def change(service, query, *parameters):
    assert await service.rows(f"{query} RETURNING 1", *parameters)


async def forget(service, message_id):
    """Lose a stored row, and leave the ledger believing in it."""
    await change(service, "DELETE FROM emails WHERE gmail_id = %s", message_id)


async def coverage(service):
    (mailbox,) = await PostgresCoverage(service.engine).ranges(TENANT, None, None)
    return mailbox.ranges


@pytest.fixture
async def synced(service):
    """A mailbox with mail of the last days, connected and synced."""
    await service.connected(messages=60)
    return service


async def test_verify_of_a_synced_mailbox_proves_its_days(synced):
    """Nothing differs, every day that is over is proven, and reading took what was estimated."""
    found = await verify(synced)
    assert (found.found, found.open, found.error) == (0, 0, None)
    assert found.proven_days == found.days - 1 == QUICK.initial_days - 1
    assert found.listed == found.accounted == len(await synced.stored())
    assert found.counts.units <= found.estimated_units + 10
    whole, today = await coverage(synced)
    assert (whole.proven, today.proven, today.days) == (True, False, 1)
    assert whole.end == today.start == datetime.now(UTC).date()


async def test_listing_of_a_late_index_in_any_order_is_completed(service):
    """Pages come in any order, and the newest mail is not in the index yet: what the first listing
    cannot see is found by the comparison that runs every night (edge case 62).
    """
    service.account()
    old = int((datetime.now(UTC) - DAY).timestamp() * 1000)
    ids = service.deliver(*[f"old {number}" for number in range(520)], internal_date=old)
    late = service.deliver("late")
    service.fault("messages.list", action="staleIndex", nth=[1, 2], stale_seconds=600)
    service.fault("messages.list", action="shuffled")
    await service.connect()
    await service.sync()
    assert await service.stored() == set(ids)
    found = await verify(service, repair=True)
    assert (found.found, found.open) == (1, 0)
    assert await service.stored() == {*ids, *late}
    assert await service.agrees()


async def test_repair_of_every_kind_of_hole(synced):
    """Ledger rows, stored rows and labels that went wrong, and mail that is gone, all at once
    (edge cases 3, 15 and 67).
    """
    service = synced
    ids = sorted(await service.stored())
    await change(service, "DELETE FROM message_ledger WHERE gmail_id = ANY(%s)", ids[:3])
    await forget(service, ids[4])
    await change(service, "DELETE FROM message_ledger WHERE gmail_id = %s", ids[5])
    await forget(service, ids[5])
    await change(service, "UPDATE emails SET label_ids = '{Label_77}' WHERE gmail_id = %s", ids[6])
    (spam,) = service.deliver("spam", label_ids=["SPAM"])
    (gone,) = service.deliver("gone", internal_date=_ago(2))
    await service.sync()
    # Google forgets a message, and with it what it told of it.
    service.box(lambda box: (box.delete(gone), box.expire_history()))
    history_id = service.box(lambda box: box.history_id)
    await change(service, "UPDATE mailboxes SET checkpoint = %s", history_id)
    found = await verify(service)
    assert (found.missing, found.vanished, found.label_differences) == (5, 1, 1)
    assert found.open == 7
    assert gone in await service.stored()
    found = await verify(service, repair=True)
    assert (found.missing, found.vanished, found.label_differences) == (5, 1, 1)
    assert (found.open, found.error) == (0, None)
    assert spam not in await service.stored()
    assert gone not in await service.stored()
    assert await service.agrees()
    again = await verify(service)
    assert (again.found, again.open) == (0, 0)
    assert [day_range.proven for day_range in await coverage(service)] == [True, False]


def _ago(days):
    return int((datetime.now(UTC) - days * DAY).timestamp() * 1000)


async def test_coverage_shows_the_day_of_a_hole_until_it_is_repaired(synced):
    """Days around it stay proven."""
    (lost,) = synced.deliver("lost", internal_date=_ago(3))
    await synced.sync()
    await change(synced, "DELETE FROM message_ledger WHERE gmail_id = %s", lost)
    await verify(synced)
    before, day, after, _ = await coverage(synced)
    assert (before.proven, day.proven, after.proven) == (True, False, True)
    assert (day.days, day.missing) == (1, 1)
    assert day.start == (datetime.now(UTC) - 3 * DAY).date()
    await verify(synced, repair=True)
    assert [day_range.proven for day_range in await coverage(synced)] == [True, False]


async def test_verify_while_mail_arrives_and_labels_change(synced):
    """What happens during the comparison is no difference, whatever Google lists of it
    (edge case 7).
    """
    service = synced
    ids = sorted(await service.stored())
    service.fault("messages.list", action="latency", latency_ms=30)
    comparing = asyncio.create_task(verify(service))
    before = service.calls("messages.list")
    await service.until(lambda: service.calls("messages.list") >= before + 4)
    service.deliver("one", "two", internal_date=_ago(1))
    service.box(lambda box: box.modify(ids[0], add=["STARRED"], remove=["INBOX"]))
    service.box(lambda box: box.delete(ids[1]))
    found = await comparing
    assert (found.found, found.open, found.error) == (0, 0, None)
    await service.sync()
    assert await service.agrees()


async def test_verify_counts_a_mail_that_can_never_be_fetched(service):
    """It is a dead letter: known, and no hole (edge case 2)."""
    service.account(messages=10)
    (bad,) = service.deliver("bad", internal_date=_ago(2))
    await service.connect()
    service.fault("messages.get", message_id=bad, action="error", error="backend_error")
    await service.sync(policy=replace(QUICK, max_attempts=1))
    found = await verify(service)
    assert (found.dead, found.missing, found.open) == (1, 0, 0)
    assert found.proven_days == found.days - 1


async def test_incremental_sync_after_expired_history_mends_deletions_and_labels(synced):
    """What happened in the gap is found by comparing: mail deleted, relabelled and trashed, also
    mail that is older than the gap (edge cases 3 and 67).
    """
    service = synced
    (old,) = service.deliver("old", internal_date=_ago(20))
    ids = sorted(await service.stored())
    await service.sync()
    service.box(lambda box: box.delete(ids[0]))
    service.box(lambda box: box.delete(old))
    service.box(lambda box: box.modify(ids[1], add=["STARRED"]))
    service.box(lambda box: box.modify(ids[2], add=["TRASH"], remove=["INBOX"]))
    service.deliver("new")
    service.box(lambda box: box.expire_history())
    report = await service.sync()
    assert report.errors == []
    assert await service.agrees()
    assert not {ids[0], old} & await service.stored()
    assert await service.rows("SELECT reconcile_wanted_at FROM mailboxes") == [None]
    assert (await service.sync()).counts.units == 2


async def test_reconciliation_that_broke_off_is_made_up_for(synced):
    """The wish for it outlives a crash, and the next sync of any kind fulfils it
    (edge cases 3 and 34).
    """
    service = synced
    ids = sorted(await service.stored())
    service.box(lambda box: box.delete(ids[0]))
    service.box(lambda box: box.expire_history())
    service.fault("labels.list", action="error", error="backend_error")
    await service.sync()
    assert ids[0] in await service.stored()
    assert await service.rows("SELECT reconcile_wanted_at IS NOT NULL FROM mailboxes") == [True]
    service.clear_faults()
    await service.rows("UPDATE sync_queue SET not_before = now() RETURNING 1")
    await service.sync()
    assert await service.agrees()
    assert await service.rows("SELECT reconcile_wanted_at FROM mailboxes") == [None]
