"""What of our own tables goes with time, and what stays because something needs it (case 13)."""

import psycopg
import pytest

from gmail_ingest.adapters.postgres.queue.retention import PostgresRetention
from gmail_ingest_tests.conftest import plain_url

JOBS = """
INSERT INTO tenants (id) VALUES ('acme');
INSERT INTO sync_jobs (id, tenant_id, kind, state, created_at, finished_at, settled_at, merged_into)
SELECT ('00000000-0000-0000-0000-0000000000' || number)::uuid, 'acme', kind, state,
       now() - created * interval '1 day', now() - finished * interval '1 day',
       now() - settled * interval '1 day',
       ('00000000-0000-0000-0000-0000000000' || target)::uuid
FROM (VALUES
    ('01', 'incremental', 'succeeded', 40, 40, NULL, NULL),
    ('02', 'incremental', 'failed', 40, 39, NULL, NULL),
    ('03', 'incremental', 'succeeded', 40, 5, NULL, NULL),
    ('04', 'incremental', 'queued', 40, NULL, NULL, NULL),
    ('05', 'incremental', 'running', 40, NULL, NULL, NULL),
    ('06', 'incremental', 'succeeded', 5, 5, NULL, NULL),
    ('07', 'incremental', 'succeeded', 40, 40, NULL, NULL),
    ('10', 'historical', 'succeeded', 40, 40, 40, NULL),
    ('11', 'historical', 'succeeded', 40, 40, NULL, NULL),
    ('12', 'historical', 'cancelled', 40, 40, 5, NULL),
    ('20', 'incremental', 'queued', 41, NULL, NULL, '21'),
    ('21', 'incremental', 'queued', 40, NULL, NULL, '22'),
    ('22', 'incremental', 'succeeded', 40, 39, NULL, NULL),
    ('30', 'incremental', 'queued', 40, NULL, NULL, '31'),
    ('31', 'incremental', 'running', 40, NULL, NULL, NULL),
    ('40', 'incremental', 'queued', 5, NULL, NULL, '41'),
    ('41', 'incremental', 'succeeded', 40, 40, NULL, NULL)
) AS job (number, kind, state, created, finished, settled, target);
INSERT INTO job_months (job_id, month)
SELECT id, '2020-01-01' FROM sync_jobs WHERE kind = 'historical';
INSERT INTO sync_queue (tenant_id, kind, job_id)
SELECT 'acme', 'incremental', id FROM sync_jobs WHERE id::text LIKE '%07';
INSERT INTO quota_usage (scope, day, units)
SELECT scope, current_date - age, 1 FROM generate_series(0, 1) scope, generate_series(0, 50) age;
"""


@pytest.fixture
def rows(database_url):
    """Reads the first column of a query."""
    with psycopg.connect(plain_url(database_url), autocommit=True) as connection:
        connection.execute(JOBS)
        yield lambda query: [row[0] for row in connection.execute(query).fetchall()]


@pytest.mark.parametrize("batch", [2, 1_000])
async def test_jobs_go_unless_something_needs_them(engine, rows, batch):
    """Ended jobs go with their months; what is young, open, queued, unsettled, or what a younger
    job was merged into stays.
    """
    gone = await PostgresRetention(engine, batch=batch).jobs(30)
    left = [number[-2:] for number in rows("SELECT id::text FROM sync_jobs ORDER BY id")]
    assert left == ["03", "04", "05", "06", "07", "11", "12", "30", "31", "40", "41"]
    assert gone == 6
    months = rows("SELECT job_id::text FROM job_months ORDER BY 1")
    assert [number[-2:] for number in months] == ["11", "12"]


async def test_units_of_old_days_go(engine, rows):
    """The days that count for today's limit are among those that stay."""
    assert await PostgresRetention(engine, batch=7).usage(30) == 40
    assert len(rows("SELECT day FROM quota_usage")) == 62


async def test_coverage_goes_by_its_last_comparison(engine, rows):
    """A day that was compared again lately stays, however old it is."""
    rows(
        "WITH i AS (INSERT INTO integrations (tenant_id, auth_type, subject) "
        "VALUES ('acme', 'oauth', 'a@crm.test') RETURNING id), "
        "m AS (INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint) "
        "SELECT 'acme', id, 'a@crm.test', 1 FROM i RETURNING id) SELECT id FROM m"
    )
    rows(
        "INSERT INTO coverage SELECT m.id, day, 0, 0, 0, 0, 0, 0, now() - age * interval '1 day' "
        "FROM mailboxes m, (VALUES (date '2020-01-01', 5), (date '2020-01-02', 500)) d (day, age) "
        "RETURNING day"
    )
    assert await PostgresRetention(engine).coverage(400) == 1
    assert [str(day) for day in rows("SELECT day FROM coverage")] == ["2020-01-01"]
