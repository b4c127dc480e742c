"""``gmail-ingest up`` and ``status``: processes on this machine.

Holds: these commands. Keep out: how processes are started (``gmail_ingest.local``).
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gmail_ingest.cli.deployment import settings_of, stores_of
from gmail_ingest.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from gmail_ingest.cli.output import NOTES, print_json, print_table
from gmail_ingest.cli.status_report import StatusReport, read_status_report
from gmail_ingest.core.ledger.shown_fates import shown_counts
from gmail_ingest.local.data_directory import DataDirectory
from gmail_ingest.local.signals import StopRequested, stop_on_signals

if TYPE_CHECKING:
    from gmail_ingest.adapters.postgres.reads.overview import MailboxOverview
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


def status(*, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Show what runs, how far every mailbox is, and what stands still with what to do about it.

    Reads the database (DATABASE_URL, or what runs in --data-dir).
    """
    running = DataDirectory(data_dir).running()
    mailboxes, waiting, report = asyncio.run(_overview(data_dir))
    old = asyncio.run(_old_transactions(data_dir))
    if as_json:
        where = None if running is None else asdict(running.addresses)
        rows = [asdict(mailbox) | {"fates": shown_counts(mailbox.fates)} for mailbox in mailboxes]
        overview = {
            "running": where,
            "queueWaiting": waiting,
            "oldTransactions": old,
            "mailboxes": rows,
        }
        print_json(overview | report.to_json())
        return
    if old:
        NOTES.print(f"transactions: {old}", markup=False, highlight=False)
    if running is not None:
        NOTES.print(f"Dagster {running.addresses.dagster}, API {running.addresses.api}")
    print_table(
        ("TENANT", "MAILBOX", "STATE", "STORED", "PENDING", "DEAD", "WITHHELD", "LAST SYNC"),
        [
            (m.tenant_id, m.address, m.state, _stored(m), *_unfinished(m), m.last_synced_at)
            for m in mailboxes
        ],
    )
    for line in report.lines(waiting):
        _note(line)


def _stored(mailbox: MailboxOverview) -> str:
    return f"~{mailbox.stored}" if mailbox.approximate else str(mailbox.stored)


def _unfinished(mailbox: MailboxOverview) -> tuple[int, int, int]:
    waiting, dead = mailbox.fates.get("pending", 0), mailbox.fates.get("dead", 0)
    return waiting, dead, mailbox.removals_withheld


async def _overview(data_dir: Path) -> tuple[list[MailboxOverview], int, StatusReport]:
    async with stores_of(data_dir) as stores:
        overview = stores.overview
        mailboxes, waiting = await overview.mailboxes(), await overview.waiting()
        return mailboxes, waiting, await read_status_report(stores)


async def _old_transactions(data_dir: Path) -> str:
    """What is wrong with transactions that are open, and the remedy; empty if nothing is."""
    from gmail_ingest.adapters.postgres.reads.old_transactions import remedy

    longest = timedelta(seconds=settings_of(data_dir).longest_transaction_seconds)
    async with stores_of(data_dir) as stores:
        return remedy(await stores.transactions.older_than(longest))


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
