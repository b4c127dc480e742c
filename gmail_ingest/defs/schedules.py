"""Schedules. Holds: what happens by the clock. Keep out: what a queue row can ask for."""

import dagster as dg

from gmail_ingest.defs.jobs import watch_renewal_job

#: Google lets a watch live seven days and advises a renewal a day; every six hours leaves three
#: more tries on the same day if one fails.
watch_renewal_schedule = dg.ScheduleDefinition(
    name="watch_renewal_schedule",
    job=watch_renewal_job,
    cron_schedule="17 */6 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
