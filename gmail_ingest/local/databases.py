"""The two databases of a deployment: the mail's, and Dagster's own.

Holds: ``Databases`` and where they come from. Keep out: the schema.
They are two since both sides migrate with Alembic and would overwrite each other's
``alembic_version``. Dagster's needs psycopg2, as its storage breaks on psycopg 3.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local.embedded_postgres import EmbeddedPostgres
from gmail_ingest.local.environment import DAGSTER_PG_URL
from gmail_ingest.local.process import LogPipe

_MAIL = "gmail_ingest"
_DAGSTER = "dagster"
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Databases:
    """Addresses, ``mail`` for psycopg 3, ``dagster`` for psycopg2; ``embedded``: started by us."""

    mail: str
    dagster: str
    embedded: bool


def given_databases(database_url: str, environment: Mapping[str, str] = os.environ) -> Databases:
    """The databases that the operator named.

    Raises:
        ConfigurationError: Dagster's address is missing, is not for psycopg2, or names the mail's
            database.
    """
    dagster = environment.get(DAGSTER_PG_URL, "")
    if not dagster:
        raise ConfigurationError(
            f"{DAGSTER_PG_URL} is not set: with DATABASE_URL, Dagster needs a database of its own, "
            "as postgresql+psycopg2://user:password@host/dagster"
        )
    require_psycopg2(dagster)
    require_two_databases(database_url, dagster)
    return Databases(mail=database_url, dagster=dagster, embedded=False)


def require_psycopg2(dagster: str) -> None:
    """Refuse an address with which Dagster's storage would fail.

    Raises:
        ConfigurationError: it is not for psycopg2.
    """
    if not dagster.startswith("postgresql+psycopg2://"):
        raise ConfigurationError(
            f"{DAGSTER_PG_URL} must begin with postgresql+psycopg2://, since Dagster's storage "
            "does not work with psycopg 3"
        )


def require_two_databases(mail: str, dagster: str) -> None:
    """Refuse one database for both: each side would overwrite the other's ``alembic_version``.

    Raises:
        ConfigurationError: both addresses name the same host, port and database.
    """
    if dagster and _place(mail) == _place(dagster):
        raise ConfigurationError(
            f"DATABASE_URL and {DAGSTER_PG_URL} name the same database: give Dagster one of its "
            "own (CREATE DATABASE dagster)"
        )


def _place(url: str) -> tuple[object, ...]:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    host = query.get("host") or parts.hostname or "localhost"
    port = query.get("port") or parts.netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]
    place = "localhost" if host in _THIS_MACHINE else host
    return place, port or "5432", unquote(parts.path.strip("/"))


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
    """A running server, stopped at the end; it logs to ``logs/postgres.log`` beside its directory.

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
    """Both databases of a running server; makes those that are not there."""
    for name in (_MAIL, _DAGSTER):
        server.create_database(name)
    return Databases(server.url(_MAIL), server.psycopg2_url(_DAGSTER), embedded=True)
