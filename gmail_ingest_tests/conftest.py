"""Fixtures of all tests: a database of one's own, and one loop for a test and its fixtures.

``database_url`` is a fresh, migrated database, cloned from a template of the session's server;
``engine`` its AsyncEngine. Async tests and fixtures need no mark. A test of a program that has a
loop of its own (a command, the sidecar, a run of Dagster) is a plain one, and prepares and looks
with ``run(coroutine)``.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, TypeVar

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.adapters.postgres.schema.migrate import upgrade
from gmail_ingest.local.embedded_postgres import EmbeddedPostgres

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]

_TEMPLATE = "template"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One PostgreSQL a test session."""
    with (
        tempfile.TemporaryDirectory(prefix="gmail-ingest-tests-") as directory,
        EmbeddedPostgres(directory, durable=False) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def administration(postgres: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    """A connection that creates and drops databases; the template is migrated once."""
    postgres.create_database(_TEMPLATE)
    upgrade(postgres.url(_TEMPLATE))
    with psycopg.connect(plain_url(postgres.url()), autocommit=True) as connection:
        yield connection


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, administration: psycopg.Connection) -> Iterator[str]:
    """A migrated database of the test's own (``postgresql+psycopg://``)."""
    name = f"test_{next(_numbers)}"
    administration.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
    yield postgres.url(name)
    administration.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database_url(
    postgres: EmbeddedPostgres, administration: psycopg.Connection
) -> Iterator[str]:
    """A database without any table."""
    name = f"empty_{next(_numbers)}"
    administration.execute(f"CREATE DATABASE {name}")
    yield postgres.url(name)
    administration.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session", autouse=True)
def anyio_backend() -> str:
    """Async tests and fixtures run on asyncio; plain tests may use async fixtures, too."""
    return "asyncio"


@pytest.fixture
async def run() -> Run[Any]:
    """Run a coroutine to its end, on the loop of the test's async fixtures."""
    return asyncio.get_running_loop().run_until_complete


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on the test's own database."""
    engine = create_engine(database_url)
    yield engine
    await engine.dispose()


def plain_url(database_url: str) -> str:
    """The address as libpq reads it."""
    return database_url.replace("+psycopg", "", 1)
