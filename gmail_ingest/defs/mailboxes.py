"""The tenants' mailboxes, and the check that each of them is synced.

Holds: the asset, its check, and ``report_health``, by which runs evaluate it as they go.
Add here: a further truth about mailboxes. Keep out: what counts as a failure
(``sync/accounts/tenant_health.py``).

A run of one tenant fails when it could not do its work. Drain runs stay alive; they evaluate the
check, as every sync does, when the failure is another one than was reported last, and when it is
over: an event costs 11 ms and 2.4 kB, and a retry is no news. Nothing materializes the mailboxes,
which are Google's, so that no push takes an evaluation from the page
(``dagster_internals/overall.py``).
"""

from collections.abc import Collection, Iterable, Mapping

import dagster as dg

from gmail_ingest.defs.dagster_internals.overall import Context, report_overall
from gmail_ingest.defs.event_loop import run
from gmail_ingest.defs.partitions import TENANTS
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest.sync.accounts.tenant_health import OverallHealth, TenantHealth

mailboxes = dg.AssetSpec(
    ["gmail", "mailboxes"],
    partitions_def=TENANTS,
    group_name="gmail",
    kinds={"gmail"},
    description="The tenants' mailboxes at Google. Nothing materializes them: their check says "
    "whether what is here keeps up with them.",
)


@dg.asset_check(
    asset=mailboxes.key,
    config_schema={},
    description="Each mailbox of every tenant can be read, and its last sync reached its end. "
    "Google is not asked. Each tenant has an evaluation of its own, by its partition, when that "
    "changes.",
)
def every_mailbox_is_synced(
    context: dg.AssetCheckExecutionContext, mail_store: MailStoreResource
) -> dg.AssetCheckResult:
    """Each mailbox is synced: of every tenant, also if the run names a partition."""
    overall = report_all_health(context, mail_store)
    return dg.AssetCheckResult(
        passed=overall.passed, description=overall.describe(), metadata=_figures(overall)
    )


def report_all_health(context: Context, mail_store: MailStoreResource) -> OverallHealth:
    """Evaluate the check over all tenants, and for each that has changed; returns all's health."""
    return _report(context, mail_store, run(read_health(mail_store)).values())


def report_health(
    context: Context, mail_store: MailStoreResource, health: Mapping[str, TenantHealth]
) -> None:
    """Evaluate the check for tenants whose failure is not what was reported last, or is over; then
    over all tenants, which is what its page shows first. Nothing if nothing has changed.
    """
    if any(tenant_health.has_changed for tenant_health in health.values()):
        _report(context, mail_store, health.values())


def _report(
    context: Context, mail_store: MailStoreResource, health: Iterable[TenantHealth]
) -> OverallHealth:
    changed = [tenant_health for tenant_health in health if tenant_health.has_changed]
    _evaluate(context.op_execution_context, changed)
    # After the events: a run that dies in between tells twice rather than never.
    overall = run(
        _mark_reported(
            mail_store,
            {tenant_health.tenant_id: tenant_health.failure for tenant_health in changed},
        )
    )
    report_overall(
        context,
        every_mailbox_is_synced.check_key,
        passed=overall.passed,
        description=overall.describe(),
        metadata=_figures(overall),
    )
    return overall


def _evaluate(context: dg.OpExecutionContext, health: Iterable[TenantHealth]) -> None:
    check = every_mailbox_is_synced.check_key
    for tenant in health:
        evaluation = dg.AssetCheckEvaluation(
            asset_key=check.asset_key,
            check_name=check.name,
            passed=tenant.failure is None,
            severity=_severity(tenant),
            description=tenant.describe(),
            metadata={"mailboxes": tenant.mailboxes, "stopped": len(tenant.stopped)},
            partition=tenant.tenant_id,
        )
        # Dagster's op context takes evaluations; its annotation does not name them.
        context.log_event(evaluation)  # type: ignore[arg-type]


def _severity(tenant: TenantHealth) -> dg.AssetCheckSeverity:
    waits = tenant.failure is not None and tenant.only_waits
    return dg.AssetCheckSeverity.WARN if waits else dg.AssetCheckSeverity.ERROR


def _figures(overall: OverallHealth) -> dict[str, int]:
    return {"tenants": overall.tenants, "amiss": overall.failing}


async def read_health(
    mail_store: MailStoreResource, tenants: Collection[str] | None = None
) -> Mapping[str, TenantHealth]:
    """The health of connected tenants' mailboxes; of all tenants if None."""
    async with mail_store.open() as stores:
        return await stores.tenant_health.read(tenants)


async def _mark_reported(
    mail_store: MailStoreResource, reported: Mapping[str, str | None]
) -> OverallHealth:
    """Keep what was reported of each tenant's mailboxes; returns the health of all tenants."""
    async with mail_store.open() as stores:
        return await stores.tenant_health.mark_reported(reported)
