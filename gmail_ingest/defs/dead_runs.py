"""What happens when a run ends without giving back what it held: that is free at once.

Holds: the dead_run_sensor. Add here: what else a dead run leaves behind.
Keep out: retries of what it was to do (the queue asks again), alerts.
Source: docs/dagster.md#dead-workers: a run whose worker was killed is FAILURE after half a second
when its code server lives; without this its claims and leases would be held until they expire. A
run that is marked dead and still lives can write nothing more (fencing; #run-monitoring).

It looks at who holds something, and not at events of failed runs: Dagster shows an event once, also
if what is to follow from it fails, and has none of this kind for a run that was cancelled.
"""

import dagster as dg
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.queue.drains import PostgresDrains
from gmail_ingest.adapters.postgres.queue.sync_queue import PostgresSyncQueue
from gmail_ingest.defs.event_loop import run
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest.defs.run_states import HOLDER, finished_holders


@dg.sensor(
    name="dead_run_sensor",
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Frees what a run that has ended still holds, so that its work is asked for again "
    "at once.",
)
def dead_run_sensor(
    context: dg.SensorEvaluationContext, mail_store: MailStoreResource
) -> dg.SkipReason:
    """Free the claims and leases of runs that have ended; most have given them back themselves."""
    instance = context.instance

    async def tick() -> tuple[int, int]:
        claims = 0
        async with mail_store.open() as engine:
            ended = finished_holders(instance, await PostgresSyncQueue(engine).holders())
            for holder in ended:
                claims += await free_dead_run(engine, holder.removeprefix(HOLDER))
        return len(ended), claims

    runs, claims = run(tick())
    return dg.SkipReason(f"freed {claims} claims of {runs} runs that have ended")


async def free_dead_run(engine: AsyncEngine, run_id: str) -> int:
    """Take everything from a run that is dead. Returns how many claims it had."""
    await PostgresDrains(engine).ended(run_id)
    return await PostgresSyncQueue(engine).free_run(f"run:{run_id}")
