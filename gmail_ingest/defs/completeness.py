"""The nightly verification: all tenants in one run, an evaluation of the check for each.

Holds: the op and its job. Add here: what a night's verification tells Dagster.
Keep out: comparing (``gmail_ingest.sync.verify``), what an evaluation says (``verification.py``).
Source: a run for each tenant would cost seconds of CPU before it does anything; an evaluation
logged by an op is kept with its partition like that of a check's own step (tried on 1.13).
"""

import asyncio
from collections.abc import Callable

import dagster as dg
import structlog
from pydantic import Field

from gmail_ingest.defs.asset_checks import every_listed_message_is_accounted_for
from gmail_ingest.defs.loop import LoopThread, StopHook
from gmail_ingest.defs.resources import CredentialStoreResource, GmailResource, MailStoreResource
from gmail_ingest.defs.services import connected_tenants, open_verify
from gmail_ingest.defs.verification import Evaluation, verify_tenant

Done = tuple[str, Evaluation]


class Tenants(dg.Config):
    """Which tenants to verify."""

    tenants: list[str] = Field([], description="All that are connected if none is named.")


@dg.op(
    out=dg.Out(dg.Nothing),
    description="Compares every tenant's last days with Gmail, and repairs what differs.",
)
def verify_tenants(
    context: dg.OpExecutionContext,
    config: Tenants,
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> None:
    """Verify tenants side by side; fails if mail is left unaccounted for, so that it is seen."""
    run_id = context.run_id

    async def work(emit: Callable[[Done], None], stop: StopHook) -> int:
        with structlog.contextvars.bound_contextvars(run_id=run_id):
            tenants = config.tenants or await connected_tenants(mail_store)
            async with open_verify(mail_store, credential_store, gmail) as verify:

                async def one(tenant: str) -> bool:
                    found = await verify_tenant(verify, tenant, f"run:{run_id}")
                    emit((tenant, found))
                    return found.severity is dg.AssetCheckSeverity.ERROR

                everyone = asyncio.gather(*(one(tenant) for tenant in tenants))

                def cancel() -> None:
                    everyone.cancel()

                stop.set(cancel)
                return sum(await everyone)

    check = every_listed_message_is_accounted_for.check_key
    with LoopThread[Done, int](work) as loop:
        for tenant, found in loop.events():
            evaluation = dg.AssetCheckEvaluation(
                asset_key=check.asset_key,
                check_name=check.name,
                passed=found.passed,
                severity=found.severity,
                description=found.description,
                metadata=found.metadata,
                partition=tenant,
            )
            # Dagster's op context takes evaluations; its annotation does not name them.
            context.log_event(evaluation)  # type: ignore[arg-type]
        incomplete = loop.result()
    if incomplete:
        raise dg.Failure(f"{incomplete} tenants have mail that is not accounted for")


@dg.job(
    executor_def=dg.in_process_executor,
    description="Proves that no mail is missing; started every night, or by a person.",
)
def completeness_job() -> None:
    """Verify every tenant."""
    verify_tenants()
