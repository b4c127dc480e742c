"""The nightly purge as Dagster runs it."""

import psycopg
import pytest

from gmail_ingest.defs.retention import retention_job, retention_schedule
from gmail_ingest_tests.conftest import plain_url

OLD_JOB = """
INSERT INTO tenants (id) VALUES ('acme') ON CONFLICT DO NOTHING;
INSERT INTO sync_jobs (id, tenant_id, kind, state, created_at, finished_at)
SELECT gen_random_uuid(), 'acme', 'incremental', 'succeeded', at, at
FROM (SELECT now() - interval '40 days' AS at) AS old
"""


@pytest.mark.parametrize(("days", "left"), [("30", 0), ("0", 1)])
def test_retention_job_purges_by_the_settings(
    instance, resources, database_url, monkeypatch, days, left
):
    """The job deletes what is older than the settings say, and nothing where they say 0; it shows
    how much went (case 13).
    """
    monkeypatch.setenv("GMAIL_INGEST_RETENTION_JOB_DAYS", days)
    with psycopg.connect(plain_url(database_url)) as connection:
        connection.execute(OLD_JOB)
    result = retention_job.execute_in_process(
        instance=instance, resources={"mail_store": resources["mail_store"]}
    )
    assert result.success
    with psycopg.connect(plain_url(database_url)) as connection:
        assert connection.execute("SELECT count(*) FROM sync_jobs").fetchone() == (left,)


def test_retention_runs_every_night():
    """Its schedule is on from the start, and starts the job."""
    assert retention_schedule.job_name == "retention_job"
    assert retention_schedule.default_status.value == "RUNNING"
