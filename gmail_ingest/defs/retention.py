"""The nightly job that deletes what was written on every event and is read by nobody later.

Holds: the job and its schedule. Add here: a further thing that grows. Keep out: how things are
deleted (``dagster_internals/event_retention.py``, ``adapters/postgres/queue/retention.py``).
"""

from datetime import UTC, datetime, timedelta

import dagster as dg

from gmail_ingest.defs.dagster_internals.event_retention import (
    purge_checks,
    purge_events,
    purge_runs,
)
from gmail_ingest.defs.event_loop import run
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest.settings import Settings, load_settings


@dg.op(
    config_schema={},
    description="Deletes events, runs, logs and jobs older than the settings keep them.",
)
def delete_old_records(context: dg.OpExecutionContext, mail_store: MailStoreResource) -> None:
    """Purge Dagster's tables and ours; says how much of each went."""
    settings = load_settings()
    gone = run(_purge_ours(mail_store, settings))
    if settings.retention_event_days:
        before = datetime.now(UTC) - timedelta(days=settings.retention_event_days)
        # Checks before events, and these before runs: each needs the one before it.
        gone["checks"] = purge_checks(context.instance, before)
        gone["events"] = purge_events(context.instance, before)
        runs = purge_runs(context.instance, before)
        gone |= {"runs": runs.deleted, "runs_kept": runs.kept}
    context.add_output_metadata(gone)


async def _purge_ours(mail_store: MailStoreResource, settings: Settings) -> dict[str, int]:
    gone: dict[str, int] = {}
    async with mail_store.open() as stores:
        retention = stores.retention
        if settings.retention_job_days:
            gone["jobs"] = await retention.jobs(settings.retention_job_days)
        if settings.retention_usage_days:
            gone["usage"] = await retention.usage(settings.retention_usage_days)
        if settings.retention_coverage_days:
            gone["coverage"] = await retention.coverage(settings.retention_coverage_days)
    return gone


@dg.job(
    executor_def=dg.in_process_executor,
    description="Deletes what is older than the settings keep it; started every night.",
)
def retention_job() -> None:
    """Delete old records."""
    delete_old_records()


#: At night, and behind the comparison with Gmail, whose checks it then finds replaced.
retention_schedule = dg.ScheduleDefinition(
    name="retention_schedule",
    job=retention_job,
    cron_schedule="12 4 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
