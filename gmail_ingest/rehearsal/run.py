"""A rehearsal's processes and pieces, put together.

Holds: ``open_rehearsal``. Keep out: what happens then (``performance``), what a person sees
(``cli``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import requests

from gmail_ingest.demo.run import Ground, open_demo, psycopg_url
from gmail_ingest.embedded_postgres import EmbeddedPostgres
from gmail_ingest.rehearsal.crashes import Crashes
from gmail_ingest.rehearsal.google import TroubledSandbox
from gmail_ingest.rehearsal.mailboxes import MailboxLife
from gmail_ingest.rehearsal.performance import Rehearsal
from gmail_ingest.rehearsal.plan import TUNING, RehearsalOptions
from gmail_ingest.rehearsal.stored import Stored
from gmail_ingest.runtime.dagster_api import DagsterApi
from gmail_ingest.runtime.data_directory import DataDirectory
from gmail_ingest.runtime.databases import Databases, databases_on
from gmail_ingest.runtime.supervisor import Supervisor

#: The code server needs about as long to load the code location.
_BOOKS_SECONDS = 3.0


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
    # Crashed in earnest: what it acknowledged must be on disk.
    server = EmbeddedPostgres(data.postgres, durable=True)

    @contextmanager
    def databases(_: Path) -> Iterator[Databases]:
        with server:
            yield databases_on(server)

    ground = Ground(databases, TUNING)
    with open_demo(options.demo, data, on_step=on_step, show=lambda _: None, ground=ground) as demo:
        dice = Random(options.seed)
        sandbox = TroubledSandbox(demo.addresses.sandbox or "")
        supervisor = demo.stack.supervisor
        life = MailboxLife(sandbox, dice)
        yield Rehearsal(
            options,
            sandbox,
            Stored(psycopg_url(demo.addresses.database)),
            life,
            Crashes(supervisor, server, life, dice),
            dice,
            revive=lambda: _revive(supervisor, DagsterApi(demo.addresses.dagster)),
            on_step=on_step,
        )


def _revive(supervisor: Supervisor, dagster: DagsterApi) -> list[str]:
    revived = supervisor.revive()
    if "code-server" in revived:
        # Its run workers died with it, which Dagster would notice after hours only. The webserver
        # may have lost its database a moment ago; a new run cannot start within these seconds.
        deadline = time.monotonic() + _BOOKS_SECONDS
        while not _ended(dagster) and time.monotonic() < deadline:
            time.sleep(0.1)
    return revived


def _ended(dagster: DagsterApi) -> bool:
    try:
        dagster.end_running()
    except requests.RequestException:
        return False
    return True
