"""A worker process that syncs whatever waits in the queue, as a drain run does, without Dagster.

Holds: the process. Keep out: the sync itself (``gmail_ingest.sync``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.adapters.postgres.sync_queue import PostgresSyncQueue
from gmail_ingest.benchmarks.plan_file import cpu_seconds, run_worker
from gmail_ingest.logs import configure_logging
from gmail_ingest.settings import Settings
from gmail_ingest.sync.tenant_sync import TenantReport
from gmail_ingest.wiring import build_credentials, build_tenant_sync, open_gmail

_CLAIMS = 10_000


async def work(_plan: Mapping[str, Any]) -> dict[str, object]:
    """Claim and sync until nothing waits."""
    settings = Settings()
    configure_logging(settings.log_level, settings.log_format)
    engine = create_engine(settings.database_url)
    report = TenantReport()
    try:
        async with open_gmail(settings, build_credentials(settings, engine)) as gmail:
            tenants = build_tenant_sync(settings, engine, gmail)
            queue = PostgresSyncQueue(engine)
            ttl = timedelta(seconds=settings.lease_seconds)
            started, began = cpu_seconds(), time.monotonic()
            while claims := await queue.claim("bench", limit=_CLAIMS, ttl=ttl):
                await asyncio.gather(*(tenants.work_off(claim, report) for claim in claims))
            seconds = time.monotonic() - began
    finally:
        await engine.dispose()
    return {
        "startCpuSeconds": started,
        "seconds": seconds,
        "errors": report.errors,
        **report.counts.totals(),
    }


if __name__ == "__main__":
    run_worker(work)
