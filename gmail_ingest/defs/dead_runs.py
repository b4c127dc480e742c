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

from gmail_ingest.defs.event_loop import run
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest.defs.run_states import HOLDER, finished_holders
from gmail_ingest.wiring.stores import Stores


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
        async with mail_store.open() as stores:
            ended = finished_holders(instance, await stores.queue.holders())
            for holder in ended:
                claims += await free_dead_run(stores, holder.removeprefix(HOLDER))
        return len(ended), claims

    runs, claims = run(tick())
    return dg.SkipReason(f"freed {claims} claims of {runs} runs that have ended")


async def free_dead_run(stores: Stores, run_id: str) -> int:
    """Take everything from a run that is dead. Returns how many claims it had."""
    await stores.drains.ended(run_id)
    return await stores.queue.free_run(f"run:{run_id}")
