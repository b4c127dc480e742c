"""The two databases of a deployment: the mail's, and Dagster's own.

Holds: ``Databases`` and where they come from. Keep out: the schema.
Both sides migrate with Alembic and would overwrite each other's ``alembic_version``, therefore
two databases; Dagster's needs psycopg2, as its storage breaks on psycopg 3.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gmail_ingest.embedded_postgres import EmbeddedPostgres
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.runtime.environment import DAGSTER_PG_URL
from gmail_ingest.runtime.process import LogPipe

_MAIL = "gmail_ingest"
_DAGSTER = "dagster"


@dataclass(frozen=True, slots=True)
class Databases:
    """``mail`` for psycopg 3, ``dagster`` for psycopg2; ``embedded``: ours to start and stop."""

    mail: str
    dagster: str
    embedded: bool


def given_databases(database_url: str, environment: Mapping[str, str] = os.environ) -> Databases:
    """The databases that the operator named.

    Raises:
        ConfigurationError: DATABASE_URL is set, and Dagster's is missing or for psycopg 3.
    """
    dagster = environment.get(DAGSTER_PG_URL, "")
    if not dagster:
        raise ConfigurationError(
            f"{DAGSTER_PG_URL} is not set: with DATABASE_URL, Dagster needs a database of its own, "
            "as postgresql+psycopg2://user:password@host/dagster"
        )
    if not dagster.startswith("postgresql+psycopg2://"):
        raise ConfigurationError(
            f"{DAGSTER_PG_URL} must begin with postgresql+psycopg2://, since Dagster's storage "
            "does not work with psycopg 3"
        )
    return Databases(mail=database_url, dagster=dagster, embedded=False)


@contextmanager
def embedded_databases(directory: Path, *, durable: bool) -> Iterator[Databases]:
    """An embedded PostgreSQL with both databases, stopped at the end.

    Raises:
        ConfigurationError: the server did not start.
    """
    with embedded_server(directory, durable=durable) as server:
        yield databases_on(server)


@contextmanager
def embedded_server(directory: Path, *, durable: bool) -> Iterator[EmbeddedPostgres]:
    """A running server, stopped at the end; its log is that of a process beside its directory.

    Raises:
        ConfigurationError: the server did not start.
    """
    logs = directory.parent / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    # Open until the end: the server may be started again.
    pipe = LogPipe(logs / "postgres.log", "postgres")
    try:
        with EmbeddedPostgres(directory, durable=durable, output=pipe.entry) as server:
            yield server
    finally:
        pipe.close_entry()
        pipe.wait()


def databases_on(server: EmbeddedPostgres) -> Databases:
    """Both databases on a running server, made unless they are there."""
    for name in (_MAIL, _DAGSTER):
        server.create_database(name)
    return Databases(server.url(_MAIL), server.psycopg2_url(_DAGSTER), embedded=True)
