"""The whole service on a benchmark's harness: sidecar, Dagster, pushes from the sandbox.

Holds: ``Service`` and ``open_service``. Add here: what a second benchmark asks of it.
Keep out: when mail arrives and what is measured then.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString

from gmail_ingest.adapters.postgres.accounts.api_keys import PostgresApiKeys
from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.local.dagster_api import DagsterApi
from gmail_ingest.local.readiness import loopback_session
from gmail_ingest_lab.benchmarks.figure import Progress
from gmail_ingest_lab.benchmarks.harness import (
    UNLIMITED,
    BenchmarkError,
    Harness,
    open_harness,
)
from gmail_ingest_lab.benchmarks.mail import connect
from gmail_ingest_lab.benchmarks.proc import children_of, tree_cpu_seconds
from gmail_ingest_lab.demo.plan import AUDIENCE, PUSH_ACCOUNT, TOPIC
from gmail_ingest_lab.demo.sandbox_api import PushTarget

#: Settings with which every sync is a run of one tenant's partition: the baseline.
RUN_PER_TENANT: Mapping[str, object] = {"drain_flow": 1_000_000, "max_tenant_runs": 1_000_000}
_LONGEST_SECONDS = 600.0
_LOOK_SECONDS = 0.02
#: So many of the newest mails are searched for the new one: several may come in one second.
_NEWEST = 5
_RUNNING = {"QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"}


@dataclass(frozen=True, slots=True)
class Service:
    """The running service; ``check`` raises if one of its processes has died."""

    harness: Harness
    api: str
    api_key: str
    dagster: DagsterApi
    dagster_url: str
    check: Callable[[], None]

    def connect(self, addresses: Sequence[str], progress: Progress) -> None:
        """Make empty mailboxes, connect and watch each as a tenant, and wait for their syncs."""
        for index, address in enumerate(addresses):
            self.harness.google.create_mailbox(address)
            progress("making mailboxes", index + 1, len(addresses))
        self.connect_full({address: address for address in addresses}, progress)

    def connect_full(self, tenants: Mapping[str, str], progress: Progress) -> None:
        """Connect and watch mailboxes that exist, by address, and wait for their syncs."""
        connect(self.harness, list(tenants), TOPIC, tenants)
        progress("initial syncs", 0, 1)
        self.wait(lambda: self._count("SELECT count(*) FROM sync_queue") == 0, "initial syncs")

    def wait_idle(self) -> None:
        """Wait until nothing waits and no run is alive."""
        self.wait(self._is_idle, "runs to end")

    def wait(
        self,
        done: Callable[[], bool],
        what: str,
        pause: float = 0.2,
        seconds: float = _LONGEST_SECONDS,
    ) -> None:
        """Poll ``done``.

        Raises:
            BenchmarkError: it takes longer than ``seconds``.
            ChildDiedError: a process of the service has died.
        """
        deadline = time.monotonic() + seconds
        while not done():
            self.check()
            if time.monotonic() > deadline:
                raise BenchmarkError(f"waited in vain for {what}")
            time.sleep(pause)

    def seconds_to_row(self, address: str, seed: int, tenant: str = "") -> float:
        """Let one mail arrive, and return the seconds until the API shows it to the tenant.

        They count from before the sandbox is called, so no latency is measured too short.
        """
        session = loopback_session()
        session.headers["X-API-Key"] = self.api_key
        began = time.perf_counter()
        wanted = self.harness.google.arrive(address, seed)

        def readable() -> bool:
            query = {"tenantId": tenant or address, "limit": str(_NEWEST)}
            answer = session.get(f"{self.api}/api/emails", params=query, timeout=60)
            answer.raise_for_status()
            return any(email["id"] == wanted for email in answer.json()["emails"])

        self.wait(readable, "a pushed mail", _LOOK_SECONDS)
        return time.perf_counter() - began

    def emails(self) -> int:
        """How many emails there are; for small tables only."""
        return self._count("SELECT count(*) FROM emails")

    def cpu_seconds(self) -> float:
        """CPU seconds of everything but the sandbox: sidecar, Dagster, its runs, Postgres."""
        services = [pid for pid in children_of(os.getpid()) if pid != self.harness.sandbox]
        return tree_cpu_seconds(*services)

    def _is_idle(self) -> bool:
        if self._count("SELECT count(*) FROM sync_queue"):
            return False
        if self._count("SELECT count(*) FROM drains"):
            return False
        return not any(self.dagster.runs_by_state().get(state) for state in _RUNNING)

    def _count(self, query: LiteralString) -> int:
        return self.harness.number(query)


@contextmanager
def open_service(
    changes: Mapping[str, object],
    *,
    latency_ms: int,
    durable: bool = True,
    limits: Sequence[str] = UNLIMITED,
) -> Iterator[Service]:
    """Start everything, and stop all of it at the end.

    Args:
        changes: settings that differ from the defaults.
        latency_ms: time that every answer of the sandbox takes.
        durable: whether PostgreSQL waits for the disk.
        limits: options of the sandbox that say what it allows.
    """
    defaults = {"pubsub_topic": TOPIC, "drain_linger_seconds": 300.0}
    sandbox = (*limits, "--latency-ms", str(latency_ms))
    with open_harness(durable=durable, sandbox=sandbox, changes={**defaults, **changes}) as harness:
        environment = harness.stack.child_environment(harness.settings, harness.databases)
        addresses = harness.stack.start_services(environment)
        secret = harness.settings.pubsub_verification_token.get_secret_value()
        harness.google.subscribe(
            PushTarget(f"{addresses.api}/webhooks/pubsub?token={secret}", AUDIENCE, PUSH_ACCOUNT)
        )
        yield Service(
            harness,
            addresses.api,
            asyncio.run(_api_key(harness)),
            DagsterApi(addresses.dagster),
            addresses.dagster,
            harness.stack.supervisor.check,
        )


async def _api_key(harness: Harness) -> str:
    engine = create_engine(harness.databases.mail, pool_size=1)
    try:
        return await PostgresApiKeys(engine).create("benchmark")
    finally:
        await engine.dispose()
