"""Access to Postgres: one engine a process, and transactions on psycopg's own connection.

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

#: Session settings of each connection.
_SETTINGS = (
    # JIT compilation of a statement takes ten times as long as a page of mail.
    "jit = off",
    # In the default of 4 MB, the bitmap of a search for frequent words would become lossy.
    "work_mem = '64MB'",
    # Times are returned in the session's zone; the API shows UTC.
    "timezone = 'UTC'",
)

#: Connections of a process that syncs. Each connection plans each statement five times before it
#: keeps a plan, so in a burst of pushes many connections cost more than they gain.
WORKER_CONNECTIONS = 10

#: A psycopg connection whose rows are tuples; statements and parameters are psycopg's (``%s``).
Connection = psycopg.AsyncConnection[tuple[Any, ...]]


def driver_url(database_url: str, variable: str = "DATABASE_URL") -> sa.URL:
    """The URL with psycopg 3 as driver, for any spelling of the scheme (``postgres://`` too).

    Args:
        database_url: a URL of PostgreSQL; its driver is ignored.
        variable: the setting that it comes from, for errors.

    Raises:
        ConfigurationError: it is no such URL; the text repeats only its scheme.
    """
    # Secrets made by echo end with a newline.
    scheme, separator, rest = database_url.strip().partition("://")
    form = "postgresql+psycopg://user:password@host:5432/database"
    if not separator or scheme.lower().partition("+")[0] not in {"postgresql", "postgres"}:
        # The text before :// is shown only if it looks like a scheme; else it may be a secret.
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
        pool_size: most connections; further tasks wait for one, at most 30 seconds.
    """
    engine = create_async_engine(
        driver_url(database_url),
        pool_size=pool_size,
        max_overflow=0,
        # The connection that was used last: the caches of its backend are warm.
        pool_use_lifo=True,
        pool_recycle=1800,
        # Parameters hold mail and addresses, which no error text may show.
        hide_parameters=True,
        connect_args={"application_name": "gmail_ingest"},
    )
    sa.event.listen(engine.sync_engine, "connect", _set_up)
    sa.event.listen(engine.sync_engine, "checkout", _refuse_dropped)
    return engine


def _set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - as in _refuse_dropped
    """Set what all statements need, once for each connection.

    Not by start-up options: connection poolers refuse them, and an operator's URL may have others.
    """
    cursor = connection.cursor()
    for setting in _SETTINGS:
        cursor.execute(f"SET {setting}")
    cursor.close()
    connection.commit()


def _refuse_dropped(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 - SQLAlchemy's adapted connection has no public type
    """Replace a pooled connection that the server closed, without asking over the network.

    If the socket of an idle connection is readable, the server has closed it. This check takes
    microseconds; pool_pre_ping would take a round trip for every push.
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
    """A connection in autocommit mode: one round trip for one statement."""
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
