"""Drain runs: one run for many tenants, which stays for the next push.

Holds: the op and its job. Add here: what a drain tells Dagster.
Keep out: claiming and syncing (``gmail_ingest.sync.drain``).
Source: one run over an arbitrary set of partitions is not possible in Dagster (issue 32335), so
that a drain is an op that logs a materialization for each tenant's partition that it changed.
"""

from collections.abc import Callable, Iterable

import dagster as dg
import structlog

from gmail_ingest.collector import calm_collector
from gmail_ingest.defs.assets import emails
from gmail_ingest.defs.loop import LoopThread, StopHook
from gmail_ingest.defs.materializations import store_materializations
from gmail_ingest.defs.metadata import report_metadata
from gmail_ingest.defs.resources import CredentialStoreResource, GmailResource, MailStoreResource
from gmail_ingest.defs.services import open_drain
from gmail_ingest.sync.tenant_sync import TenantReport

Done = tuple[str, TenantReport]

#: Milliseconds that storing an event may take.
STATEMENT_TIMEOUT_MS = 30_000
#: Materializations of so long are stored together. Mail is readable before, at once.
GATHER_SECONDS = 0.2


@dg.op(
    out=dg.Out(dg.Nothing),
    description="Claims tenants from the queue, syncs them side by side, and lingers.",
)
def drain(
    context: dg.OpExecutionContext,
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> None:
    """Work the queue off until idle or old; a termination gives back what is under way."""
    run_id = context.run_id
    # Dagster would connect to its database anew for each event: 6 ms of Postgres' CPU a tenant.
    context.instance.optimize_for_webserver(
        statement_timeout=STATEMENT_TIMEOUT_MS, pool_recycle=600, max_overflow=4
    )
    calm_collector()

    async def work(emit: Callable[[Done], None], stop: StopHook) -> int:
        with structlog.contextvars.bound_contextvars(run_id=run_id):
            async with open_drain(mail_store, credential_store, gmail) as worker:
                stop.set(worker.stop)
                return await worker.run(run_id, lambda tenant, report: emit((tenant, report)))

    changed = 0

    def report(done: Iterable[Done]) -> None:
        nonlocal changed
        # An event is 2.4 kB for ever: only what changed is worth one.
        told = [each for each in done if each[1].has_changes]
        store_materializations(context, [_materialization(*each) for each in told])
        changed += len(told)

    loop = LoopThread[Done, int](work)
    try:
        with loop:
            for done in loop.batches(GATHER_SECONDS):
                report(done)
    finally:
        # A termination comes at any time: what was stored by then is told all the same.
        report(loop.left())
    context.log.info("worked off %s claims, %s with changes", loop.result(), changed)


def _materialization(tenant: str, report: TenantReport) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(emails.key, partition=tenant, metadata=report_metadata(report))


@dg.job(
    executor_def=dg.in_process_executor,
    description="Syncs the tenants that wait, many in one run; started by the sync_queue_sensor.",
)
def drain_job() -> None:
    """Drain the queue."""
    drain()
