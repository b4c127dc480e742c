"""The one way into Postgres: an engine a process, and transactions on psycopg's own connection.

Holds: the engine, ``transaction``, ``statement``. Add here: what every statement needs.
Keep out: SQL of tables.
Source: SQLAlchemy 2.1 (pool events, asyncio), psycopg 3 (async connections); edge case 69.
"""

from __future__ import annotations

import re
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gmail_ingest.errors import ConfigurationError

#: Of each connection's session.
_SETTINGS = (
    # Compiling a statement costs ten times what a page of mail takes.
    "jit = off",
    # A search's bitmap of a month with frequent words would lose its rows in the default of 4 MB.
    "work_mem = '64MB'",
    # Times come back in the session's zone: all that the API shows are in this one.
    "timezone = 'UTC'",
)

#: Of a process that syncs. Each connection has its backend plan each statement five times anew, and
#: keeps that plan for itself: many of them cost a burst of pushes more than they give it.
WORKER_CONNECTIONS = 10

#: A psycopg connection whose rows are tuples; statements and parameters are psycopg's (``%s``).
Connection = psycopg.AsyncConnection[tuple[Any, ...]]


def driver_url(database_url: str, variable: str = "DATABASE_URL") -> sa.URL:
    """The address with psycopg 3 as driver, however it was written (``postgres://`` too).

    Args:
        database_url: an address of PostgreSQL; the driver that it names does not count.
        variable: the setting that it comes from, for errors.

    Raises:
        ConfigurationError: it is no such address; the text repeats none of it but its scheme.
    """
    # Secrets that were made by echo end in a newline.
    scheme, separator, rest = database_url.strip().partition("://")
    form = "postgresql+psycopg://user:password@host:5432/database"
    if not separator or scheme.lower().partition("+")[0] not in {"postgresql", "postgres"}:
        # What stands before :// is a scheme if it looks like one, and may be a secret if not.
        looks = bool(separator) and re.fullmatch(r"[a-z][a-z0-9+.-]{0,29}", scheme, re.ASCII)
        shown = f", not with {scheme}://" if looks else ""
        raise ConfigurationError(f"{variable} must be an address that begins as {form}{shown}")
    try:
        url = sa.make_url(f"postgresql+psycopg://{rest}")
    except (ValueError, sa.exc.ArgumentError):
        raise ConfigurationError(
            f"{variable} cannot be read as an address: it must be of the form {form}, with other "
            "characters of user and password percent-encoded"
        ) from None
    return url


def create_engine(database_url: str, *, pool_size: int = 20) -> AsyncEngine:
    """Build the engine of this process; it connects on first use.

    Args:
        database_url: ``postgresql://`` or ``postgresql+psycopg://``.
        pool_size: connections at most; more tasks than this wait for one, 30 seconds at most.
    """
    engine = create_async_engine(
        driver_url(database_url),
        pool_size=pool_size,
        max_overflow=0,
        # The connection that was used last: the caches of its backend are warm.
        pool_use_lifo=True,
        pool_recycle=1800,
        # Parameters are mail and addresses: no error text may show them.
        hide_parameters=True,
        connect_args={"application_name": "gmail_ingest"},
    )
    sa.event.listen(engine.sync_engine, "connect", _set_up)
    sa.event.listen(engine.sync_engine, "checkout", _refuse_dropped)
    return engine


def _set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - as in _refuse_dropped
    """Set what all statements need, once for each connection.

    Not by a start-up option: connection poolers refuse those, and an operator may have their own
    in the URL.
    """
    cursor = connection.cursor()
    for setting in _SETTINGS:
        cursor.execute(f"SET {setting}")
    cursor.close()
    connection.commit()


def _refuse_dropped(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 - SQLAlchemy's adapted connection has no public type
    """Replace a pooled connection that the server closed, without asking over the network.

    An idle connection has nothing to say; if its socket is readable, it is the end of it. This
    costs microseconds, where pool_pre_ping costs a round trip for every push that comes in.
    """
    driver: Connection = connection.driver_connection
    if driver.closed:
        raise DisconnectionError
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN | select.POLLERR | select.POLLHUP)
    if poll.poll(0):
        raise DisconnectionError


@asynccontextmanager
async def statement(engine: AsyncEngine) -> AsyncIterator[Connection]:
    """A connection on which each statement commits by itself: one round trip for one statement."""
    async with _driver(engine) as connection:
        await connection.set_autocommit(True)
        try:
            yield connection
        finally:
            if not connection.closed:
                await connection.set_autocommit(False)


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[Connection]:
    """A connection in a transaction that commits at the end, and rolls back on any error."""
    async with _driver(engine) as connection, connection.transaction():
        yield connection


@asynccontextmanager
async def _driver(engine: AsyncEngine) -> AsyncIterator[Connection]:
    async with engine.connect() as pooled:
        driver = (await pooled.get_raw_connection()).driver_connection
        assert isinstance(driver, psycopg.AsyncConnection)  # noqa: S101 - the URL names psycopg
        try:
            yield driver
        except BaseException:
            if driver.closed:
                await pooled.invalidate()
            raise
