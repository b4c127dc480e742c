"""Tags of runs and backfills.

Holds: their names. Add here: a tag that two modules speak of. Keep out: values, Dagster's own tags.
"""

TENANT_TAG = "gmail_ingest/tenant"
JOB_TAG = "gmail_ingest/job_id"
#: Which rows of the queue wait for a run.
DISPATCH_TAG = "gmail_ingest/dispatch"
#: The tenant of a backfill's run: ``dagster.yaml`` limits those in all, and by tenant. Its value
#: stays, since runs that wait and copies of ``dagster.yaml`` hold it.
BACKFILL_TENANT_TAG = "gmail_ingest/history"
