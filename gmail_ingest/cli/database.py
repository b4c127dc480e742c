"""``gmail-ingest db``: the schemas of both databases, the mail's and Dagster's.

Holds: the group's commands, and ``require_databases``. Keep out: migrations
(``adapters/postgres``, Dagster's own).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gmail_ingest.cli.deployment import database_url_of, stores_of
from gmail_ingest.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from gmail_ingest.cli.output import NOTES, print_json, print_table
from gmail_ingest.local.databases import require_psycopg2
from gmail_ingest.local.environment import DAGSTER_PG_URL
from gmail_ingest.variables import value_of

if TYPE_CHECKING:
    from gmail_ingest.adapters.postgres.schema.database_state import DatabaseState
    from gmail_ingest.sync.audit.reread import Left

app = typer.Typer(no_args_is_help=True, help="The schemas of the mail's database and Dagster's.")
_MAIL = "DATABASE_URL"


@app.callback()
def database() -> None:
    """The schemas of the mail's database and Dagster's."""


@app.command()
def upgrade(*, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Migrate both databases to this release; several processes may do so at once.

    DATABASE_URL's always; Dagster's if DAGSTER_PG_URL is set, as `dagster instance migrate` does.
    An empty database gets its tables; one that is up to date stays as it is.
    """
    from gmail_ingest.adapters.postgres.schema import migrate
    from gmail_ingest.adapters.postgres.schema.database_state import look_at
    from gmail_ingest.local.dagster_migration import migrate_dagster

    mail, dagster = _urls(data_dir)
    # Look at both first: a wrong address is reported before anything is changed.
    before, dagster_before = require_databases(mail, dagster)
    migrate.upgrade(mail)
    _say(f"the database of {_MAIL}", before, look_at(mail))
    _say_what_is_left(asyncio.run(_left(data_dir)))
    if dagster_before is None:
        NOTES.print(f"{DAGSTER_PG_URL} is not set: Dagster's database was not looked at")
        return
    # Two spellings of one place look like two databases until the first has its tables.
    require_databases(mail, dagster)
    migrate_dagster(dagster)
    _say(f"Dagster's database, {DAGSTER_PG_URL}", dagster_before, look_at(dagster, DAGSTER_PG_URL))


@app.command()
def status(*, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Show the revision of each database, and the newest of this release; exits 1 if behind."""
    from gmail_ingest.local.dagster_migration import is_behind, newest_dagster_revision

    mail, dagster = _urls(data_dir)
    found, dagster_found = require_databases(mail, dagster)
    newest = newest_dagster_revision()
    current = found.kind == "current" and (
        dagster_found is None
        or (dagster_found.kind != "empty" and not is_behind(dagster_found.revision))
    )
    if as_json:
        print_json(
            {
                "current": current,
                "mail": {"revision": found.revision, "newest": found.newest},
                "dagster": None
                if dagster_found is None
                else {"revision": dagster_found.revision, "newest": newest},
            }
        )
    else:
        rows = [("mail", found.revision or "none", found.newest)]
        if dagster_found is not None:
            rows.append(("Dagster", dagster_found.revision or "none", newest or "not known"))
        print_table(("DATABASE", "REVISION", "NEWEST"), rows)
    if not current:
        NOTES.print("run `gmail-ingest db upgrade`")
        raise typer.Exit(1)


def require_databases(mail: str, dagster: str) -> tuple[DatabaseState, DatabaseState | None]:
    """The states of both databases, which can be migrated; None for Dagster's without an address.

    Raises:
        ConfigurationError: a database has the other's tables, another program's, or those of a
            newer release.
        DatabaseUnreachableError: one does not answer.
    """
    from gmail_ingest.adapters.postgres.schema.database_state import (
        look_at,
        require_dagsters,
        require_migratable,
    )

    found = look_at(mail)
    require_migratable(found)
    if not dagster:
        return found, None
    require_psycopg2(dagster)
    dagster_found = look_at(dagster, DAGSTER_PG_URL)
    require_dagsters(dagster_found, DAGSTER_PG_URL)
    return found, dagster_found


async def _left(data_dir: Path) -> Left:
    async with stores_of(data_dir) as stores:
        return await stores.rereads.left()


def _say_what_is_left(left: Left) -> None:
    if left.mailboxes:
        NOTES.print(
            f"stored mail: {left} to be read again; Dagster does it while the service runs, "
            "`gmail-ingest reread` does it now",
            markup=False,
            highlight=False,
        )


def _urls(data_dir: Path) -> tuple[str, str]:
    # The first call sets the variables that a running deployment chose, DAGSTER_PG_URL too.
    return database_url_of(data_dir), value_of(DAGSTER_PG_URL)


def _say(what: str, before: DatabaseState, after: DatabaseState) -> None:
    if before.revision == after.revision:
        text = f"{what}: is at revision {after.revision}, nothing to do"
    elif before.revision is None:
        text = f"{what}: made, at revision {after.revision}"
    else:
        text = f"{what}: migrated from revision {before.revision} to {after.revision}"
    NOTES.print(text, markup=False, highlight=False)
