"""Sensors: from the queue to runs, and from tenants to partitions.

Holds: the sync_queue_sensor. Add here: thin shells around planning functions.
Keep out: acknowledging queue rows: the run does that, after its commit.
Source: docs/dagster.md#sensor-ticks, #run-keys: the daemon asks a sensor every five seconds, so
that a tick waits for a notification most of that time; a run_key that was used once blocks a second
attempt (edge case 70), so that none is given.

A tick may fail anywhere, also after it has returned: Dagster checks its result, stores it, creates
and submits each run. So nothing that a tick writes counts before Dagster has what it stands for:
partitions are there before a run for one is asked for, and a row waits for a run only while
Dagster has that run. What is left by a tick that failed is due again in the next one.
"""

import json
import time
from dataclasses import dataclass

import dagster as dg

from gmail_ingest.adapters.postgres.queue.sync_queue import Dispatched
from gmail_ingest.defs.event_loop import run
from gmail_ingest.defs.live_sync.drain import drain_job
from gmail_ingest.defs.live_sync.emails import emails_job
from gmail_ingest.defs.live_sync.queue_look import QueueSnapshot, look_at_queue
from gmail_ingest.defs.partitions import TENANTS, keep_partitions
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest.defs.run_states import (
    IN_FLIGHT,
    STARTING,
    count_runs,
    end_unsubmitted,
    lost_runs,
)
from gmail_ingest.defs.tags import DISPATCH_TAG, JOB_TAG, TENANT_TAG
from gmail_ingest.settings import Settings
from gmail_ingest.sync.live.dispatch import DispatchPolicy, Plan, plan_runs

#: Seconds between sweeps for mailboxes that nobody pushed or that have retries due.
SWEEP_EVERY = 30.0
#: Tenant runs started within so many seconds make a flow.
FLOW_SECONDS = 60.0
NAME = "sync_queue_sensor"


@dataclass(frozen=True, slots=True)
class Memory:
    """What the sensor remembers between ticks, in its cursor; times in epoch seconds."""

    swept_at: float = 0.0
    started_at: tuple[float, ...] = ()

    @staticmethod
    def read(cursor: str | None, now: float) -> "Memory":
        """Read a cursor; what is no flow any more is forgotten."""
        known = json.loads(cursor) if cursor else {}
        started = tuple(at for at in known.get("startedAt", ()) if now - at < FLOW_SECONDS)
        return Memory(known.get("sweptAt", 0.0), started)

    def write(self, *, swept: bool, started: int, now: float) -> str:
        """The cursor after this tick."""
        swept_at = now if swept else self.swept_at
        return json.dumps({"sweptAt": swept_at, "startedAt": [*self.started_at, *[now] * started]})


def build_sync_queue_sensor(settings: Settings) -> dg.SensorDefinition:
    """Build the sensor with the intervals and thresholds of the settings."""
    policy = DispatchPolicy(
        tenant_runs=settings.max_tenant_runs,
        flow=settings.drain_flow,
        drain_runs=settings.drain_runs,
        tenants_per_drain=settings.tenants_per_drain,
    )

    @dg.sensor(
        name=NAME,
        jobs=[emails_job, drain_job],
        minimum_interval_seconds=settings.sensor_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run for each tenant that the queue names while they are few, drain "
        "runs when they are many; keeps partitions equal to the connected tenants.",
    )
    def sync_queue_sensor(
        context: dg.SensorEvaluationContext, mail_store: MailStoreResource
    ) -> dg.SensorResult:
        instance, now = context.instance, time.time()
        memory = Memory.read(context.cursor, now)
        sweep = now - memory.swept_at >= SWEEP_EVERY
        known = set(instance.get_dynamic_partitions(TENANTS.name or ""))
        end_unsubmitted(instance, NAME)

        async def tick() -> tuple[QueueSnapshot, Plan, list[Dispatched]]:
            async with mail_store.open() as stores:
                snapshot = await look_at_queue(stores, settings, known=known, sweep=sweep)
                partitions = keep_partitions(instance, snapshot.connected, known)
                queue = stores.queue
                awaited = await queue.awaited()
                lost = lost_runs(instance, awaited)
                plan = plan_runs(
                    policy,
                    waiting=snapshot.waiting
                    - sum(
                        awaited_run.rows for awaited_run in awaited if awaited_run.id not in lost
                    ),
                    tenant_runs_alive=count_runs(instance, emails_job.name, IN_FLIGHT),
                    drains_alive=snapshot.drains + count_runs(instance, drain_job.name, STARTING),
                    started_lately=len(memory.started_at),
                )
                # The last step: nothing after it but Dagster's own.
                taken = (
                    await queue.dispatch(plan.tenant_runs, tenants=partitions, lost=lost)
                    if plan.tenant_runs
                    else []
                )
            return snapshot, plan, taken

        snapshot, plan, taken = run(tick())
        requests = [_tenant_run(dispatched) for dispatched in taken]
        requests += [dg.RunRequest(job_name=drain_job.name) for _ in range(plan.drain_runs)]
        cursor = memory.write(swept=sweep, started=len(taken), now=now)
        if not requests:
            reason = f"nothing to start: {snapshot.waiting} waiting, {snapshot.drains} drains alive"
            return dg.SensorResult(skip_reason=reason, cursor=cursor)
        return dg.SensorResult(run_requests=requests, cursor=cursor)

    return sync_queue_sensor


def _tenant_run(dispatched: Dispatched) -> dg.RunRequest:
    tags = {TENANT_TAG: dispatched.tenant_id, DISPATCH_TAG: dispatched.id}
    if dispatched.job_id is not None:
        tags[JOB_TAG] = str(dispatched.job_id)
    return dg.RunRequest(job_name=emails_job.name, partition_key=dispatched.tenant_id, tags=tags)
