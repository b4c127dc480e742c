"""``gmail-ingest db``: the schema.

Holds: the group's commands. Keep out: migrations (``adapters/postgres``).
"""

from __future__ import annotations

import typer

from gmail_ingest.cli.deployment import database_url_of
from gmail_ingest.cli.options import DEFAULT_DATA_DIR, DataDir
from gmail_ingest.cli.output import NOTES

app = typer.Typer(no_args_is_help=True, help="The database's schema.")


@app.callback()
def database() -> None:
    """The database's schema."""


@app.command()
def upgrade(*, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Migrate the database to this release; several processes may do so at once."""
    from gmail_ingest.adapters.postgres import migrate

    url = database_url_of(data_dir)
    migrate.upgrade(url)
    NOTES.print(f"the database is at revision {migrate.current_revision(url)}")
