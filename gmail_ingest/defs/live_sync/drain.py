"""Drain runs: one run for many tenants, which stays for the next push.

Holds: the op and its job. Add here: what a drain tells Dagster.
Keep out: claiming and syncing (``gmail_ingest.sync.live.drain``).

A tenant's partition is materialized when mail came or changed. A drain outlives the failures of its
tenants: that a mailbox stands still, or is synced again, is an evaluation of
``every_mailbox_is_synced`` (``mailboxes.py``), once for each change.
Source: docs/dagster.md#sets-of-partitions: one run over any set of partitions is not possible, so
that a drain is an op that logs a materialization for each tenant's partition that it changed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import dagster as dg
import structlog

from gmail_ingest.adapters.postgres.mailboxes.tenant_health import PostgresTenantHealth
from gmail_ingest.defs.dagster_internals.materializations import (
    GATHER_SECONDS,
    store_materializations,
)
from gmail_ingest.defs.event_loop import LoopThread, StopHook
from gmail_ingest.defs.live_sync.emails import emails
from gmail_ingest.defs.mailboxes import report_health
from gmail_ingest.defs.metadata import report_metadata
from gmail_ingest.defs.resources import UseCasesResource
from gmail_ingest.errors import place_of
from gmail_ingest.garbage_collector import tune_garbage_collector
from gmail_ingest.sync.accounts.tenant_health import TenantHealth
from gmail_ingest.sync.live.tenant_sync import TenantReport

Done = tuple[str, TenantReport]

log = structlog.get_logger(__name__)

#: Milliseconds that storing an event may take.
STATEMENT_TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Tenants worked off, and the health of those that fail, now or as reported."""

    done: tuple[Done, ...]
    health: Mapping[str, TenantHealth]


@dg.op(
    config_schema={},
    out=dg.Out(dg.Nothing),
    description="Claims tenants from the queue, syncs them side by side, and lingers.",
)
def drain(
    context: dg.OpExecutionContext,
    use_cases: UseCasesResource,
) -> None:
    """Work the queue off until idle or old; a termination gives back what is under way."""
    run_id = context.run_id
    # Dagster would connect to its database anew for each event: 6 ms of Postgres' CPU a tenant.
    context.instance.optimize_for_webserver(
        statement_timeout=STATEMENT_TIMEOUT_MS, pool_recycle=600, max_overflow=4
    )
    tune_garbage_collector()

    async def work(emit: Callable[[Batch], None], stop: StopHook) -> int:
        with structlog.contextvars.bound_contextvars(run_id=run_id):
            async with (
                use_cases.open() as opened,
                gathering(opened.stores.tenant_health, emit) as done,
            ):
                stop.set(opened.drain.stop)
                return await opened.drain.run(run_id, done)

    changed = 0

    def report(batches: Iterable[Batch]) -> None:
        nonlocal changed
        for batch in batches:
            # An event is 2.4 kB for ever: only what changed is worth one.
            with_changes = [
                (tenant_id, tenant_report)
                for tenant_id, tenant_report in batch.done
                if tenant_report.has_changes
            ]
            store_materializations(
                context,
                [
                    _materialization(tenant_id, tenant_report)
                    for tenant_id, tenant_report in with_changes
                ],
            )
            changed += len(with_changes)
            report_health(context, use_cases.mail_store, batch.health)

    loop = LoopThread[Batch, int](work)
    try:
        with loop:
            for batches in loop.batches(0):
                report(batches)
    finally:
        # A termination comes at any time: what was stored by then is told all the same.
        report(loop.left())
    context.log.info("worked off %s claims, %s with changes", loop.result(), changed)


@asynccontextmanager
async def gathering(
    health_store: PostgresTenantHealth, emit: Callable[[Batch], None]
) -> AsyncIterator[Callable[[str, TenantReport], None]]:
    """Take what is done one by one, and emit it together with the health of its tenants.

    One question serves all that were done within ``GATHER_SECONDS``.
    """
    waiting: list[Done] = []
    something = asyncio.Event()

    async def flush() -> None:
        done, waiting[:] = tuple(waiting), []
        if not done:
            return
        try:
            found = await health_store.failing({tenant for tenant, _ in done})
        except Exception as error:  # noqa: BLE001 - what was stored is told in any case
            log.warning("tenant_health_unknown", error=place_of(error))
            found = {}
        emit(Batch(done, found))

    ended = False

    async def pump() -> None:
        while not ended:
            await something.wait()
            something.clear()
            await asyncio.sleep(GATHER_SECONDS)
            await flush()

    def done(tenant: str, report: TenantReport) -> None:
        waiting.append((tenant, report))
        something.set()

    task = asyncio.create_task(pump())
    try:
        yield done
    finally:
        # Not cancelled: in the middle of a flush it would take what is done with it.
        ended = True
        something.set()
        await task
        await flush()


def _materialization(tenant: str, report: TenantReport) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(emails.key, partition=tenant, metadata=report_metadata(report))


@dg.job(
    executor_def=dg.in_process_executor,
    description="Syncs the tenants that wait, many in one run; started by the sync_queue_sensor.",
)
def drain_job() -> None:
    """Drain the queue."""
    drain()
