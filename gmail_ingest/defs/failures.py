"""What happens when a run fails: its claims and leases are free at once.

Holds: the dead_run_sensor. Add here: what else a failed run leaves behind.
Keep out: retries of what it was to do (the queue asks again), alerts.
Source: measured on Dagster 1.13: a run whose worker was killed is FAILURE after half a second when
its code server lives; without this its claims and leases would be held until they expire. A run
that is marked dead and still lives can write nothing more (fencing; Dagster issue 15325).
"""

import dagster as dg

from gmail_ingest.defs.loop import run
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest.defs.services import free_dead_run


@dg.run_failure_sensor(
    name="dead_run_sensor",
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Frees what a failed run held, so that its work is asked for again at once.",
)
def dead_run_sensor(context: dg.RunFailureSensorContext, mail_store: MailStoreResource) -> None:
    """Free the claims and leases of a failed run; most have given them back themselves."""
    freed = run(free_dead_run(mail_store, context.dagster_run.run_id))
    if freed:
        context.log.info("freed %s claims of run %s", freed, context.dagster_run.run_id)
