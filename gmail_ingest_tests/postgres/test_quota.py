"""The shared limiter, on a real database and its clock."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from gmail_ingest.adapters.postgres.sync.quota_limiter import Limits, PostgresLimiter
from gmail_ingest.errors import ThrottledError
from gmail_ingest_tests.conftest import plain_url

#: 98 units a second for a mailbox, once the reserve is taken off.
LIMITS = Limits()


@pytest.fixture
def limiter(engine):
    return PostgresLimiter(engine, LIMITS)


def close(seconds):
    return pytest.approx(seconds, abs=0.15)


async def test_limiter_gives_background_work_places_one_after_another(limiter):
    """Each reservation begins where the one before ends, whoever made it."""
    waits = [await limiter.reserve(1, 98, "listing") for _ in range(3)]
    assert waits == [close(0), close(1), close(2)]


async def test_limiter_shares_a_line_between_processes(engine, limiter):
    """Another process' limiter goes on where this one's line ends."""
    await limiter.reserve(1, 98, "listing")
    assert await PostgresLimiter(engine, LIMITS).reserve(1, 98, "listing") == close(1)


async def test_limiter_keeps_mailboxes_apart(limiter):
    """One mailbox's debt does not slow another down."""
    await limiter.reserve(1, 980, "listing")
    assert await limiter.reserve(2, 20, "listing") == close(0)


async def test_limiter_lets_live_mail_overtake_background_work(limiter):
    """Live mail spends at once while background work is in debt, and pushes it back by as much."""
    await limiter.reserve(1, 980, "listing")
    assert await limiter.reserve(1, 98, "push") == close(0)
    assert await limiter.reserve(1, 20, "listing") == close(11)


async def test_limiter_bounds_live_mail_beside_background_work_by_the_reserve(limiter):
    """Beside background work live mail has its reserve at once and then its own even pace."""
    await limiter.reserve(1, 98, "listing")
    first = await limiter.reserve(1, 98, "push")
    then = [await limiter.reserve(1, 98, "push") for _ in range(3)]
    reserve = 0.9 * 0.02 * 60 / 0.98
    assert first == close(0)
    assert then == [close(2 - reserve), close(3 - reserve), close(4 - reserve)]


async def test_limiter_lets_an_idle_mailbox_burst(limiter):
    """After an idle minute live mail may spend nearly the whole minute's units at once."""
    assert await limiter.reserve(1, 5600, "push") == close(0)
    assert await limiter.reserve(1, 980, "push") > 5


async def test_limiter_gives_unspent_units_their_place_back(limiter):
    """What is returned can be reserved again, and is not counted as used."""
    await limiter.reserve(1, 980, "listing")
    await limiter.give_back(1, 882, "listing")
    assert await limiter.reserve(1, 20, "listing") == close(1)


async def test_limiter_pauses_a_mailbox_that_google_refused(limiter):
    """A refusal moves both classes behind the time that Google named; others go on."""
    await limiter.refused(1, "mailbox", datetime.now(UTC) + timedelta(seconds=5))
    assert await limiter.reserve(1, 20, "push") == close(5)
    assert await limiter.reserve(1, 20, "listing") == close(5.2)
    assert await limiter.reserve(2, 20, "push") == close(0)


async def test_limiter_pauses_everybody_when_the_project_is_refused(limiter):
    """A refusal of the project holds every mailbox."""
    await limiter.refused(1, "project", datetime.now(UTC) + timedelta(seconds=5))
    assert await limiter.reserve(2, 20, "listing") == close(5)


async def test_limiter_refuses_a_wait_that_is_too_long(limiter):
    """A pause of many minutes is told, not slept through, and reserves nothing (edge case 31)."""
    until = datetime.now(UTC) + timedelta(minutes=15)
    await limiter.refused(1, "mailbox", until)
    for _ in range(2):
        with pytest.raises(ThrottledError) as raised:
            await limiter.reserve(1, 98, "listing")
        assert abs((raised.value.until - until).total_seconds()) < 1.5


async def test_limiter_stops_background_work_at_the_days_allowance(engine):
    """Beyond the project's units of a day only live mail goes on."""
    limiter = PostgresLimiter(engine, Limits(project_day=100))
    await limiter.reserve(1, 90, "listing")
    with pytest.raises(ThrottledError) as raised:
        await limiter.reserve(1, 20, "listing")
    assert raised.value.scope == "project"
    assert raised.value.until > datetime.now(UTC)
    assert await limiter.reserve(1, 20, "push") < 1


async def test_limiter_counts_units_by_day(limiter, database_url):
    """The units of the day are kept for each mailbox and for the project."""
    await limiter.reserve(1, 60, "listing")
    await limiter.reserve(2, 40, "push")
    await limiter.give_back(1, 20, "listing")
    with psycopg.connect(plain_url(database_url)) as connection:
        used = connection.execute("SELECT scope, units FROM quota_usage ORDER BY scope").fetchall()
    assert used == [(0, 80), (1, 40), (2, 40)]


async def test_limiter_does_not_deadlock_when_many_reserve_at_once(limiter):
    """Reservations of many mailboxes at once all get their place."""
    found = await asyncio.gather(
        *(
            limiter.reserve(mailbox, 20, origin)
            for mailbox in range(1, 9)
            for origin in ("push", "listing")
            for _ in range(8)
        )
    )
    assert len(found) == 128


async def test_limiter_tells_the_pace_of_backfills(limiter):
    """Units a second without the reserve of live mail, and what is left of Google's day."""
    before = await limiter.pace()
    await limiter.reserve(1, 98, "backfill")
    after = await limiter.pace()
    assert after.mailbox == pytest.approx(LIMITS.mailbox_minute * (1 - LIMITS.reserve) / 60)
    assert after.project == pytest.approx(LIMITS.project_minute * (1 - LIMITS.reserve) / 60)
    assert before.left_today - after.left_today == 98
    assert 0 < after.next_day <= 25 * 3600
