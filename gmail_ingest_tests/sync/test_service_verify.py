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
def synced(run, service):
    """A mailbox with mail of the last days, connected and synced."""
    run(service.connected(messages=60))
    return service


def test_verify_of_a_synced_mailbox_proves_its_days(run, synced):
    """Nothing differs, every day that is over is proven, and reading took what was estimated."""
    found = run(verify(synced))
    assert (found.found, found.open, found.error) == (0, 0, None)
    assert found.proven_days == found.days - 1 == QUICK.initial_days - 1
    assert found.listed == found.accounted == len(run(synced.stored()))
    assert found.counts.units <= found.estimated_units + 10
    whole, today = run(coverage(synced))
    assert (whole.proven, today.proven, today.days) == (True, False, 1)
    assert whole.end == today.start == datetime.now(UTC).date()


def test_listing_of_a_late_index_in_any_order_is_completed(run, service):
    """Pages come in any order, and the newest mail is not in the index yet: what the first listing
    cannot see is found by the comparison that runs every night (edge case 62).
    """
    service.account()
    old = int((datetime.now(UTC) - DAY).timestamp() * 1000)
    ids = service.deliver(*[f"old {number}" for number in range(520)], internal_date=old)
    late = service.deliver("late")
    service.fault("messages.list", action="staleIndex", nth=[1, 2], stale_seconds=600)
    service.fault("messages.list", action="shuffled")
    run(service.connect())
    run(service.sync())
    assert run(service.stored()) == set(ids)
    found = run(verify(service, repair=True))
    assert (found.found, found.open) == (1, 0)
    assert run(service.stored()) == {*ids, *late}
    assert service.agrees()


def test_repair_of_every_kind_of_hole(run, synced):
    """Ledger rows, stored rows and labels that went wrong, and mail that is gone, all at once
    (edge cases 3, 15 and 67).
    """
    service = synced
    ids = sorted(run(service.stored()))
    run(change(service, "DELETE FROM message_ledger WHERE gmail_id = ANY(%s)", ids[:3]))
    run(forget(service, ids[4]))
    run(change(service, "DELETE FROM message_ledger WHERE gmail_id = %s", ids[5]))
    run(forget(service, ids[5]))
    run(change(service, "UPDATE emails SET label_ids = '{Label_77}' WHERE gmail_id = %s", ids[6]))
    (spam,) = service.deliver("spam", label_ids=["SPAM"])
    (gone,) = service.deliver("gone", internal_date=_ago(2))
    run(service.sync())
    # Google forgets a message, and with it what it told of it.
    service.box(lambda box: (box.delete(gone), box.expire_history()))
    history_id = service.box(lambda box: box.history_id)
    run(change(service, "UPDATE mailboxes SET checkpoint = %s", history_id))
    found = run(verify(service))
    assert (found.missing, found.vanished, found.label_differences) == (5, 1, 1)
    assert found.open == 7
    assert gone in run(service.stored())
    found = run(verify(service, repair=True))
    assert (found.missing, found.vanished, found.label_differences) == (5, 1, 1)
    assert (found.open, found.error) == (0, None)
    assert spam not in run(service.stored())
    assert gone not in run(service.stored())
    assert service.agrees()
    again = run(verify(service))
    assert (again.found, again.open) == (0, 0)
    assert [each.proven for each in run(coverage(service))] == [True, False]


def _ago(days):
    return int((datetime.now(UTC) - days * DAY).timestamp() * 1000)


def test_coverage_shows_the_day_of_a_hole_until_it_is_repaired(run, synced):
    """Days around it stay proven."""
    (lost,) = synced.deliver("lost", internal_date=_ago(3))
    run(synced.sync())
    run(change(synced, "DELETE FROM message_ledger WHERE gmail_id = %s", lost))
    run(verify(synced))
    before, day, after, _ = run(coverage(synced))
    assert (before.proven, day.proven, after.proven) == (True, False, True)
    assert (day.days, day.missing) == (1, 1)
    assert day.start == (datetime.now(UTC) - 3 * DAY).date()
    run(verify(synced, repair=True))
    assert [each.proven for each in run(coverage(synced))] == [True, False]


def test_verify_while_mail_arrives_and_labels_change(run, synced):
    """What happens during the comparison is no difference, whatever Google lists of it
    (edge case 7).
    """
    service = synced
    ids = sorted(run(service.stored()))
    service.fault("messages.list", action="latency", latency_ms=30)

    async def meanwhile():
        comparing = asyncio.create_task(verify(service))
        before = service.calls("messages.list")
        await service.until(lambda: service.calls("messages.list") >= before + 4)
        service.deliver("one", "two", internal_date=_ago(1))
        service.box(lambda box: box.modify(ids[0], add=["STARRED"], remove=["INBOX"]))
        service.box(lambda box: box.delete(ids[1]))
        return await comparing

    found = run(meanwhile())
    assert (found.found, found.open, found.error) == (0, 0, None)
    run(service.sync())
    assert service.agrees()


def test_verify_counts_a_mail_that_can_never_be_fetched(run, service):
    """It is a dead letter: known, and no hole (edge case 2)."""
    service.account(messages=10)
    (bad,) = service.deliver("bad", internal_date=_ago(2))
    run(service.connect())
    service.fault("messages.get", message_id=bad, action="error", error="backend_error")
    run(service.sync(policy=replace(QUICK, max_attempts=1)))
    found = run(verify(service))
    assert (found.dead, found.missing, found.open) == (1, 0, 0)
    assert found.proven_days == found.days - 1


def test_incremental_sync_after_expired_history_mends_deletions_and_labels(run, synced):
    """What happened in the gap is found by comparing: mail deleted, relabelled and trashed, also
    mail that is older than the gap (edge cases 3 and 67).
    """
    service = synced
    (old,) = service.deliver("old", internal_date=_ago(20))
    ids = sorted(run(service.stored()))
    run(service.sync())
    service.box(lambda box: box.delete(ids[0]))
    service.box(lambda box: box.delete(old))
    service.box(lambda box: box.modify(ids[1], add=["STARRED"]))
    service.box(lambda box: box.modify(ids[2], add=["TRASH"], remove=["INBOX"]))
    service.deliver("new")
    service.box(lambda box: box.expire_history())
    report = run(service.sync())
    assert report.errors == []
    assert service.agrees()
    assert not {ids[0], old} & run(service.stored())
    assert run(service.rows("SELECT reconcile_wanted_at FROM mailboxes")) == [None]
    assert run(service.sync()).counts.units == 2


def test_reconciliation_that_broke_off_is_made_up_for(run, synced):
    """The wish for it outlives a crash, and the next sync of any kind fulfils it
    (edge cases 3 and 34).
    """
    service = synced
    ids = sorted(run(service.stored()))
    service.box(lambda box: box.delete(ids[0]))
    service.box(lambda box: box.expire_history())
    service.fault("labels.list", action="error", error="backend_error")
    run(service.sync())
    assert ids[0] in run(service.stored())
    assert run(service.rows("SELECT reconcile_wanted_at IS NOT NULL FROM mailboxes")) == [True]
    service.clear_faults()
    run(service.rows("UPDATE sync_queue SET not_before = now() RETURNING 1"))
    run(service.sync())
    assert service.agrees()
    assert run(service.rows("SELECT reconcile_wanted_at FROM mailboxes")) == [None]
