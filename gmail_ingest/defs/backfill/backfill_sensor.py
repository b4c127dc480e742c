"""From backfill jobs to Dagster's backfills, and from what became of those back to the jobs.

Holds: the backfill_sensor, whose name in Dagster stays ``history_sensor``: Dagster keeps a sensor's
state by its name. Add here: how a step is done. Keep out: which step (``next_step``).
Source: docs/dagster.md#adding-backfills: adding a backfill takes 0.05 s, the daemon starts its runs
within 30 s. A backfill's id is written into the job before the backfill is added, so that whoever
dies in between leaves an id that is looked for and, not found, added. Only then is the one that it
replaces cancelled: a job whose own backfill is cancelled has been cancelled by a person.
"""

from collections.abc import Collection

import dagster as dg

from gmail_ingest.adapters.postgres.backfill.backfill_dispatch import PostgresBackfillDispatch
from gmail_ingest.defs.backfill.emails_by_month import emails_by_month
from gmail_ingest.defs.dagster_internals.backfills import (
    AssetGraph,
    add_backfill,
    cancel_backfill,
    look_at_backfill,
    look_at_runs,
    new_backfill_id,
    open_backfills,
)
from gmail_ingest.defs.event_loop import run
from gmail_ingest.defs.month_keys import partition_key
from gmail_ingest.defs.partitions import TENANTS
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest.defs.tags import JOB_TAG, TENANT_TAG
from gmail_ingest.sync.backfill.backfill_plan import (
    CancelBackfill,
    CloseJob,
    DagsterView,
    EndJob,
    JobView,
    ResubmitBackfill,
    StartBackfill,
    next_step,
)


@dg.sensor(
    name="history_sensor",
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Turns jobs into backfills of gmail/emails_by_month, cancels those of "
    "cancelled jobs, and asks again for what is left when runs were lost.",
)
def backfill_sensor(
    context: dg.SensorEvaluationContext, mail_store: MailStoreResource
) -> dg.SkipReason:
    """Move every backfill job one step."""
    instance = context.instance
    repository = context.repository_def
    assert repository is not None  # noqa: S101 - the daemon evaluates sensors of a repository
    tenants = set(instance.get_dynamic_partitions(TENANTS.name or ""))

    async def tick() -> int:
        async with mail_store.open() as stores:
            return await _move_all(
                stores.backfill_dispatch, instance, repository.asset_graph, tenants
            )

    return dg.SkipReason(f"{run(tick())} backfill jobs are not settled")


async def _move_all(
    dispatch: PostgresBackfillDispatch,
    instance: dg.DagsterInstance,
    graph: AssetGraph,
    tenants: Collection[str],
) -> int:
    jobs = await dispatch.unsettled()
    failed: dict[str, Exception] = {}
    for job in jobs:
        try:
            await _move(dispatch, instance, graph, tenants, job)
        except Exception as error:  # noqa: BLE001 - one job's failure is not the others'
            failed[str(job.id)] = error
    if failed:
        names = ", ".join(f"{job} ({type(error).__name__})" for job, error in failed.items())
        last = next(reversed(failed.values()))
        raise dg.Failure(f"tried again in the next tick: backfill jobs {names}") from last
    return len(jobs)


async def _move(
    dispatch: PostgresBackfillDispatch,
    instance: dg.DagsterInstance,
    graph: AssetGraph,
    tenants: Collection[str],
    job: JobView,
) -> None:
    match next_step(job, _look(instance, job)):
        # A tenant that was connected this moment is not yet a partition.
        case StartBackfill(stuck) if job.tenant_id in tenants:
            backfill_id = new_backfill_id()
            if await dispatch.assign_backfill(job.id, backfill_id):
                # Others may belong to the same backfill, made in the UI: it is theirs then.
                if stuck and job.backfill_id is not None and not job.shared:
                    cancel_backfill(instance, job.backfill_id)
                _submit(instance, graph, job, backfill_id)
        case ResubmitBackfill() if job.tenant_id in tenants and job.backfill_id is not None:
            for replaced in open_backfills(instance, {JOB_TAG: str(job.id)}):
                cancel_backfill(instance, replaced)
            _submit(instance, graph, job, job.backfill_id)
        case CancelBackfill() if job.backfill_id is not None:
            cancel_backfill(instance, job.backfill_id)
            await dispatch.settle(job.id)
        case EndJob(state, error):
            await dispatch.end(job.id, state, error)
        case CloseJob():
            await dispatch.settle(job.id)
        case _:
            pass


def _look(instance: dg.DagsterInstance, job: JobView) -> DagsterView:
    if job.backfill_id is not None:
        return look_at_backfill(instance, job.backfill_id)
    return look_at_runs(instance, {JOB_TAG: str(job.id)})


def _submit(
    instance: dg.DagsterInstance, graph: AssetGraph, job: JobView, backfill_id: str
) -> None:
    start, end = job.window.start, job.window.end
    add_backfill(
        instance,
        graph,
        emails_by_month.key,
        backfill_id=backfill_id,
        partitions=[partition_key(month, job.tenant_id) for month in job.months],
        tags={JOB_TAG: str(job.id), TENANT_TAG: job.tenant_id},
        title=f"Mail of {start:%Y-%m-%d} to {end:%Y-%m-%d} UTC",
    )
