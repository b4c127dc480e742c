"""``limiter``: reservations a second while some transaction has been open for a minute.

Holds: the benchmark. A dump or a report keeps PostgreSQL from removing old versions of rows, and
each version slows down a row that is written often. Baseline: the project's line written for each
reservation, as before there were portions (``core/quota/portions.py``), in the same loop and
database.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import WORKER_CONNECTIONS, create_engine
from gmail_ingest.adapters.postgres.sync.quota_limiter import Limits, PostgresLimiter
from gmail_ingest.core.quota.portions import Permits
from gmail_ingest_lab.benchmarks.figure import Figure, Progress
from gmail_ingest_lab.benchmarks.harness import Harness, open_harness, plain_url

GOAL_SHARE = 0.7
_OPEN_SECONDS = 60.0
_MEASURE_SECONDS = 5.0
_TASKS = 16
#: So many that each gets about as many calls a second as Google allows a mailbox.
_MAILBOXES = 1_500
_UNITS = 20
#: Limits so high that nothing waits: only the rows count.
_LIMITS = Limits(mailbox_minute=10**10, project_minute=10**12, project_day=10**12)
#: A write for every reservation.
_ALWAYS = 1e12


@dataclass(frozen=True, slots=True)
class _Rates:
    """Reservations a second: with nothing open, and at the end of a minute with a transaction."""

    alone: float
    beside: float


def run(progress: Progress, scale: float = 1.0) -> Figure:
    """Reserve as fast as it goes, both ways, without and with an open transaction."""
    seconds = max(3.0, _OPEN_SECONDS * scale)
    with open_harness(durable=True) as harness:
        before = asyncio.run(_rates(harness, seconds, progress, Permits(_ALWAYS, _ALWAYS)))
        harness.execute("VACUUM quota_lines, quota_usage")
        found = asyncio.run(_rates(harness, seconds, progress, None))
    share = found.beside / found.alone
    return Figure(
        name="limiter",
        figure=found.beside,
        unit="reservations a second, a transaction open for a minute",
        goal=f">= {GOAL_SHARE} of what it is without one",
        reached=share >= GOAL_SHARE,
        baseline=before.beside,
        baseline_is="the project's line written for each reservation",
        conditions={
            "withoutATransaction": round(found.alone),
            "baselineWithoutATransaction": round(before.alone),
            "shareKept": round(share, 3),
            "baselineShareKept": round(before.beside / before.alone, 3),
            "transactionOpenSeconds": round(seconds),
            "mailboxes": _MAILBOXES,
            "tasks": _TASKS,
            "durable": True,
        },
    )


async def _rates(
    harness: Harness, seconds: float, progress: Progress, permits: Permits | None
) -> _Rates:
    engine = create_engine(harness.settings.database_url, pool_size=WORKER_CONNECTIONS)
    step = "portions" if permits is None else "a write each"
    try:
        limiter = PostgresLimiter(engine, _LIMITS, permits)
        alone = await _rate(limiter, _MEASURE_SECONDS)
        with _open_transaction(engine):
            began = time.monotonic()
            while (passed := time.monotonic() - began) < seconds:
                progress(step, passed, seconds)
                beside = await _rate(limiter, min(_MEASURE_SECONDS, seconds))
    finally:
        await engine.dispose()
    return _Rates(alone, beside)


async def _rate(limiter: PostgresLimiter, seconds: float) -> float:
    """Reservations a second over so many seconds, half of them live."""
    mailboxes = itertools.cycle(range(1, _MAILBOXES + 1))
    began, done = time.monotonic(), 0

    async def reserve(origin: str) -> None:
        nonlocal done
        while time.monotonic() - began < seconds:
            await limiter.reserve(
                next(mailboxes), _UNITS, "push" if origin == "push" else "listing"
            )
            done += 1

    await asyncio.gather(*(reserve(("push", "listing")[task % 2]) for task in range(_TASKS)))
    return done / (time.monotonic() - began)


@contextmanager
def _open_transaction(engine: AsyncEngine) -> Iterator[None]:
    """A snapshot that is kept, as a dump keeps it."""
    address = plain_url(engine.url.render_as_string(hide_password=False))
    with psycopg.connect(address) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("SELECT count(*) FROM quota_lines")
        yield
        connection.rollback()
