"""``growth``: bytes by which both databases grow a day, mail apart, once retention is at work.

Holds: the benchmark. Baseline: a day without retention, in the same run.

Three days: the first is made old, the second is the baseline, and the third comes after a night of
retention, so that it can use the space of the first. Old rows are rewritten, so that they free no
more space than a day takes; indexes free less, since rewriting packs them. Mail and the ledger are
not counted: they grow with what Google has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import LiteralString

import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import WORKER_CONNECTIONS, create_engine
from gmail_ingest.adapters.postgres.queue.sync_queue import PostgresSyncQueue
from gmail_ingest.sync.live.sync_queue import Claim
from gmail_ingest.sync.mailbox.records import Counts
from gmail_ingest_lab.benchmarks.figure import Figure, Progress
from gmail_ingest_lab.benchmarks.harness import Harness, open_harness, plain_url

GOAL_SHARE = 0.1
_TENANTS = 1_000
_MAILS = 50
#: Claims of a drain run at once, and tenants that are asked for side by side.
_CLAIMS = 100
_SIDE_BY_SIDE = 8
#: The smallest step by which a database grows, in bytes.
_PAGE = 8_192
#: Older than any retention of the defaults.
_OLD_EVENTS: LiteralString = """
UPDATE event_logs SET timestamp = timestamp - interval '40 days';
UPDATE asset_check_executions
SET evaluation_event_timestamp = evaluation_event_timestamp - interval '40 days';
UPDATE runs SET create_timestamp = create_timestamp - interval '40 days',
                update_timestamp = update_timestamp - interval '40 days'
"""
_OLD_JOBS: LiteralString = """
UPDATE sync_jobs SET created_at = created_at - interval '40 days',
    started_at = started_at - interval '40 days', finished_at = finished_at - interval '40 days'
"""
_TENANT_ROWS = "INSERT INTO tenants (id) SELECT unnest(%(tenants)s::text[])"


def run(progress: Progress, scale: float = 1.0) -> Figure:
    """Live three days of ``scale`` times a thousand tenants, with a night of retention."""
    tenants = [f"tenant-{number:06}" for number in range(max(2, round(_TENANTS * scale)))]
    with open_harness(durable=False) as harness:
        harness.execute(_TENANT_ROWS, {"tenants": tenants})
        world = _World(harness, tenants, progress)
        world.day("a day that will be old")
        world.make_old()
        before = world.sizes()
        events = world.day("a day without retention")
        without = world.sizes()
        world.night()
        world.day("a day with retention")
        after = world.sizes()
    grown = {name: after[name] - without[name] for name in after}
    plain = {name: without[name] - before[name] for name in before}
    figure, baseline = (max(sum(sizes.values()), _PAGE) / 1e6 for sizes in (grown, plain))
    return Figure(
        name="growth",
        figure=figure,
        unit="MB a day, mail apart, with retention",
        goal=f"<= {GOAL_SHARE} of what it is without",
        reached=figure <= GOAL_SHARE * baseline,
        baseline=baseline,
        baseline_is="without retention",
        conditions={
            "tenants": len(tenants),
            "mailsATenant": _MAILS,
            "events": events,
            "jobs": len(tenants) * _MAILS,
            "dagsterMB": round(grown["dagster"] / 1e6, 2),
            "mailDatabaseMB": round(grown["mail"] / 1e6, 2),
            "dagsterMBWithoutRetention": round(plain["dagster"] / 1e6, 2),
            "mailDatabaseMBWithoutRetention": round(plain["mail"] / 1e6, 2),
            "leastMB": _PAGE / 1e6,
        },
    )


class _World:
    """Both databases of a deployment, and what a day and a night do to them."""

    def __init__(self, harness: Harness, tenants: Sequence[str], progress: Progress) -> None:
        self._harness = harness
        self._tenants = tenants
        self._progress = progress
        databases = harness.databases
        self._urls = {"mail": plain_url(databases.mail), "dagster": plain_url(databases.dagster)}

    def day(self, step: str) -> int:
        """Events of a day's drain runs and of a night's comparison, and a job for each mail.

        Returns how many events.
        """
        self._progress(step, 0, 2)
        plan = {"tenants": self._tenants, "mails": _MAILS}
        found = self._harness.worker("growth_day", plan, room="gmail_ingest_lab").result()
        self._progress(step, 1, 2)
        asyncio.run(_ask_and_end(self._harness, self._tenants))
        # As autovacuum would, in between and afterwards.
        self._everywhere("VACUUM")
        return int(found["events"])

    def night(self) -> None:
        """The nightly job, and a VACUUM that makes the freed space usable."""
        self._progress("a night of retention", 0, 1)
        self._harness.worker("growth_day", {"retention": True}, room="gmail_ingest_lab").result()
        self._everywhere("VACUUM")

    def make_old(self) -> None:
        """Date all that is stored back beyond what retention keeps."""
        self._execute("dagster", _OLD_EVENTS)
        self._execute("mail", _OLD_JOBS)
        self._everywhere("VACUUM FULL")

    def sizes(self) -> Mapping[str, int]:
        """Bytes of each database."""
        found = {}
        for name, url in self._urls.items():
            with psycopg.connect(url, autocommit=True) as connection:
                row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
            found[name] = int(row[0]) if row else 0
        return found

    def _everywhere(self, statement: LiteralString) -> None:
        for name in self._urls:
            self._execute(name, statement)

    def _execute(self, name: str, statement: LiteralString) -> None:
        with psycopg.connect(self._urls[name], autocommit=True) as connection:
            connection.execute(statement)


async def _ask_and_end(harness: Harness, tenants: Sequence[str]) -> None:
    """A job for each mail: asked for, claimed and ended, as pushes and drain runs do."""
    engine = create_engine(harness.settings.database_url, pool_size=WORKER_CONNECTIONS)
    try:
        for _ in range(_MAILS):
            await _one_each(engine, tenants)
    finally:
        await engine.dispose()


async def _one_each(engine: AsyncEngine, tenants: Sequence[str]) -> None:
    queue, free = PostgresSyncQueue(engine), asyncio.Semaphore(_SIDE_BY_SIDE)

    async def ask(tenant: str) -> None:
        async with free:
            await queue.enqueue(tenant, "incremental")

    async def end(claim: Claim) -> None:
        async with free:
            await queue.acknowledge(claim, "succeeded", Counts(discovered=1, stored=1), None)

    await asyncio.gather(*map(ask, tenants))
    while claims := await queue.claim("run:growth", limit=_CLAIMS, ttl=timedelta(minutes=5)):
        await asyncio.gather(*map(end, claims))
