"""The Dagster code location: ``gmail_ingest.definitions.defs``.

Holds: the one Definitions object. Add here: what ``defs`` gained. Keep out: everything else.
Loads with no environment at all; sensors read their interval from it when it is there.
"""

import dagster as dg

from gmail_ingest.defs.assets import emails
from gmail_ingest.defs.drain import drain_job
from gmail_ingest.defs.jobs import emails_job, watch_renewal_job
from gmail_ingest.defs.resources import CredentialStoreResource, GmailResource, MailStoreResource
from gmail_ingest.defs.schedules import watch_renewal_schedule
from gmail_ingest.defs.sensors import build_sync_queue_sensor
from gmail_ingest.settings import Settings

defs = dg.Definitions(
    assets=[emails],
    jobs=[emails_job, drain_job, watch_renewal_job],
    schedules=[watch_renewal_schedule],
    sensors=[build_sync_queue_sensor(Settings())],
    resources={
        "mail_store": MailStoreResource(),
        "credential_store": CredentialStoreResource(),
        "gmail": GmailResource(),
    },
    executor=dg.in_process_executor,
)
