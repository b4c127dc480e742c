"""The harness of a benchmark: a sandbox and a PostgreSQL, each in processes of their own.

Holds: ``Harness``, ``open_harness`` and how a worker process is run to its end. Add here: what a
second benchmark needs of it. Keep out: mail (``mail.py``), figures.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from pydantic import SecretStr

from gmail_ingest.adapters.postgres.schema.migrate import upgrade
from gmail_ingest.errors import GmailIngestError
from gmail_ingest.local.data_directory import DataDirectory
from gmail_ingest.local.databases import Databases, embedded_databases
from gmail_ingest.local.environment import (
    base_environment,
    machine_environment,
    pinned_settings,
)
from gmail_ingest.local.process import Child, ProcessSpec
from gmail_ingest.local.stack import Stack, open_stack
from gmail_ingest.local.supervisor import Supervisor
from gmail_ingest.settings import Settings
from gmail_ingest_lab.benchmarks.local_google import LocalGoogle
from gmail_ingest_lab.benchmarks.proc import tree_cpu_seconds
from gmail_ingest_lab.demo.plan import ALL_DAYS, AUDIENCE, PROJECT, PUSH_ACCOUNT
from gmail_ingest_lab.demo.sandbox_process import sandbox_process

#: No worker of a benchmark runs longer than this.
LONGEST_SECONDS = 1_800.0
#: The sandbox's limits switched off, so that only our own speed counts.
UNLIMITED = (
    *("--user-units-per-minute", "0", "--project-units-per-minute", "0"),
    *("--concurrent-calls", "0"),
)
#: Our own limiter switched off.
NO_LIMITER: Mapping[str, object] = {"mailbox_units_per_minute": 0}


class BenchmarkError(GmailIngestError):
    """A benchmark could not be carried out, so that there is no figure."""


@dataclass(frozen=True, slots=True)
class Harness:
    """What runs: ``settings`` suit it; ``workers`` are those that end by themselves; ``sandbox``
    is the sandbox's process.
    """

    stack: Stack
    workers: Supervisor
    databases: Databases
    url: str
    google: LocalGoogle
    settings: Settings
    sandbox: int

    def worker(
        self,
        module: str,
        plan: Mapping[str, object],
        settings: Settings | None = None,
        room: str = __package__ or "",
    ) -> Running:
        """Start a module of a room as a process; it reads its plan and writes an answer."""
        number = secrets.token_hex(4)
        plan_file = self.stack.data.root / f"plan-{number}.json"
        answer = self.stack.data.root / f"answer-{number}.json"
        plan_file.write_text(json.dumps(plan))
        environment = self.stack.child_environment(settings or self.settings, self.databases)
        command = ("-m", f"{room}.{module}", str(plan_file), str(answer))
        child = self.workers.start(
            ProcessSpec(f"{module}-{number}", (sys.executable, *command), environment)
        )
        return Running(child, answer)

    def stored(self) -> int:
        """About how many emails there are, by Postgres' statistics: counting would cost CPU."""
        return self.number("SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'emails'")

    def number(self, query: LiteralString) -> int:
        """The one number that a query answers."""
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def checkpoint(self) -> None:
        """Let Postgres write what it has put off."""
        self.execute("CHECKPOINT")

    def execute(self, statement: LiteralString, values: Mapping[str, object] | None = None) -> None:
        """Run a statement without an answer."""
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(statement, values)

    @property
    def _conninfo(self) -> str:
        return plain_url(self.databases.mail)

    def postgres_cpu_seconds(self) -> float:
        """CPU seconds of the PostgreSQL server, all its processes together."""
        pid_file = self.stack.data.postgres / "cluster" / "postmaster.pid"
        return tree_cpu_seconds(int(pid_file.read_text().partition("\n")[0]))


