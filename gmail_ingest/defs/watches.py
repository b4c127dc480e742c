"""Watches: Gmail's push notifications, renewed by the clock.

Holds: the op, its job and its schedule. Add here: what a renewal tells Dagster. Keep out: the
renewal (``gmail_ingest.sync.accounts.watch``).
"""

import dagster as dg

from gmail_ingest.defs.event_loop import run
from gmail_ingest.defs.mailboxes import read_health, report_health
from gmail_ingest.defs.resources import UseCasesResource
from gmail_ingest.sync.accounts.watch import Renewals


@dg.op(
    config_schema={},
    description="Renews Gmail's push notifications that have less than six days to live, and reads "
    "the owners' addresses again, also where no topic is configured.",
)
def renew_watches(
    context: dg.OpExecutionContext,
    use_cases: UseCasesResource,
) -> None:
    """Renew watches; fails if one could not be renewed, so that somebody sees it."""

    async def renew() -> Renewals:
        async with use_cases.open() as opened:
            return await opened.renew_watches()

    done = run(renew())
    context.add_output_metadata({"renewed": done.renewed, "failed": done.failed})
    # A dead grant may be met here first: without a push nothing else would tell of it.
    report_health(context, use_cases.mail_store, run(read_health(use_cases.mail_store)))
    if done.failed:
        raise dg.Failure(f"{done.failed} watches could not be renewed: see the mailboxes' states")


@dg.job(executor_def=dg.in_process_executor)
def watch_renewal_job() -> None:
    """Keeps Gmail's push notifications alive."""
    renew_watches()


#: Google lets a watch live seven days and advises a renewal a day; every six hours leaves three
#: more tries on the same day if one fails.
watch_renewal_schedule = dg.ScheduleDefinition(
    name="watch_renewal_schedule",
    job=watch_renewal_job,
    cron_schedule="17 */6 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
