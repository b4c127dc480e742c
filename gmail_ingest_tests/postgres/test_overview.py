"""What an operator sees at a glance, and which transactions are in everybody's way."""

from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa

from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.adapters.postgres.reads.old_transactions import PostgresTransactions, remedy
from gmail_ingest.adapters.postgres.reads.overview import PostgresOverview
from gmail_ingest.sync.mailbox.records import Stored
from gmail_ingest_tests.conftest import plain_url
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.worlds import lease

MANY = 3_000


@pytest.fixture
async def counted(database, database_url):
    """Two mailboxes: one with two mails, one with thousands of keys and ids of every fate."""
    small = await database.connect("a@crm.test")
    held = await lease(database, small)
    await database.store.save(held, [Stored(parsed(f"m{n}")) for n in range(2)])
    _, large = small, await database.connect("b@crm.test")
    with psycopg.connect(plain_url(database_url)) as connection:
        connection.execute(
            "INSERT INTO email_keys SELECT %(box)s, 'x' || n, 'acme', 1, now() "
            "FROM generate_series(1, %(many)s) n",
            {"box": large, "many": MANY},
        )
        connection.execute(
            "INSERT INTO message_ledger (mailbox_id, gmail_id, thread_id, origin, fate) "
            "SELECT %(box)s, 'x' || n, 't', 'push', CASE WHEN n <= 3 THEN 'dead' WHEN n <= 7 THEN "
            "'pending' WHEN n = 8 THEN 'hidden' WHEN n = 9 THEN 'left_out' ELSE 'stored' END "
            "FROM generate_series(1, %(many)s) n",
            {"box": large, "many": MANY},
        )


@pytest.mark.usefixtures("counted")
async def test_overview_counts_mail_and_fates(engine):
    """Small tables are counted to the last row."""
    small, large = await PostgresOverview(engine).mailboxes()
    assert (small.address, small.stored, small.fates) == ("a@crm.test", 2, {"stored": 2})
    assert (large.stored, large.fates) == (
        MANY,
        {"dead": 3, "pending": 4, "hidden": 1, "left_out": 1, "stored": MANY - 9},
    )
    assert not large.approximate


@pytest.mark.usefixtures("counted")
async def test_overview_samples_what_is_too_large(engine):
    """Of a large table a part is read, and the count says that it is approximate; what somebody
    has to act on is counted to the last id all the same.
    """
    _, large = await PostgresOverview(engine, read_whole=65_536).mailboxes()
    assert large.approximate
    assert {fate: large.fates[fate] for fate in ("dead", "pending", "hidden", "left_out")} == {
        "dead": 3,
        "pending": 4,
        "hidden": 1,
        "left_out": 1,
    }
    assert 0.3 * MANY < large.stored < 3 * MANY


async def test_old_transactions_are_named_with_the_remedy(engine, database_url):
    """A transaction that keeps a snapshot is told with its role, application and pid; one that is
    young, or has ended, is not (edge case 109).
    """
    transactions = PostgresTransactions(engine)
    with psycopg.connect(plain_url(database_url), application_name="nightly-dump") as open_one:
        open_one.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        open_one.execute("SELECT 1 FROM tenants")
        (found,) = await transactions.older_than(timedelta())
        message = remedy([found])
        assert (
            f"pid {open_one.info.backend_pid} (role postgres, application nightly-dump" in message
        )
        assert "pg_terminate_backend" in message
        assert await transactions.older_than(timedelta(minutes=1)) == []
        open_one.rollback()
        assert await transactions.older_than(timedelta()) == []
    assert remedy([]) == ""


async def test_sessions_that_cannot_be_looked_into_are_counted(engine, database_url):
    """A role without pg_monitor does not see what others do: it is told so, not silent (edge case
    109).
    """

    async def scenario():
        async with engine.connect() as connection:
            await connection.execute(sa.text("DROP ROLE IF EXISTS plain_reader"))
            await connection.execute(sa.text("CREATE ROLE plain_reader LOGIN"))
            await connection.commit()
        plain = create_engine(database_url.replace("postgres@", "plain_reader@", 1))
        try:
            return await PostgresTransactions(plain).unseen()
        finally:
            await plain.dispose()

    with psycopg.connect(plain_url(database_url)) as other:
        other.execute("SELECT 1")
        assert await scenario() >= 1
        assert await PostgresTransactions(engine).unseen() == 0
