"""Asset checks: each states the truth that must hold.

Holds: checks. Add here: a further truth about an asset. Keep out: how it is found out.
Source: checks by partition are a preview in Dagster 1.13; the event log keeps an evaluation with
its partition, the UI shows the newest. The check runs when a person materializes a partition, and
nightly (``completeness.py``); runs of the sensor leave it out.
"""

import warnings

import dagster as dg
import structlog

from gmail_ingest.defs.assets import emails
from gmail_ingest.defs.loop import run
from gmail_ingest.defs.partitions import TENANTS
from gmail_ingest.defs.resources import CredentialStoreResource, GmailResource, MailStoreResource
from gmail_ingest.defs.services import open_verify
from gmail_ingest.defs.verification import Evaluation, verify_tenant

with warnings.catch_warnings():
    # The lock pins Dagster: a preview that changes is met by the tests of an upgrade.
    warnings.simplefilter("ignore", dg.PreviewWarning)

    @dg.asset_check(
        asset=emails,
        partitions_def=TENANTS,
        description="Compares the ids that Gmail lists with the ledger, repairs what differs, and "
        "records which days are proven complete.",
    )
    def every_listed_message_is_accounted_for(
        context: dg.AssetCheckExecutionContext,
        mail_store: MailStoreResource,
        credential_store: CredentialStoreResource,
        gmail: GmailResource,
    ) -> dg.AssetCheckResult:
        """Every message that Gmail lists is stored, or has a fate that says why not."""
        tenant, run_id = context.partition_key, context.run.run_id

        async def verify() -> Evaluation:
            async with open_verify(mail_store, credential_store, gmail) as verifying:
                return await verify_tenant(verifying, tenant, f"run:{run_id}")

        with structlog.contextvars.bound_contextvars(run_id=run_id):
            found = run(verify())
        return dg.AssetCheckResult(
            passed=found.passed,
            severity=found.severity,
            description=found.description,
            metadata=found.metadata,
        )
