from __future__ import annotations

import psycopg
import pytest

from gmail_ingest.adapters.postgres.engine import driver_url, statement, transaction

DROP_OTHERS = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.mark.parametrize(
    "written", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"]
)
def test_driver_url_is_psycopg_however_it_is_written(written):
    """Every usual form of a database address leads to psycopg 3."""
    assert driver_url(written).render_as_string() == "postgresql+psycopg://u@h/d"


async def test_pooled_connections_that_the_server_dropped_are_replaced(database_url, engine):
    """The first statement after a restart of PostgreSQL works again (edge case 69)."""
    async with statement(engine) as one, statement(engine) as other:
        await one.execute("SELECT 1")
        await other.execute("SELECT 1")
    with psycopg.connect(database_url.replace("+psycopg", "", 1)) as outside:
        outside.execute(DROP_OTHERS)
    async with statement(engine) as connection:
        row = await (await connection.execute("SELECT 2")).fetchone()
    assert row == (2,)


async def test_connection_lost_inside_a_transaction_is_not_pooled_again(database_url, engine):
    """A transaction that loses its server fails, and the next one gets a living connection."""

    async def lose_the_server():
        async with transaction(engine) as connection:
            await connection.execute("CREATE TABLE half (id int)")
            with psycopg.connect(database_url.replace("+psycopg", "", 1)) as outside:
                outside.execute(DROP_OTHERS)
            await connection.execute("SELECT 1")

    with pytest.raises(psycopg.OperationalError):
        await lose_the_server()
    async with transaction(engine) as connection:
        row = await (await connection.execute("SELECT to_regclass('half')")).fetchone()
    assert row == (None,)


async def test_transaction_rolls_back_on_any_error(engine):
    """What was written before an error is not there afterwards."""

    async def fail_half_way():
        async with transaction(engine) as connection:
            await connection.execute("INSERT INTO tenants (id) VALUES ('acme')")
            raise LookupError

    with pytest.raises(LookupError):
        await fail_half_way()
    async with statement(engine) as connection:
        rows = await (await connection.execute("SELECT FROM tenants")).fetchall()
    assert rows == []


async def test_connections_keep_the_settings_of_all_statements(engine):
    """No statement is compiled and a bitmap of many rows fits, after a failed transaction too."""
    with pytest.raises(psycopg.errors.DivisionByZero):
        async with transaction(engine) as connection:
            await connection.execute("SELECT 1 / 0")
    async with statement(engine) as connection:
        rows = await connection.execute(
            "SELECT current_setting('jit'), current_setting('work_mem')"
        )
        assert await rows.fetchone() == ("off", "64MB")
