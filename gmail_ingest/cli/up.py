"""``gmail-ingest up``: the service on this machine, until it is stopped.

Holds: the command. Keep out: how processes are started and kept (``gmail_ingest.local``).
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from gmail_ingest.cli.options import DEFAULT_DATA_DIR, DataDir
from gmail_ingest.cli.output import NOTES
from gmail_ingest.local.data_directory import DataDirectory
from gmail_ingest.local.signals import StopRequested, stop_on_signals

if TYPE_CHECKING:
    from gmail_ingest.local.databases import Databases
    from gmail_ingest.local.embedded_postgres import EmbeddedPostgres
    from gmail_ingest.settings import Settings

_LOOK_SECONDS = 0.5


def up(
    *,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    api_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the sidecar; 0 takes a free one.")
    ] = 0,
    dagster_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of Dagster's UI; 0: a free one.")
    ] = 0,
) -> None:
    """Run the service on this machine against real Google, configured by the environment.

    Starts the sidecar and Dagster on loopback, and PostgreSQL unless DATABASE_URL names one. A
    process that ends is started again, unless it keeps ending.
    """
    from gmail_ingest.cli.checks import require_startable
    from gmail_ingest.local.keeper import Keeper
    from gmail_ingest.local.readiness import require_free
    from gmail_ingest.local.stack import Ports, open_stack, require_unused
    from gmail_ingest.settings import load_settings

    configured = load_settings()
    require_startable(configured)
    data = DataDirectory(data_dir.resolve())
    require_unused(data)
    require_free({"--api-port": api_port, "--dagster-port": dagster_port})
    try:
        with stop_on_signals(), open_stack(data, _note) as stack:
            server, databases = _databases(configured, data, stack.cleanup)
            environment = stack.child_environment(configured, databases)
            addresses = stack.start_services(environment, Ports(api_port, dagster_port))
            stack.publish(addresses, stack.made_up(databases))
            _note(f"Dagster {addresses.dagster}, API docs {addresses.api}/docs; Ctrl-C stops")
            keeper = Keeper(stack.supervisor, data.logs, notify=_note, server=server)
            while True:
                keeper.look(time.monotonic())
                time.sleep(_LOOK_SECONDS)
    except StopRequested:
        raise typer.Exit(0) from None


def _databases(
    settings: Settings, data: DataDirectory, cleanup: ExitStack
) -> tuple[EmbeddedPostgres | None, Databases]:
    from gmail_ingest.cli.database import require_databases
    from gmail_ingest.local.databases import databases_on, embedded_server, given_databases
    from gmail_ingest.local.environment import DAGSTER_PG_URL
    from gmail_ingest.variables import value_of

    if settings.database_url:
        given = given_databases(settings.database_url, {DAGSTER_PG_URL: value_of(DAGSTER_PG_URL)})
        # Before anything is started: what is wrong here would be a child's traceback later.
        require_databases(given.mail, given.dagster)
        return None, given
    _note("starting the embedded PostgreSQL")
    server = cleanup.enter_context(embedded_server(data.postgres, durable=True))
    return server, databases_on(server)


def _note(text: str) -> None:
    NOTES.print(text, markup=False, highlight=False)
