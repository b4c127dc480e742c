"""The Dagster code location: ``gmail_ingest.definitions.defs``.

Holds: the one Definitions object. Add here: what ``defs`` gained. Keep out: everything else.
Loads with no environment at all; sensors read their interval from it when it is there.
"""

import dagster as dg

from gmail_ingest.defs.backfill.backfill_sensor import backfill_sensor
from gmail_ingest.defs.backfill.emails_by_month import emails_by_month, emails_by_month_job
from gmail_ingest.defs.completeness.asset import (
    completeness,
    completeness_job,
    completeness_schedule,
)
from gmail_ingest.defs.dagster_internals.code_server import (
    retry_orphan_checks,
    warn_of_misspelt_settings,
)
from gmail_ingest.defs.dead_runs import dead_run_sensor
from gmail_ingest.defs.live_sync.drain import drain_job
from gmail_ingest.defs.live_sync.emails import emails, emails_job
from gmail_ingest.defs.live_sync.queue_sensor import build_sync_queue_sensor
from gmail_ingest.defs.mailboxes import every_mailbox_is_synced, mailboxes
from gmail_ingest.defs.rereading import reading_job, reading_sensor
from gmail_ingest.defs.resources import build_resources
from gmail_ingest.defs.retention import retention_job, retention_schedule
from gmail_ingest.defs.watches import watch_renewal_job, watch_renewal_schedule
from gmail_ingest.settings import load_settings

# The code server has no other door for code of ours than loading this module.
retry_orphan_checks()
warn_of_misspelt_settings()

defs = dg.Definitions(
    assets=[emails, emails_by_month, completeness, mailboxes],
    asset_checks=[every_mailbox_is_synced],
    jobs=[
        *(emails_job, emails_by_month_job, drain_job),
        *(watch_renewal_job, completeness_job, retention_job, reading_job),
    ],
    schedules=[watch_renewal_schedule, completeness_schedule, retention_schedule],
    sensors=[
        build_sync_queue_sensor(load_settings()),
        *(backfill_sensor, dead_run_sensor, reading_sensor),
    ],
    resources=build_resources(),
    executor=dg.in_process_executor,
)
