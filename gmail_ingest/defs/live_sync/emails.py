"""The asset of a tenant's mail, and the job that syncs one tenant.

Holds: ``emails`` and ``emails_job``. Add here: what a run of one tenant tells Dagster.
Keep out: syncing itself (``gmail_ingest.sync``), what counts as a failure
(``sync/accounts/tenant_health.py``), runs of many tenants (``drain.py``).

Jobs execute in one process: a process for each step would add 1.5 s to a push (measured with
Dagster 1.13).
"""

import dagster as dg
import structlog

from gmail_ingest.defs.event_loop import run
from gmail_ingest.defs.mailboxes import report_health
from gmail_ingest.defs.metadata import report_metadata
from gmail_ingest.defs.partitions import TENANTS
from gmail_ingest.defs.resources import UseCasesResource
from gmail_ingest.sync.accounts.tenant_health import TenantHealth
from gmail_ingest.sync.live.tenant_sync import TenantReport


@dg.asset(
    config_schema={},
    key_prefix="gmail",
    partitions_def=TENANTS,
    kinds={"gmail", "postgres"},
    group_name="gmail",
)
def emails(
    context: dg.AssetExecutionContext,
    use_cases: UseCasesResource,
) -> dg.MaterializeResult[None]:
    """The tenant's mail in Postgres, complete up to Gmail's current history id.

    Works off what the queue holds for this tenant; with nothing waiting (a run started by hand)
    it follows the history of every mailbox. Safe to run at any time, also twice at once.

    Fails if it could not do its work: it was put back, a mailbox stands still, or none can be
    synced. What came all the same is materialized; nothing is materialized if nothing came. The
    queue asks again by itself: Dagster need not.
    """
    tenant, run_id = context.partition_key, context.run.run_id

    async def sync() -> tuple[TenantReport, TenantHealth | None]:
        async with use_cases.open() as opened:
            report = await opened.tenant_sync.run_tenant(tenant, f"run:{run_id}", run_id=run_id)
            return report, (await opened.stores.tenant_health.failing([tenant])).get(tenant)

    with structlog.contextvars.bound_contextvars(run_id=run_id):
        report, health = run(sync())
    metadata = report_metadata(report)
    if health is not None:
        report_health(context, use_cases.mail_store, {tenant: health})
    failures = [*report.errors, *report.put_back.values()]
    stands_still = health is not None and health.failure is not None
    if failures or (stands_still and not report.has_changes):
        if report.has_changes:
            context.log_event(
                dg.AssetMaterialization(emails.key, partition=tenant, metadata=metadata)
            )
        if health is not None and stands_still:
            failures = [health.describe()]
        raise dg.Failure("; ".join(failures), metadata=metadata, allow_retries=False)
    return dg.MaterializeResult(metadata=metadata)


emails_job = dg.define_asset_job(
    "emails_job",
    # A check compares days of mail with Google: not for every push.
    selection=dg.AssetSelection.assets(emails).without_checks(),
    executor_def=dg.in_process_executor,
    description="Syncs one tenant: the sensor starts it, or a person for one partition.",
)
