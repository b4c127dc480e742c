"""Months of backfills as Dagster's partitions: the asset, over real Postgres and a sandbox."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import dagster as dg
import pytest

from gmail_ingest.core.ledger.months import months_of
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.defs.backfill.emails_by_month import MONTHS_PER_RUN, emails_by_month
from gmail_ingest.defs.month_keys import months_for, partition_key, read_key, read_keys
from gmail_ingest.defs.partitions import MONTHS
from gmail_ingest.defs.tags import JOB_TAG, TENANT_TAG
from gmail_ingest_tests.defs.test_runs import everything
from gmail_ingest_tests.sync.backfills import YEAR, Backfills, moment, month
from gmail_ingest_tests.sync.service import OWNER, TENANT

KEY = dg.AssetKey(["gmail", "emails_by_month"])
QUARTER = Window(moment(2021, 1, 10), moment(2021, 3, 20))


@pytest.fixture
def backfills(run, service) -> Backfills:
    """A connected mailbox without mail of the last days."""
    run(service.connected())
    return Backfills(service)


@pytest.fixture
def materialize(instance, resources):
    """Materialize months of the tenant, as one run of a backfill does."""

    def run_asset(first: date, last: date, job: UUID | None = None) -> dg.ExecuteInProcessResult:
        tags = {
            "dagster/asset_partition_range_start": partition_key(first, TENANT),
            "dagster/asset_partition_range_end": partition_key(last, TENANT),
        }
        if job is not None:
            tags[JOB_TAG] = str(job)
        return dg.materialize(
            [emails_by_month],
            instance=instance,
            resources=resources,
            tags=tags,
            raise_on_error=False,
        )

    return run_asset


def materializations_of(result: dg.ExecuteInProcessResult) -> list[dg.AssetMaterialization]:
    """What was told of months, in that order."""
    return result.asset_materializations_for_node("gmail__emails_by_month")


def failure(result: dg.ExecuteInProcessResult) -> str:
    """Why a run failed."""
    assert not result.success
    (event,) = result.get_step_failure_events()
    return event.step_failure_data.user_failure_data.description


def test_run_tells_each_month_once_when_it_is_complete(
    run, service, backfills, instance, materialize
):
    """Newest first, with counts and units; the range of the request is honoured exactly."""
    backfills.load(40)
    job = run(backfills.ask(QUARTER))
    result = materialize(month(1), month(3), job)
    assert result.success
    events = materializations_of(result)
    assert [read_key(event.partition)[0] for event in events] == [month(3), month(2), month(1)]
    stored = run(service.rows("SELECT internal_date FROM emails"))
    assert all(QUARTER.contains(day) for day in stored)
    assert sum(event.metadata["stored"].value for event in events) == len(stored)
    assert all(event.metadata["units"].value > 0 for event in events)
    assert set(instance.get_materialized_partitions(KEY)) == {
        partition_key(month, TENANT) for month in months_of(QUARTER)
    }
    assert run(backfills.job(job))[0] == "succeeded"
    private = (OWNER, "example.com", "example.net")
    assert not [word for word in private if word in everything(instance, result.run_id)]


def test_repeated_run_tells_no_month_twice(run, backfills, instance, materialize):
    """A run that Dagster repeats after its worker died adds no second event, and tells those of
    which the first died before it could.
    """
    backfills.load(20)
    job = run(backfills.ask(QUARTER))
    assert materialize(month(2), month(2), job).success
    run(backfills.run(job, [month(3)]))
    events = materializations_of(materialize(month(1), month(3), job))
    assert [read_key(event.partition)[0] for event in events] == [month(3), month(1)]
    events = instance.fetch_materializations(KEY, limit=99).records
    assert len(events) == len({event.partition_key for event in events}) == 3


def test_run_of_a_mailbox_that_needs_a_person_tells_no_month(run, service, backfills, materialize):
    """What is not complete is not materialized; run and job say what to do (edge case 36)."""
    backfills.load(20)
    service.sandbox.call(lambda state: state.grants.revoke_mailbox(OWNER))
    job = run(backfills.ask(QUARTER))
    result = materialize(month(1), month(3), job)
    assert failure(result).startswith("needs_reauth: Connect this mailbox again")
    assert materializations_of(result) == []
    assert run(backfills.job(job))[2] == failure(result)


def test_run_of_a_cancelled_job_does_nothing(run, backfills, materialize):
    """It was queued in Dagster when the job was cancelled."""
    backfills.load(20)
    job = run(backfills.ask(QUARTER))
    calls = backfills.lists()
    run(
        backfills.service.rows(
            "UPDATE sync_jobs SET state = 'cancelled',"
            " finished_at = now() + interval '1 minute' RETURNING 1"
        )
    )
    assert failure(materialize(month(1), month(3), job)).endswith("what is stored stays")
    assert backfills.lists() == calls


def test_partition_materialized_by_hand_is_a_job(run, service, backfills, instance, materialize):
    """A single run covers its whole month, and carries the job's id from then on."""
    backfills.load(60)
    result = materialize(month(2), month(2))
    assert result.success
    query = "SELECT id, state, window_start, window_end, dagster_run_id FROM sync_jobs"
    ((job, state, start, end, run_id),) = run(service.rows(f"{query} WHERE kind = 'historical'"))
    assert (state, run_id) == ("succeeded", result.run_id)
    assert (start, end) == (moment(2021, 2, 1), moment(2021, 3, 1))
    tags = instance.get_run_by_id(result.run_id).tags
    assert (tags[JOB_TAG], tags[TENANT_TAG]) == (str(job), TENANT)


def test_run_of_several_tenants_is_refused(run, backfills, instance, resources):
    """Dagster may group partitions of several tenants (issues 23996, 28861)."""
    instance.add_dynamic_partitions("tenants", ["globex"])
    backfills.load(5)
    job = run(backfills.ask(YEAR))
    result = dg.materialize(
        [emails_by_month],
        instance=instance,
        resources=resources,
        tags={
            "dagster/asset_partition_range_start": partition_key(month(1), TENANT),
            "dagster/asset_partition_range_end": partition_key(month(1), "globex"),
            JOB_TAG: str(job),
        },
        raise_on_error=False,
    )
    assert "one tenant" in failure(result)


def test_months_begin_where_the_settings_say_and_include_this_one():
    """From Gmail's first month to the one that we are in."""
    keys = MONTHS.get_partition_keys(current_time=moment(2026, 11, 22))
    assert (keys[0], keys[-1]) == ("2004-04-01", "2026-11-01")
    assert emails_by_month.backfill_policy.max_partitions_per_run == MONTHS_PER_RUN == 12


def test_keys_are_read_as_they_are_written():
    """A key names a month and a tenant, whose id may hold anything but a bar."""
    tenant = "a-b c.d:e"
    keys = [partition_key(month, tenant) for month in months_of(YEAR)]
    assert read_keys(keys) == (months_of(YEAR), tenant)
    assert months_for(tenant, [*keys, "2021-01-01|other"]) == months_of(YEAR)
