"""A worker process that drains the queue as a drain run does, without Dagster.

Holds: the process. Keep out: the sync itself (``gmail_ingest.sync``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from gmail_ingest.adapters.postgres.engine import WORKER_CONNECTIONS
from gmail_ingest.garbage_collector import tune_garbage_collector
from gmail_ingest.logs import configure_logging
from gmail_ingest.settings import load_settings
from gmail_ingest.sync.live.tenant_sync import TenantReport
from gmail_ingest.sync.mailbox.records import Counts
from gmail_ingest.wiring.stores import open_stores
from gmail_ingest.wiring.use_cases import UseCases, build_gmail
from gmail_ingest_lab.benchmarks.plan_file import Answer, cpu_seconds, run_async, run_worker


class _Sum:
    """Adds up what was done for all tenants."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.errors: list[str] = []
        self.began = self.ended = time.monotonic()

    def done(self, _tenant: str, report: TenantReport) -> None:
        self.counts.add(report.counts)
        self.errors.extend(report.errors)
        self.ended = time.monotonic()


def work(_plan: Mapping[str, Any]) -> Answer:
    """Drain until nothing waits."""
    return run_async(_drain())


async def _drain() -> Answer:
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    async with (
        open_stores(settings, pool_size=WORKER_CONNECTIONS) as stores,
        build_gmail(settings, stores.credentials) as gmail,
    ):
        drain = UseCases(stores, gmail).drain
        tune_garbage_collector()
        started, total = cpu_seconds(), _Sum()
        await drain.run("benchmark", total.done)
    return {
        "startCpuSeconds": started,
        "seconds": total.ended - total.began,
        "errors": total.errors,
        **total.counts.totals(),
    }


if __name__ == "__main__":
    run_worker(work)
