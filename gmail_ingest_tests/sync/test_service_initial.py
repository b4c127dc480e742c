"""The initial sync against a sandbox over HTTP, with Postgres."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest_tests.sync.service import LATER, OWNER, QUICK


async def test_initial_sync_stores_what_the_mailbox_holds(service):
    """After connecting, ids, labels and threads are those of Google."""
    service.account(messages=60)
    await service.connect()
    report = await service.sync()
    assert report.errors == []
    assert report.counts.stored >= 50
    assert await service.agrees()


async def test_initial_sync_takes_only_the_last_days(service):
    """Mail from before the window is not listed (edge case 61)."""
    service.account()
    old = datetime.now(UTC) - timedelta(days=QUICK.initial_days + 2)
    service.deliver("old", internal_date=int(old.timestamp() * 1000))
    (new,) = service.deliver("new")
    await service.connect()
    await service.sync()
    assert await service.stored() == {new}


async def test_initial_sync_lists_more_than_a_page(service):
    """More than 500 ids come in several pages, after an empty one (edge cases 5 and 60)."""
    service.account()
    ids = service.deliver(*[f"mail {number}" for number in range(620)])
    service.fault("messages.list", action="emptyPage", nth=[2])
    await service.connect()
    await service.sync()
    assert await service.stored() == set(ids)
    connecting = 1
    assert service.calls("messages.list") == connecting + 3
    assert await service.agrees()


async def test_initial_sync_and_mail_that_arrives_meanwhile(service):
    """Mail that comes during the listing is stored exactly once (edge case 7)."""
    service.account(messages=30)
    await service.connect()
    service.fault("messages.list", action="latency", latency_ms=300)
    syncing = asyncio.create_task(service.sync())
    await service.until(lambda: service.calls("messages.list") > 0)
    during = service.deliver("one", "two", "three")
    await syncing
    await service.sync()
    assert set(during) <= await service.stored()
    assert await service.agrees()


async def test_initial_sync_survives_a_stale_page_token(service):
    """A refused page token restarts the listing, without duplicates (edge case 40)."""
    service.account()
    service.deliver(*[f"mail {number}" for number in range(520)])
    service.fault("messages.list", action="error", error="invalid_page_token", nth=[2])
    await service.connect()
    await service.sync()
    assert service.calls("messages.list") == 4
    assert await service.agrees()


async def test_initial_sync_that_broke_off_goes_on(service):
    """A listing whose second page fails keeps its place, and the sweep finishes it
    (edge cases 34 and 68).
    """
    service.account()
    service.deliver(*[f"mail {number}" for number in range(520)])
    service.fault("messages.list", action="error", error="unavailable", nth=[2, 3, 4, 5, 6])
    await service.connect()
    report = await service.sync(policy=replace(QUICK, first_retry=0.0))
    assert report.counts.stored == 520
    assert await service.rows("SELECT count(*) FROM listings") == [1]
    assert await service.agrees()


@pytest.mark.parametrize("error", ["backend_error", "bad_gateway", "precondition_failed"])
async def test_initial_sync_leaves_exactly_the_failed_ids_pending(service, error):
    """The k-th fetches fail: those ids alone wait, and need no new mail to be stored
    (edge cases 1 and 32).
    """
    service.account()
    ids = service.deliver(*[f"mail {number}" for number in range(20)])
    await service.connect()
    service.fault("messages.get", action="error", error=error, nth=[3, 7, 11])
    await service.sync(policy=LATER)
    assert await service.fates() == {"stored": 17, "pending": 3}
    await service.make_due()
    await service.sync()
    assert await service.stored() == set(ids)
    assert await service.agrees()


@pytest.mark.parametrize("error", ["user_quota_exceeded", "retry_after", "too_many_concurrent"])
async def test_initial_sync_sleeps_through_a_short_throttle(service, error):
    """Throttled fetches are made again in the same sync, and cost no attempt
    (edge cases 1, 27, 30 and 31).
    """
    service.account()
    ids = service.deliver(*[f"mail {number}" for number in range(20)])
    await service.connect()
    service.fault("messages.get", action="error", error=error, nth=[3], retry_after_seconds=0.2)
    report = await service.sync(policy=LATER)
    assert report.counts.retrying == 0
    assert await service.stored() == set(ids)


async def test_two_mailboxes_of_which_one_fails(service):
    """A mailbox without Gmail gets its state; the other of the tenant is complete
    (edge case 32).
    """
    service.account(messages=10)
    service.account("gone@example.com", messages=10)
    await service.connect(OWNER, "gone@example.com")
    service.fault("*", mailbox="gone@example.com", action="error", error="mail_service_not_enabled")
    report = await service.sync()
    states = dict(await service.rows("SELECT address, state FROM mailboxes"))
    assert states == {OWNER: "active", "gone@example.com": "suspended"}
    assert len(report.errors) == 1
    assert await service.agrees()


async def test_an_initial_sync_is_a_sync(service):
    """The mailbox says until when its mail is known: when its listing began, and not nothing until
    something changes (edge case 105).
    """
    await service.connected(messages=3)
    times = "SELECT m.last_synced_at = l.started_at AND m.last_synced_at >= m.created_at"
    known = await service.rows(f"{times} FROM mailboxes m JOIN listings l ON l.mailbox_id = m.id")
    assert known == [True]
