"""Backfills: the asset of months by tenant.

Holds: ``emails_by_month`` and its job. Add here: what a run tells Dagster.
Keep out: the sync (``gmail_ingest.sync.backfill.backfill_sync``), how a request becomes a backfill
in Dagster (``backfill_sensor.py``), in which order runs start
(``dagster_internals/run_coordinator.py``).
Source: docs/dagster.md#runs-of-backfills: a year of one tenant is one run. Each month is told to
Dagster when it is complete, so that the backfill's page moves; the step itself yields nothing,
since Dagster would then count all months of the run once more.
"""

import asyncio
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

import dagster as dg
import structlog

from gmail_ingest.defs.dagster_internals.backfills import BACKFILL_TAG, targeted_keys
from gmail_ingest.defs.event_loop import LoopThread, StopHook
from gmail_ingest.defs.metadata import counts_metadata
from gmail_ingest.defs.month_keys import months_for, partition_key, read_keys
from gmail_ingest.defs.partitions import MONTHS_BY_TENANT
from gmail_ingest.defs.resources import UseCasesResource
from gmail_ingest.defs.tags import JOB_TAG, TENANT_TAG
from gmail_ingest.errors import JobEndedError
from gmail_ingest.sync.backfill.backfill_jobs import BackfillJob, MonthDone, RequestedMonths
from gmail_ingest.sync.backfill.backfill_sync import Failures

#: Months of a run at the most. A run's start costs 2 s of CPU, and its slot is for the next tenant
#: when it ends.
MONTHS_PER_RUN = 12

JobEvent = BackfillJob | MonthDone

with warnings.catch_warnings():
    # The lock pins Dagster: a beta that changes is met by the tests of an upgrade.
    warnings.simplefilter("ignore", dg.BetaWarning)

    @dg.asset(
        config_schema={},
        key_prefix="gmail",
        partitions_def=MONTHS_BY_TENANT,
        backfill_policy=dg.BackfillPolicy.multi_run(MONTHS_PER_RUN),
        output_required=False,
        kinds={"gmail", "postgres"},
        group_name="gmail",
    )
    def emails_by_month(
        context: dg.AssetExecutionContext,
        use_cases: UseCasesResource,
    ) -> Iterator[dg.MaterializeResult[None]]:
        """A month of the tenant's mail: each message that Gmail lists for it has its final fate.

        Safe to run at any time, also twice at once: what is listed, stored or known is not asked
        for again. The range that the API was asked for is honoured exactly.
        """
        requested = _requested_months(context)

        async def sync(emit: Callable[[JobEvent], None], stop: StopHook) -> Failures:
            with structlog.contextvars.bound_contextvars(run_id=requested.run_id):
                async with use_cases.open() as opened:
                    backfill = opened.backfill
                    job = await backfill.begin(requested)
                    emit(job)
                    holder = f"run:{requested.run_id}"
                    task = asyncio.ensure_future(backfill.run(job, requested.months, holder, emit))

                    def cancel() -> None:
                        task.cancel()

                    stop.set(cancel)
                    return await task

        with LoopThread[JobEvent, Failures](sync) as loop:
            for event in loop.events():
                _report(context, requested, event)
            _raise_failures(loop)
        yield from ()


emails_by_month_job = dg.define_asset_job(
    "emails_by_month_job",
    selection=dg.AssetSelection.assets(emails_by_month),
    executor_def=dg.in_process_executor,
    description="Syncs months of one tenant, for `dagster job backfill`; whoever asks over the API "
    "gets a backfill of the asset itself.",
)


def _requested_months(context: dg.AssetExecutionContext) -> RequestedMonths:
    """What this run is about, from its partitions and tags."""
    ours = read_keys(context.partition_keys)
    months, tenant = ours.months, ours.tenant
    instance, run = context.instance, context.run
    record = instance.get_run_record_by_id(run.run_id)
    assert record is not None  # noqa: S101 - the run that executes this
    created = until = record.create_timestamp
    backfill_id, job_id = run.tags.get(BACKFILL_TAG), run.tags.get(JOB_TAG)
    all_months = months
    if backfill_id is not None and job_id is None:
        graph = context.repository_def.asset_graph
        target = targeted_keys(instance, graph, emails_by_month.key, backfill_id)
        if target is not None:
            until = target.requested_at
            all_months = months_for(tenant, target.keys) or months
    return RequestedMonths(
        tenant_id=tenant,
        months=months,
        all_months=all_months,
        run_id=run.run_id,
        created_at=created,
        until=until,
        job_id=UUID(job_id) if job_id else None,
        backfill_id=backfill_id,
    )


def _report(context: dg.AssetExecutionContext, requested: RequestedMonths, event: JobEvent) -> None:
    """Show in Dagster what the sync has come to."""
    if isinstance(event, BackfillJob):
        tags = {JOB_TAG: str(event.id), TENANT_TAG: event.tenant_id}
        context.instance.add_run_tags(requested.run_id, tags)
        return
    key = partition_key(event.month, requested.tenant_id)
    if event.done_before is not None and _is_reported(context, key, event.done_before):
        return
    context.log_event(
        dg.AssetMaterialization(
            emails_by_month.key, partition=key, metadata=counts_metadata(event.counts)
        )
    )


def _is_reported(context: dg.AssetExecutionContext, key: str, since: datetime) -> bool:
    """Whether an earlier run of the same job has told of a month before it died."""
    known = dg.AssetRecordsFilter(
        asset_key=emails_by_month.key,
        asset_partitions=[key],
        after_timestamp=since.timestamp(),
    )
    return bool(context.instance.fetch_materializations(known, limit=1).records)


def _raise_failures(loop: LoopThread[JobEvent, Failures]) -> None:
    """Fail the run with the reason why months are not complete."""
    try:
        failures = loop.result()
    except JobEndedError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    if failures is not None and failures.text:
        raise dg.Failure(failures.text, allow_retries=False)
