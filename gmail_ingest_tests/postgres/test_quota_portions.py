"""The shared limiter under many calls: the project's row, and what is counted."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from gmail_ingest.adapters.postgres.sync.quota_limiter import Limits, PostgresLimiter
from gmail_ingest.errors import ThrottledError
from gmail_ingest_tests.conftest import plain_url

#: So high that nothing waits.
LIMITS = Limits(mailbox_minute=10**8, project_minute=10**9, project_day=10**9)

COUNT_WRITES = """
CREATE SEQUENCE writes;
CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN PERFORM nextval('writes'); RETURN NEW; END $$;
CREATE TRIGGER count_line AFTER UPDATE ON quota_lines FOR EACH ROW WHEN (NEW.scope = 0)
EXECUTE FUNCTION count_write();
CREATE TRIGGER count_usage AFTER UPDATE ON quota_usage FOR EACH ROW WHEN (NEW.scope = 0)
EXECUTE FUNCTION count_write();
"""


@pytest.fixture
def database(database_url):
    with psycopg.connect(plain_url(database_url), autocommit=True) as connection:
        connection.execute(COUNT_WRITES)
        yield connection


async def reserve_often(limiter, calls, origin):
    """Calls of several mailboxes side by side; the waits."""

    async def one(number):
        return [
            await limiter.reserve(1 + (8 * call + number) % 40, 20, origin)
            for call in range(calls // 8)
        ]

    found = await asyncio.gather(*(one(number) for number in range(8)))
    return [wait for waits in found for wait in waits]


@pytest.mark.parametrize("origin", ["push", "listing"])
async def test_project_row_is_written_seldom(engine, database, origin):
    """A thousand calls write the project's rows some dozen times, so that an open transaction
    cannot make them slower and slower; what is counted is right to a portion (edge case 108).
    """
    limiter = PostgresLimiter(engine, LIMITS)
    began = datetime.now(UTC)
    waits = await reserve_often(limiter, 1_000, origin)
    seconds = (datetime.now(UTC) - began).total_seconds()
    assert max(waits) < 1
    # Two rows a write; exact ones at first, then portions that grow until they last.
    writes = database.execute("SELECT last_value FROM writes").fetchone()[0] / 2
    assert writes <= 16 + 40 + 12 * seconds
    (used,) = database.execute("SELECT units FROM quota_usage WHERE scope = 0").fetchone()
    (mailboxes,) = database.execute(
        "SELECT sum(units) FROM quota_usage WHERE scope <> 0"
    ).fetchone()
    assert mailboxes == 20_000
    assert 20_000 <= used <= 20_000 * 1.5


async def test_processes_share_the_project_by_portions(engine):
    """The portions of two processes have different places on the line: what both may spend is no
    more than the project's, and both get their share.
    """
    limits = Limits(mailbox_minute=10**8, project_minute=60_000)
    limiters = [PostgresLimiter(engine, limits) for _ in range(2)]

    began = datetime.now(UTC)
    found = await asyncio.gather(*(reserve_often(limiter, 400, "listing") for limiter in limiters))
    passed = (datetime.now(UTC) - began).total_seconds()
    # 16,000 units at 980 a second: the last may be spent when the line has come that far.
    last = max(max(waits) for waits in found) + passed
    assert last >= 16_000 / 980 - 1
    shares = [max(waits) for waits in found]
    assert min(shares) >= 0.8 * max(shares)


async def test_refused_project_stops_a_portion(engine):
    """What a process holds of the project is not spent after Google refused it."""
    limiter = PostgresLimiter(engine, LIMITS)
    await reserve_often(limiter, 400, "listing")
    await limiter.refused(1, "project", datetime.now(UTC) + timedelta(seconds=5))
    assert await limiter.reserve(1, 20, "listing") == pytest.approx(5, abs=0.3)


async def test_portion_does_not_pass_the_days_allowance(engine):
    """Background work ends at the day's units, to a portion, however many calls there are."""
    limiter = PostgresLimiter(engine, Limits(10**8, 10**9, project_day=20_000))

    reserved = []

    async def scenario():
        for call in range(2_000):
            await limiter.reserve(1 + call % 40, 20, "listing")
            reserved.append(20)

    with pytest.raises(ThrottledError) as raised:
        await scenario()
    assert raised.value.scope == "project"
    assert 10_000 <= sum(reserved) <= 20_000


async def test_units_that_are_given_back_often_are_counted_once(engine, database):
    """Reservations that are mostly returned do not fill the day: what is not yet taken off is what
    came since the last write, a portion.
    """
    limiter = PostgresLimiter(engine, LIMITS)
    for call in range(300):
        await limiter.reserve(1 + call % 40, 500, "listing")
        await limiter.give_back(1 + call % 40, 480, "listing")
    (used,) = database.execute("SELECT units FROM quota_usage WHERE scope = 0").fetchone()
    assert 6_000 <= used <= 75_000
