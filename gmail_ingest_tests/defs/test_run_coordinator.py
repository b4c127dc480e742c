"""The queue of runs: backfills behind live mail, their newest months first."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest
import yaml
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from gmail_ingest.definitions import defs
from gmail_ingest.local.data_directory import project_file
from gmail_ingest_tests.sync.service import TENANT

RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
LOCATION = RegisteredCodeLocationOrigin("gmail_ingest")
YEARS = (2021, 2022, 2023)


@pytest.fixture
def instance(tmp_path) -> Iterator[dg.DagsterInstance]:
    """An instance with the run coordinator of dagster.yaml."""
    configured = yaml.safe_load(project_file("dagster.yaml").read_text())
    chosen = {"run_coordinator": configured["run_coordinator"]}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=chosen) as instance:
        instance.add_dynamic_partitions("tenants", [TENANT, "globex"])
        yield instance


def range_tags(year: int, tenant: str = TENANT) -> dict[str, str]:
    """The tags of a run of a year's months."""
    return dict(zip(RANGE, (f"{year}-01-01|{tenant}", f"{year}-12-01|{tenant}"), strict=True))


def submit(instance: dg.DagsterInstance, job: str, tags: dict[str, str]) -> str:
    """Create a run and submit it; its id."""
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(LOCATION, "__repository__"), job)
    definition = defs.resolve_job_def(job)
    run = instance.create_run_for_job(definition, tags=tags, remote_job_origin=origin)
    instance.run_coordinator.submit_run(dg.SubmitRunContext(run, workspace=None))
    return run.run_id


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    """A run's state."""
    return instance.get_run_by_id(run_id).status


def submitting(instance: dg.DagsterInstance, years=YEARS) -> None:
    """A backfill whose runs the daemon is just submitting."""
    requests = [dg.RunRequest(tags=range_tags(year)) for year in years]
    backfill = PartitionBackfill(
        "b1",
        BulkActionStatus.REQUESTED,
        from_failure=False,
        tags={},
        backfill_timestamp=1.0,
        submitting_run_requests=requests,
    )
    instance.add_backfill(backfill)


def test_runs_of_a_backfill_are_queued_newest_first(instance):
    """Dagster submits the oldest first, and dequeues meanwhile: older ones wait for the newest,
    and then have its priority behind them.
    """
    submitting(instance)
    runs = []
    for year in YEARS:
        tags = range_tags(year) | {"dagster/backfill": "b1"}
        runs.append(submit(instance, "emails_by_month_job", tags))
        if year != YEARS[-1]:
            assert status(instance, runs[-1]) == dg.DagsterRunStatus.NOT_STARTED
    assert {status(instance, run) for run in runs} == {dg.DagsterRunStatus.QUEUED}
    found = [instance.get_run_by_id(run) for run in runs]
    priorities = [int(run.tags["dagster/priority"]) for run in found]
    assert priorities == sorted(priorities)
    assert max(priorities) < 0
    assert {run.tags["gmail_ingest/history"] for run in found} == {TENANT}
    assert {run.tags["gmail_ingest/tenant"] for run in found} == {TENANT}
    assert all(int(run.tags["dagster/max_runtime"]) > 6 * 3600 for run in found)


def test_run_submitted_again_after_a_crash_is_not_held_for_ever(instance):
    """The daemon died before the newest run: when it is back, the list it works off begins anew."""
    submitting(instance)
    tags = range_tags(2021) | {"dagster/backfill": "b1"}
    held = submit(instance, "emails_by_month_job", tags)
    backfill = instance.get_backfill("b1")
    left = backfill.submitting_run_requests[:1]
    instance.update_backfill(backfill.with_submitting_run_requests(left, []))
    again = instance.get_run_by_id(held)
    instance.run_coordinator.submit_run(dg.SubmitRunContext(again, workspace=None))
    assert status(instance, held) == dg.DagsterRunStatus.QUEUED


def test_tenants_of_one_backfill_do_not_wait_for_each_other(instance):
    """A backfill from the UI holds several tenants: each has its own newest month."""
    submitting(instance, (2023,))
    tags = range_tags(2021, "globex") | {"dagster/backfill": "b1"}
    run = submit(instance, "emails_by_month_job", tags)
    assert status(instance, run) == dg.DagsterRunStatus.QUEUED


def test_single_month_has_its_place_in_the_queue(instance):
    """A partition that a person materializes in the UI."""
    run = submit(instance, "emails_by_month_job", {"dagster/partition": f"2022-05-01|{TENANT}"})
    tags = instance.get_run_by_id(run).tags
    assert status(instance, run) == dg.DagsterRunStatus.QUEUED
    assert tags["dagster/priority"] == str((2022 - 2100) * 12 + 5)


def test_other_runs_are_submitted_as_ever(instance):
    """Live runs get no tag, and with that the highest priority."""
    run = submit(instance, "emails_job", {"dagster/partition": TENANT})
    assert status(instance, run) == dg.DagsterRunStatus.QUEUED
    assert "dagster/priority" not in instance.get_run_by_id(run).tags


def test_limits_leave_live_runs_their_places():
    """However many backfills wait, they never take all places; a tenant's runs come one after
    the other.
    """
    runs = yaml.safe_load(project_file("dagster.yaml").read_text())["concurrency"]["runs"]
    limits = [
        limit for limit in runs["tag_concurrency_limits"] if limit["key"].endswith("/history")
    ]
    assert [limit["limit"] for limit in limits if "value" in limit] == [1]
    (most,) = [limit["limit"] for limit in limits if "value" not in limit]
    assert runs["max_concurrent_runs"] - most >= 8
