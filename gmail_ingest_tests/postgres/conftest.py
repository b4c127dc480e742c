"""Fixtures of the storage tests: ``world`` runs a test twice, ``database`` on Postgres only."""

from __future__ import annotations

import pytest

from gmail_ingest_tests.postgres.exclusion_worlds import Rules
from gmail_ingest_tests.postgres.worlds import MemoryWorld, PostgresWorld, World


@pytest.fixture(params=["memory", "postgres"])
def world(request: pytest.FixtureRequest) -> World:
    """The fakes and the adapters, which must not be told apart."""
    if request.param == "memory":
        return MemoryWorld()
    return PostgresWorld(request.getfixturevalue("engine"))


@pytest.fixture
def database(engine) -> PostgresWorld:
    """The adapters on a database of the test's own."""
    return PostgresWorld(engine)


@pytest.fixture
def acme(database) -> Rules:
    """A tenant ``acme`` without a mailbox, and its exclusion rules."""
    return Rules(database)
