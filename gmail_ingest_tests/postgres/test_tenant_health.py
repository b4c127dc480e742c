"""The health of tenants' mailboxes, as Dagster is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.adapters.postgres.mailboxes.stalled_work import PostgresStalledWork
from gmail_ingest.adapters.postgres.mailboxes.tenant_health import PostgresTenantHealth
from gmail_ingest.sync.accounts.tenant_health import OverallHealth
from gmail_ingest_tests.postgres.worlds import MINUTE

SOON = datetime(2026, 5, 1, 12, 10, tzinfo=UTC)


@pytest.fixture
def health(engine):
    """The adapter."""
    return PostgresTenantHealth(engine)


async def fail(database, mailbox, cause="no_answer", retry_at=SOON, state="active"):
    """Note why a mailbox is not synced."""
    await database.store.set_mailbox_state(
        mailbox, state, f"because of {cause}", cause=cause, retry_at=retry_at
    )


async def synced(database, mailbox, origin="push"):
    """A sync reaches its end."""
    held = await database.store.acquire_lease(mailbox, origin, "w", MINUTE, force=False)
    await database.store.finish_sync(held)
    await database.store.release_lease(held)


async def test_failure_is_reported_once_for_each_cause(database, health):
    """Attempts that fail alike are one failure; another cause, and the end, are news
    (edge case 85).
    """
    first = await database.connect("a@example.com")
    await database.connect("b@example.com")
    await database.connect("c@example.com", tenant="globex")
    assert await health.failing(["acme", "globex"]) == {}
    await fail(database, first)
    (found,) = (await health.failing(["acme", "globex"])).values()
    assert (found.tenant_id, found.mailboxes, found.reported_failure) == ("acme", 2, None)
    assert found.failure == "1 no_answer of 2"
    assert await health.mark_reported({"acme": found.failure}) == OverallHealth(2, 1)
    await fail(database, first, retry_at=SOON + timedelta(minutes=5))
    again = (await health.failing(["acme"]))["acme"]
    assert again.failure == again.reported_failure
    assert again.stopped[0].failing_since == found.stopped[0].failing_since
    await fail(database, first, "grant_dead", None, "needs_reauth")
    other = (await health.failing(["acme"]))["acme"]
    assert (other.failure, other.reported_failure) == ("1 grant_dead of 2", "1 no_answer of 2")
    assert other.unread == 1
    await health.mark_reported({"acme": other.failure})
    await database.change("UPDATE mailboxes SET state = 'active' WHERE id = %s", first)
    tried = (await health.failing(["acme"]))["acme"]
    assert tried.failure == tried.reported_failure
    await synced(database, first)
    over = (await health.failing(["acme"]))["acme"]
    assert (over.failure, over.reported_failure) == (None, "1 grant_dead of 2")
    assert await health.mark_reported({"acme": None}) == OverallHealth(2, 0)
    assert await health.failing(["acme"]) == {}
    assert set(await health.read(None)) == {"acme", "globex"}


async def test_what_a_former_account_left_is_no_failure(database, health):
    """Case 09: a mailbox whose account was made anew stays replaced for ever, and its tenant's
    check passes all the same; it counts as no mailbox that should be synced (edge case 85).
    """
    first = await database.connect("a@example.com")
    await database.connect("b@example.com")
    await fail(database, first, "replaced", None, "replaced")
    assert await health.failing(["acme"]) == {}
    found = (await health.read(["acme"]))["acme"]
    assert (found.mailboxes, found.stopped, found.unread) == (1, (), 0)
    assert await health.mark_reported({}) == OverallHealth(1, 0)
    assert await PostgresStalledWork(database.engine).failing() == []


@pytest.mark.parametrize(("retry_at", "left"), [(SOON, None), (None, "1 operator of 1")])
async def test_a_listing_that_ends_well_forgets_what_is_tried_again(
    database, health, retry_at, left
):
    """An initial sync whose retry succeeds leaves no failure behind, one that is only noted stays
    until history was followed (edge case 85).
    """
    mailbox = await database.connect()
    await database.change("INSERT INTO listings (mailbox_id, done_at) VALUES (%s, now())", mailbox)
    await fail(database, mailbox, "operator", retry_at)
    await synced(database, mailbox, "listing")
    assert (await health.read(["acme"]))["acme"].failure == left


async def test_words_name_numbers_causes_and_remedies(database, health):
    """A person reads how many of how many, since when, when it goes on and what to do
    (edge case 85).
    """
    for number in range(3):
        mailbox = await database.connect(f"{number}@example.com")
        if number < 2:
            await fail(database, mailbox)
    words = (await health.read(["acme"]))["acme"].describe()
    assert words.startswith("2 of 3 mailboxes cannot be synced; 2 active (no_answer), since 20")
    assert "tried again at 2026-05-01 12:10 UTC: because of no_answer. Nothing for now" in words
    assert "example.com" not in words


async def test_a_try_that_is_made_again_does_not_let_the_mailbox_rest(database):
    """The queue has its time: the sweep's rest is for what failed for good."""
    mailbox = await database.connect()
    await fail(database, mailbox)
    rows = await database.rows("SELECT failed_at IS NULL, retry_at FROM mailboxes")
    assert rows == [(True, SOON)]
