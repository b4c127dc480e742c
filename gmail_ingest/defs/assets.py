"""The email assets.

Holds: assets. Add here: an asset whose body builds the ports and calls one use case.
Keep out: syncing itself (``gmail_ingest.sync``).
"""

import dagster as dg
import structlog

from gmail_ingest.defs.loop import run
from gmail_ingest.defs.metadata import report_metadata
from gmail_ingest.defs.partitions import TENANTS
from gmail_ingest.defs.resources import CredentialStoreResource, GmailResource, MailStoreResource
from gmail_ingest.defs.services import open_tenant_sync
from gmail_ingest.sync.tenant_sync import TenantReport


@dg.asset(
    key_prefix="gmail",
    partitions_def=TENANTS,
    kinds={"gmail", "postgres"},
    group_name="gmail",
)
def emails(
    context: dg.AssetExecutionContext,
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> dg.MaterializeResult[None]:
    """The tenant's mail in Postgres, complete up to Gmail's current history id.

    Works off what the queue holds for this tenant; with nothing waiting (a run started by hand)
    it follows the history of every mailbox. Safe to run at any time, also twice at once.
    """
    tenant, run_id = context.partition_key, context.run.run_id

    async def sync() -> TenantReport:
        async with open_tenant_sync(mail_store, credential_store, gmail) as tenant_sync:
            return await tenant_sync.run_tenant(tenant, f"run:{run_id}", run_id=run_id)

    with structlog.contextvars.bound_contextvars(run_id=run_id):
        report = run(sync())
    if report.errors:
        raise dg.Failure(
            description="; ".join(report.errors),
            metadata=report_metadata(report),
            allow_retries=False,
        )
    return dg.MaterializeResult(metadata=report_metadata(report))
