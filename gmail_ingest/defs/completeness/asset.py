"""Completeness: the asset that proves that no mail is missing, its check, and the nightly job.

Holds: the asset with its check, the op and job over all tenants, and its schedule. Add here: what a
verification tells Dagster. Keep out: comparing (``gmail_ingest.sync.audit.verify``), what an
evaluation says (``verification.py``).
Source: docs/dagster.md#asset-checks: Dagster shows an evaluation until the asset is materialized
anew, so that the check is not one of ``gmail/emails``, which every push materializes:
``gmail/completeness`` is materialized by a comparison and by nothing else. The UI starts "Execute
all" without a partition: all tenants are meant then (``dagster_internals/overall.py``). A run for
each tenant would cost seconds of CPU before it does anything; what an op logs is kept with its
partition like what a step of its own yields (tried on 1.13).
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence

import dagster as dg
import structlog
from pydantic import Field

from gmail_ingest.adapters.postgres.audit.coverage import Proof
from gmail_ingest.defs.completeness.verification import Evaluation, Tally, verify_tenants
from gmail_ingest.defs.dagster_internals.materializations import (
    GATHER_SECONDS,
    store_materializations,
)
from gmail_ingest.defs.dagster_internals.overall import Context, report_overall
from gmail_ingest.defs.event_loop import LoopThread, StopHook, run
from gmail_ingest.defs.mailboxes import report_all_health
from gmail_ingest.defs.partitions import TENANTS
from gmail_ingest.defs.resources import MailStoreResource, UseCasesResource

Done = tuple[str, Evaluation]

KEY = dg.AssetKey(["gmail", "completeness"])
#: Unknown tenants that an error names.
_SHOWN = 5

every_listed_message_is_accounted_for = dg.AssetCheckSpec(
    "every_listed_message_is_accounted_for",
    asset=KEY,
    description="Compares the ids that Gmail lists with the ledger, repairs what differs, and "
    "records which days are proven complete. Each tenant has an evaluation of its own, by its "
    "partition; executed without one, every tenant is compared.",
)
CHECK = every_listed_message_is_accounted_for.key


@dg.multi_asset(
    name="completeness",
    config_schema={},
    specs=[
        dg.AssetSpec(
            KEY,
            partitions_def=TENANTS,
            group_name="gmail",
            kinds={"gmail", "postgres"},
            skippable=True,
            description="The tenant's last days, compared with what Gmail lists and repaired: "
            "every night, or by hand. Only a comparison materializes it, so that its check stands "
            "until the next one.",
        )
    ],
    check_specs=[every_listed_message_is_accounted_for],
    can_subset=True,
)
def completeness(
    context: dg.AssetExecutionContext,
    use_cases: UseCasesResource,
) -> Iterator[dg.AssetCheckResult]:
    """Every message that Gmail lists is stored, or has a fate that says why not."""
    # "Execute all" names no partition.
    partitioned = context.has_partition_key or context.has_partition_key_range
    wanted = list(context.partition_keys) if partitioned else []
    tally = _verify(context, use_cases, wanted)
    proof = run(_read_proof(use_cases.mail_store))
    # The asset's own output stays out: each tenant that was compared has had its materialization.
    if context.selected_asset_check_keys:
        yield dg.AssetCheckResult(
            passed=_passed(proof, tally),
            asset_key=KEY,
            check_name=every_listed_message_is_accounted_for.name,
            description=_words(proof, tally),
            metadata=_figures(proof),
        )
    _report_proof(context, proof, tally)
    if failure := tally.failure():
        raise dg.Failure(failure, allow_retries=False)


class Tenants(dg.Config):
    """Which tenants to verify."""

    tenants: list[str] = Field([], description="All that are connected if none is named.")


@dg.op(
    name="verify_tenants",
    out=dg.Out(dg.Nothing),
    description="Compares every tenant's last days with Gmail, and repairs what differs.",
)
def verify_tenants_op(
    context: dg.OpExecutionContext,
    config: Tenants,
    use_cases: UseCasesResource,
) -> None:
    """Verify tenants side by side; fails if mail is left unaccounted for, so that it is seen."""
    tally = _verify(context, use_cases, config.tenants)
    _report_proof(context, run(_read_proof(use_cases.mail_store)), tally)
    # The health of mailboxes is reported when it changes, and once a night in any case.
    report_all_health(context, use_cases.mail_store)
    if failure := tally.failure():
        raise dg.Failure(failure, allow_retries=False)


@dg.job(
    executor_def=dg.in_process_executor,
    description="Proves that no mail is missing; started every night, or by a person.",
)
def completeness_job() -> None:
    """Verify every tenant."""
    verify_tenants_op()


#: At night, and a while after midnight UTC: the day that ended is then compared for the first time,
#: when Gmail's index has caught up with it.
completeness_schedule = dg.ScheduleDefinition(
    name="completeness_schedule",
    job=completeness_job,
    cron_schedule="42 2 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


def _verify(context: Context, use_cases: UseCasesResource, wanted: Sequence[str]) -> Tally:
    """Verify tenants, all that are connected if none is named, and tell of each as it ends.

    Raises:
        dg.Failure: a tenant that was named is not connected.
    """
    run_id = context.run.run_id

    async def work(emit: Callable[[Done], None], stop: StopHook) -> Tally:
        with structlog.contextvars.bound_contextvars(run_id=run_id):
            async with use_cases.open() as opened:
                tenants = _named(wanted, sorted(await opened.stores.tenants.connected()))
                task = asyncio.ensure_future(
                    verify_tenants(
                        opened.verify,
                        opened.stores.tenant_health,
                        tenants,
                        run_id,
                        lambda *done: emit(done),
                    )
                )

                def cancel() -> None:
                    task.cancel()

                stop.set(cancel)
                return await task

    loop = LoopThread[Done, Tally](work)
    try:
        with loop:
            for done in loop.batches(GATHER_SECONDS):
                _report(context, done)
    finally:
        # A termination comes at any time: what was found by then is told all the same.
        _report(context, loop.left())
    tally = loop.result()
    assert tally is not None  # noqa: S101 - it returned
    return tally


def _named(wanted: Sequence[str], connected: Sequence[str]) -> Sequence[str]:
    unknown = sorted(set(wanted) - set(connected))
    if unknown:
        shown = ", ".join(unknown[:_SHOWN]) + (", ..." if len(unknown) > _SHOWN else "")
        raise dg.Failure(
            f"tenants: {len(unknown)} of those named are not connected: {shown}. Name connected "
            "tenants, or none for all.",
            allow_retries=False,
        )
    return list(dict.fromkeys(wanted)) or connected


def _report(context: Context, batch: Sequence[Done]) -> None:
    """Materialize what was compared, and evaluate the check for each."""
    if not batch:
        return
    op_context = context.op_execution_context
    compared = [
        dg.AssetMaterialization(KEY, partition=tenant, metadata=found.metadata)
        for tenant, found in batch
        if found.compared
    ]
    store_materializations(op_context, compared)
    for tenant, found in batch:
        evaluation = dg.AssetCheckEvaluation(
            asset_key=KEY,
            check_name=every_listed_message_is_accounted_for.name,
            passed=found.passed,
            severity=found.severity,
            description=found.description,
            metadata=found.metadata,
            partition=tenant,
        )
        # Dagster's op context takes evaluations; its annotation does not name them.
        op_context.log_event(evaluation)  # type: ignore[arg-type]


async def _read_proof(mail_store: MailStoreResource) -> Proof:
    """What the last comparisons of all tenants say together."""
    async with mail_store.open() as stores:
        return await stores.coverage.proof()


def _report_proof(context: Context, proof: Proof, tally: Tally) -> None:
    report_overall(
        context,
        CHECK,
        passed=_passed(proof, tally),
        description=_words(proof, tally),
        metadata=_figures(proof),
    )


def _passed(proof: Proof, tally: Tally) -> bool:
    return not (proof.unproven or tally.crashed)


def _words(proof: Proof, tally: Tally) -> str:
    words = []
    if proof.unproven:
        words.append(f"mail of {proof.unproven} of {proof.tenants} tenants is not proven complete")
    elif proof.oldest is not None:
        words.append(
            f"every listed message of {proof.tenants} tenants is accounted for, by comparisons of "
            f"{proof.oldest:%Y-%m-%d %H:%M} UTC or later"
        )
    if proof.new:
        words.append(f"{proof.new} tenants have a mailbox that was never compared")
    if tally.crashed:
        words.append(f"{tally.crashed} tenants met an unexpected error, named in their evaluation")
    return "; ".join(words) or "there is nothing to compare yet"


def _figures(proof: Proof) -> dict[str, int]:
    return {"tenants": proof.tenants, "amiss": proof.unproven, "never_compared": proof.new}
