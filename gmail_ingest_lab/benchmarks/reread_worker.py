"""A worker process that reads stored mail again as a Dagster run does, without Dagster.

Holds: the process. Keep out: the reading itself (``sync/audit/reread.py``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from gmail_ingest.adapters.postgres.engine import WORKER_CONNECTIONS, create_engine
from gmail_ingest.adapters.postgres.sync.rereading import PostgresRereads
from gmail_ingest.settings import load_settings
from gmail_ingest.sync.audit.reread import Reread
from gmail_ingest_lab.benchmarks.plan_file import Answer, run_async, run_worker


def work(_plan: Mapping[str, Any]) -> Answer:
    """Read until nothing is left."""
    return run_async(_reread())


async def _reread() -> Answer:
    engine = create_engine(load_settings().database_url, pool_size=WORKER_CONNECTIONS)
    began = time.monotonic()
    try:
        done = Reread(PostgresRereads(engine))
        await done.run(float("inf"), lambda _: None)
    finally:
        await engine.dispose()
    return {
        "read": done.read,
        "changed": done.changed,
        "failed": done.failed,
        "seconds": time.monotonic() - began,
    }


if __name__ == "__main__":
    run_worker(work)