@dataclass(frozen=True, slots=True)
class Running:
    """A worker on its way."""

    child: Child
    _answer: Path

    def result(
        self, watch: Callable[[], None] | None = None, seconds: float = LONGEST_SECONDS
    ) -> dict[str, Any]:
        """Wait for its end and return its answer.

        Args:
            watch: called a few times a second meanwhile.
            seconds: the deadline.

        Raises:
            BenchmarkError: it failed, or did not end in time.
        """
        deadline = time.monotonic() + seconds
        while (code := self.child.exit_code()) is None:
            if time.monotonic() > deadline:
                raise BenchmarkError(f"{self.child.name} did not end in {seconds:.0f} s")
            if watch is not None:
                watch()
            time.sleep(0.1)
        if code:
            raise BenchmarkError(f"{self.child.name} failed:\n{self.child.tail()}")
        answer: dict[str, Any] = json.loads(self._answer.read_text())
        return answer


@contextmanager
def open_harness(
    *,
    durable: bool,
    sandbox: tuple[str, ...] = UNLIMITED,
    changes: Mapping[str, object] | None = None,
) -> Iterator[Harness]:
    """Start a sandbox and a migrated PostgreSQL in a temporary directory; all is gone at the end.

    Args:
        durable: whether PostgreSQL waits for the disk, as production does.
        sandbox: further options of the sandbox.
        changes: settings that differ from the defaults.
    """
    with (
        tempfile.TemporaryDirectory(prefix="gmail-ingest-bench-") as directory,
        open_stack(
            DataDirectory(Path(directory)), _silent, machine_environment(os.environ)
        ) as stack,
    ):
        databases = stack.cleanup.enter_context(
            embedded_databases(stack.data.postgres, durable=durable)
        )
        child, url, settings = _start_sandbox(stack, sandbox)
        settings = settings.model_copy(
            update={
                "database_url": databases.mail,
                "initial_sync_days": ALL_DAYS,
                **(changes or {}),
            }
        )
        upgrade(databases.mail)
        workers = Supervisor(logs=stack.data.logs, directory=stack.data.root)
        stack.cleanup.callback(workers.close)
        yield Harness(stack, workers, databases, url, LocalGoogle(url), settings, child.group)


def _start_sandbox(stack: Stack, options: tuple[str, ...]) -> tuple[Child, str, Settings]:
    client_id, secret = "bench.apps.googleusercontent.com", secrets.token_urlsafe(16)
    ready = stack.data.root / "sandbox.json"
    arguments = (
        *("--ready-file", str(ready), "--allow-paths", "--project-id", PROJECT),
        *(f"--client-id={client_id}", f"--client-secret={secret}", *options),
    )
    environment = base_environment({}, stack.data.bytecode)
    child = stack.start(sandbox_process(environment, *arguments))
    stack.wait(ready.exists, "sandbox")
    url = str(json.loads(ready.read_text())["url"])
    return child, url, _settings(url, client_id, secret)


def _settings(sandbox: str, client_id: str, client_secret: str) -> Settings:
    """The defaults with the sandbox's addresses, whatever the environment says."""
    return pinned_settings(
        google_client_id=client_id,
        google_client_secret=SecretStr(client_secret),
        google_cloud_project_id=PROJECT,
        pubsub_audience=AUDIENCE,
        pubsub_service_account=PUSH_ACCOUNT,
        pubsub_verification_token=SecretStr(secrets.token_urlsafe(16)),
        encryption_key=SecretStr(b64encode(secrets.token_bytes(32)).decode()),
        gmail_api_endpoint=sandbox,
        google_token_uri=f"{sandbox}/token",
        google_revoke_uri=f"{sandbox}/revoke",
        google_certs_uri=f"{sandbox}/oauth2/v1/certs",
        drain_linger_seconds=0.5,
        log_level="WARNING",
    )


def plain_url(database_url: str) -> str:
    """A database's address as libpq reads it."""
    return database_url.replace("+psycopg2", "", 1).replace("+psycopg", "", 1)


def _silent(_step: str) -> None:
    """Services of a benchmark start without a word."""
