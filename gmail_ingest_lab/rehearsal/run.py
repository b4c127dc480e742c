"""A rehearsal's processes and pieces, put together.

Holds: ``open_rehearsal``. Keep out: what happens then (``rehearsal``), what a person sees
(``cli``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gmail_ingest.local.dagster_api import DagsterApi
from gmail_ingest.local.data_directory import DataDirectory
from gmail_ingest.local.databases import Databases, databases_on, embedded_server
from gmail_ingest.local.embedded_postgres import EmbeddedPostgres
from gmail_ingest_lab.demo.run import DemoOverrides, open_demo, psycopg_url
from gmail_ingest_lab.rehearsal.crashes import Crashes
from gmail_ingest_lab.rehearsal.google import FaultySandbox
from gmail_ingest_lab.rehearsal.mailboxes import MailboxChanges
from gmail_ingest_lab.rehearsal.permissions import Permissions
from gmail_ingest_lab.rehearsal.plan import TUNING, RehearsalOptions
from gmail_ingest_lab.rehearsal.rehearsal import Rehearsal
from gmail_ingest_lab.rehearsal.stored import Stored


@contextmanager
def open_rehearsal(
    options: RehearsalOptions, data: DataDirectory, *, on_step: Callable[[str], None]
) -> Iterator[Rehearsal]:
    """Start everything, connect the tenants, and yield; stops everything at the end.

    Args:
        options: what the person chose.
        data: an empty directory.
        on_step: is told what happens.
    """
    servers: list[EmbeddedPostgres] = []

    @contextmanager
    def databases(directory: Path) -> Iterator[Databases]:
        # Durable, since it is crashed: what it acknowledged must be on disk.
        with embedded_server(directory, durable=True) as server:
            servers.append(server)
            yield databases_on(server)

    overrides = DemoOverrides(databases, TUNING)
    with open_demo(
        options.demo, data, on_step=on_step, show=lambda _: None, overrides=overrides
    ) as demo:
        sandbox = FaultySandbox(demo.addresses.sandbox or "")
        supervisor = demo.stack.supervisor
        changes = MailboxChanges(sandbox, options.dice("mail"))
        yield Rehearsal(
            options,
            sandbox,
            Stored(psycopg_url(demo.addresses.database)),
            changes,
            Crashes(supervisor, servers[0], changes, options.dice("victims")),
            DagsterApi(demo.addresses.dagster),
            Permissions(sandbox, demo.scenario.reconnect, options.dice("permissions")),
            revive=supervisor.revive,
            on_step=on_step,
        )
