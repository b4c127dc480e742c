"""Jobs: what a sensor, a schedule, the UI or the command line starts.

Holds: jobs. Add here: a job over the assets, or an op job for upkeep.
Keep out: the work of an op. Runs execute in one process: a process per step would add 1.5 s to a
push (measured with Dagster 1.13).
"""

import dagster as dg

from gmail_ingest.defs.assets import emails
from gmail_ingest.defs.event_loop import run
from gmail_ingest.defs.mailboxes import report_health
from gmail_ingest.defs.resources import CredentialStoreResource, GmailResource, MailStoreResource
from gmail_ingest.defs.use_cases import read_health, renew_all_watches

emails_job = dg.define_asset_job(
    "emails_job",
    # A check compares days of mail with Google: not for every push.
    selection=dg.AssetSelection.assets(emails).without_checks(),
    executor_def=dg.in_process_executor,
    description="Syncs one tenant: the sensor starts it, or a person for one partition.",
)


@dg.op(
    description="Renews Gmail's push notifications that have less than six days to live, and reads "
    "the owners' addresses again, also where no topic is configured."
)
def renew_watches(
    context: dg.OpExecutionContext,
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> None:
    """Renew watches; fails if one could not be renewed, so that somebody sees it."""
    done = run(renew_all_watches(mail_store, credential_store, gmail))
    context.add_output_metadata({"renewed": done.renewed, "failed": done.failed})
    # A dead grant may be met here first: without a push nothing else would tell of it.
    report_health(context, mail_store, run(read_health(mail_store, None)))
    if done.failed:
        raise dg.Failure(f"{done.failed} watches could not be renewed: see the mailboxes' states")


@dg.job(executor_def=dg.in_process_executor)
def watch_renewal_job() -> None:
    """Keeps Gmail's push notifications alive."""
    renew_watches()
