"""Finds out what a database is: ours (at which revision), Dagster's, or neither.

Holds: ``look_at``, and the checks that refuse a wrong database. Add here: another kind of wrong
database. Keep out: migrating (``migrate``); whether a process may serve (``schema_state``: a
process goes on beside a newer release, a command stops).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import psycopg
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from gmail_ingest.adapters.postgres.engine import driver_url
from gmail_ingest.adapters.postgres.schema import migrations
from gmail_ingest.errors import ConfigurationError, GmailIngestError

#: Seconds after which a silent server is given up; libpq alone would wait for minutes.
CONNECT_SECONDS = 10
#: The advisory lock of migrations, of our database or Dagster's: a number that all releases share,
#: "gmailing" in ASCII.
MIGRATION_LOCK = 0x676D61696C696E67

Kind = Literal["empty", "current", "older", "newer", "dagster", "foreign"]

#: A table that only we have, one that only Dagster has, and Alembic's.
_LOOK = """
SELECT to_regclass('message_ledger') IS NOT NULL, to_regclass('event_logs') IS NOT NULL,
       to_regclass('alembic_version') IS NOT NULL
"""
#: Patterns of error texts, each with the reason and what to check. For servers in another language,
#: the last sentence of ``_reason`` is used.
_REASONS = (
    ("password authentication failed", "the server refuses the user or password", "user, password"),
    ("no password supplied", "the server wants a password", "user, password"),
    ("no pg_hba.conf entry", "the server does not admit this host or user", "pg_hba.conf, user"),
    (r"role \".*\" does not exist", "the server does not know the user", "user"),
    (r"database \".*\" does not exist", "the server has no database of this name", "name"),
    (r"permission denied", "the user may not connect to this database", "the user's rights"),
    ("resolve host|translate host", "the host's name is not known", "host"),
    ("refused|No such file", "nothing listens there", "host, port, and whether the server runs"),
    ("[Tt]imeout|timed out|unreachable", "the host does not answer", "host, port, firewall"),
    ("starting up|shutting down|recovery mode", "the server is not ready", "again in a moment"),
    ("too many|remaining connection slots", "the server is full", "max_connections"),
    (
        "invalid response|expected authentication|unexpected response",
        "what listens there is no PostgreSQL",
        "host, port",
    ),
    ("SSL|certificate", "the connection cannot be encrypted as asked", "sslmode"),
)


class DatabaseUnreachableError(GmailIngestError):
    """The database does not answer or refuses us; the text says why and what to check."""


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """What a database is; ``revision`` is that of its schema, ``newest`` that of this release."""

    kind: Kind
    revision: str | None
    newest: str


def look_at(database_url: str, variable: str = "DATABASE_URL") -> DatabaseState:
    """Connect once, and find out what the database is.

    Args:
        database_url: a URL of PostgreSQL, with any driver.
        variable: the setting that holds the URL, for errors.

    Raises:
        ConfigurationError: it is no URL of PostgreSQL.
        DatabaseUnreachableError: no connection.
    """
    url = driver_url(database_url, variable)
    # The URL in libpq's form, from which it reads passwords, sockets and options.
    conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
    # A connect_timeout in the URL takes precedence.
    limit = str(url.query.get("connect_timeout", CONNECT_SECONDS))
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=limit) as connection:
            ours, dagster, versioned = connection.execute(_LOOK).fetchone() or (False,) * 3
            found = None
            if versioned:
                row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
                found = row[0] if row else None
    except psycopg.OperationalError as error:
        raise unreachable(error, url, variable) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigurationError(
            f"the user of {variable} may not read the tables there: give the user that owns them"
        ) from error
    except psycopg.ProgrammingError as error:
        raise ConfigurationError(
            f"{variable} has an option after ? that PostgreSQL does not know: remove it"
        ) from error
    return _classify(found, ours=ours, dagster=dagster)


def _classify(found: str | None, *, ours: bool, dagster: bool) -> DatabaseState:
    script = ScriptDirectory(next(iter(migrations.__path__)))
    known = {revision.revision for revision in script.walk_revisions()}
    (newest,) = script.get_heads()
    kind: Kind
    if dagster and not ours:
        kind = "dagster"
    elif found is None:
        kind = "empty"
    elif found == newest:
        kind = "current"
    elif found in known:
        kind = "older"
    else:
        kind = "newer" if ours else "foreign"
    return DatabaseState(kind, found, newest)


def require_usable(state: DatabaseState, variable: str = "DATABASE_URL") -> None:
    """Refuse a database that this release cannot use as it is.

    Raises:
        ConfigurationError: says what it is, and what to do.
    """
    require_migratable(state, variable)
    if state.kind == "empty":
        raise ConfigurationError(
            f"the database of {variable} is not migrated: run `gmail-ingest db upgrade`"
        )
    if state.kind == "older":
        raise ConfigurationError(
            f"the database of {variable} is at revision {state.revision}, this release needs "
            f"{state.newest}: run `gmail-ingest db upgrade`"
        )


def require_migratable(state: DatabaseState, variable: str = "DATABASE_URL") -> None:
    """Refuse a database that a migration would damage, or that is ahead of this release.

    Raises:
        ConfigurationError: as ``require_usable``.
    """
    if state.kind == "dagster":
        raise ConfigurationError(
            f"{variable} names Dagster's own database: give the mail's there, and Dagster's in "
            "DAGSTER_PG_URL (they are two databases, and may have been swapped)"
        )
    if state.kind == "foreign":
        raise ConfigurationError(
            f"{variable} names a database that another program migrates (its revision is "
            f"{state.revision}): give the mail a database of its own"
        )
    if state.kind == "newer":
        raise ConfigurationError(
            f"the database of {variable} is at revision {state.revision}, which this release does "
            f"not know (its newest is {state.newest}): run a newer release of gmail-ingest"
        )


def require_dagsters(state: DatabaseState, variable: str) -> None:
    """Refuse a database that Dagster's migrations would damage.

    Raises:
        ConfigurationError: as ``require_usable``.
    """
    if state.kind in {"current", "older", "newer"}:
        raise ConfigurationError(
            f"{variable} names the mail's database: give Dagster one of its own there, and the "
            "mail's in DATABASE_URL (they are two databases, and may have been swapped)"
        )
    if state.kind == "foreign":
        raise ConfigurationError(
            f"{variable} names a database that another program migrates (its revision is "
            f"{state.revision}): give Dagster a database of its own"
        )


def unreachable(
    error: Exception, url: sa.URL, variable: str = "DATABASE_URL"
) -> DatabaseUnreachableError:
    """A failed connection in one sentence, without the password."""
    reason, check = _reason(str(error))
    return DatabaseUnreachableError(
        f"no connection to the database of {variable} ({_where(url)}): {reason}; check {check}"
    )


def _reason(text: str) -> tuple[str, str]:
    for sign, reason, check in _REASONS:
        if re.search(sign, text):
            return reason, check
    return "it does not answer, or does not let us in", "host, port, user, password and name"


def _where(url: sa.URL) -> str:
    # As in libpq: ?host= is for sockets and further hosts, and comes first.
    host = url.query.get("host") or url.host or "localhost"
    shown = host if isinstance(host, str) else ", ".join(host)
    port = f":{url.port}" if url.port else ""
    return f"{shown}{port}/{url.database or ''}"
