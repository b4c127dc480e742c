"""Schedules. Holds: what happens by the clock. Keep out: what a queue row can ask for."""

import dagster as dg

from gmail_ingest.defs.completeness import completeness_job
from gmail_ingest.defs.jobs import watch_renewal_job

#: Google lets a watch live seven days and advises a renewal a day; every six hours leaves three
#: more tries on the same day if one fails.
watch_renewal_schedule = dg.ScheduleDefinition(
    name="watch_renewal_schedule",
    job=watch_renewal_job,
    cron_schedule="17 */6 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

#: At night, and a while after midnight UTC: the day that ended is then compared for the first time,
#: when Gmail's index has caught up with it.
completeness_schedule = dg.ScheduleDefinition(
    name="completeness_schedule",
    job=completeness_job,
    cron_schedule="42 2 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
