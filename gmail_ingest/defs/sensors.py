"""Sensors: from the queue to runs, and from tenants to partitions.

Holds: the sync_queue_sensor. Add here: thin shells around planning functions.
Keep out: acknowledging queue rows: the run does that, after its commit.
Source: measured on Dagster 1.13: a tick that lists no partitions takes 0.1 s at any scale; a
run_key that was used once blocks a second attempt (edge case 70), so that none is given: a row is
asked for again when the time that it was dispatched for has passed.
"""

import asyncio
import time

import dagster as dg

from gmail_ingest.defs.jobs import JOB_TAG, TENANT_TAG, emails_job
from gmail_ingest.defs.partitions import TENANTS
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest.defs.services import Look, look_at_queue
from gmail_ingest.settings import Settings

#: Seconds between sweeps for mailboxes that nobody pushed or that have retries due.
SWEEP_EVERY = 30.0
IN_FLIGHT = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def build_sync_queue_sensor(settings: Settings) -> dg.SensorDefinition:
    """Build the sensor with the interval of the settings."""

    @dg.sensor(
        name="sync_queue_sensor",
        job=emails_job,
        minimum_interval_seconds=settings.sensor_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run for each tenant that the queue names; keeps partitions equal "
        "to the connected tenants.",
    )
    def sync_queue_sensor(
        context: dg.SensorEvaluationContext, mail_store: MailStoreResource
    ) -> dg.SensorResult | dg.SkipReason:
        instance = context.instance
        alive = instance.get_runs_count(dg.RunsFilter(job_name=emails_job.name, statuses=IN_FLIGHT))
        swept_at = float(context.cursor or 0)
        sweep = time.time() - swept_at >= SWEEP_EVERY
        look = asyncio.run(
            look_at_queue(mail_store, slots=settings.max_tenant_runs - alive, sweep=sweep)
        )
        if sweep:
            context.update_cursor(str(time.time()))
        known = set(instance.get_dynamic_partitions(TENANTS.name or ""))
        changes = plan_partitions(look, known)
        requests = [
            dg.RunRequest(
                partition_key=each.tenant_id,
                tags={TENANT_TAG: each.tenant_id, JOB_TAG: str(each.job_id)},
            )
            for each in look.dispatched
        ]
        if not requests and not changes:
            return dg.SkipReason(f"nothing to start; {look.waiting} waiting, {alive} runs alive")
        return dg.SensorResult(run_requests=requests, dynamic_partitions_requests=changes)

    return sync_queue_sensor


def plan_partitions(
    look: Look, known: set[str]
) -> list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest]:
    """What makes Dagster's partitions equal to the connected tenants."""
    add, remove = sorted(look.connected - known), sorted(known - look.connected)
    changes: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
    if add:
        changes.append(TENANTS.build_add_request(add))
    if remove:
        changes.append(TENANTS.build_delete_request(remove))
    return changes
