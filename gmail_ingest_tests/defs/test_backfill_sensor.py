"""From jobs to Dagster's backfills and back, with a real Dagster instance and real Postgres."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from gmail_ingest.adapters.postgres.backfill.backfill_jobs import PostgresBackfillJobs
from gmail_ingest.core.ledger.months import months_of
from gmail_ingest.definitions import defs
from gmail_ingest.defs.backfill.backfill_sensor import backfill_sensor
from gmail_ingest.defs.backfill.emails_by_month import emails_by_month
from gmail_ingest.defs.dagster_internals.backfills import add_backfill, targeted_keys
from gmail_ingest.defs.month_keys import partition_key
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest.defs.tags import JOB_TAG, TENANT_TAG
from gmail_ingest_tests.postgres.worlds import PostgresWorld
from gmail_ingest_tests.proof.interruptions import at_exchange, lose_answer, lose_request
from gmail_ingest_tests.sync.backfills import YEAR, month
from gmail_ingest_tests.sync.service import TENANT

#: Dagster 1.13 names its own beta parameter when it binds a sensor to its resources.


class Jobs:
    """Backfill jobs of a connected tenant, and the sensor over them."""

    def __init__(self, engine, instance, run) -> None:
        self.world = PostgresWorld(engine)
        self.book = PostgresBackfillJobs(engine)
        self.instance, self._run = instance, run
        self._resources = {"mail_store": MailStoreResource()}
        run(self.world.connect())

    def tick(self) -> None:
        """Evaluate the sensor once, as the daemon does."""
        context = dg.build_sensor_context(
            instance=self.instance,
            repository_def=defs.get_repository_def(),
            resources=self._resources,
        )
        backfill_sensor(context)

    def backfills(self) -> list[PartitionBackfill]:
        """All backfills, the newest first."""
        return list(self.instance.get_backfills())

    def open_backfills(self) -> list[PartitionBackfill]:
        """Those that go on."""
        return [
            backfill
            for backfill in self.backfills()
            if backfill.status == BulkActionStatus.REQUESTED
        ]

    def row(self, columns: str) -> tuple:
        """Columns of the one job."""
        (row,) = self._run(self.world.rows(f"SELECT {columns} FROM sync_jobs"))  # noqa: S608 - a test's own words
        return row

    def change(self, values: str) -> None:
        """Change the one job."""
        self._run(self.world.change(f"UPDATE sync_jobs SET {values}"))  # noqa: S608 - a test's own words

    def end_backfill(self, status: BulkActionStatus) -> None:
        """Let the newest backfill end in Dagster."""
        newest = self.backfills()[0]
        self.instance.update_backfill(newest.with_status(status))


@pytest.fixture
def jobs(engine, database_url, instance, run, monkeypatch) -> Jobs:
    """A deployment whose tenant is connected."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return Jobs(engine, instance, run)


@pytest.fixture
def job(jobs, run):
    """A job for a year, as the API writes it."""
    return run(jobs.book.request(TENANT, YEAR, months_of(YEAR)))


def test_request_becomes_one_backfill_of_its_months(jobs, job):
    """With the job's and the tenant's tags, a title without anything private, and only once."""
    jobs.tick()
    jobs.tick()
    (backfill,) = jobs.backfills()
    assert backfill.status == BulkActionStatus.REQUESTED
    assert backfill.tags == {JOB_TAG: str(job), TENANT_TAG: TENANT}
    assert backfill.title == "Mail of 2021-01-01 to 2022-01-01 UTC"
    assert jobs.row("dagster_backfill_id, state, asks") == (backfill.backfill_id, "queued", 1)
    graph = defs.get_repository_def().asset_graph
    keys, _ = targeted_keys(jobs.instance, graph, emails_by_month.key, backfill.backfill_id)
    assert sorted(keys) == [partition_key(month, TENANT) for month in months_of(YEAR)]


def test_request_waits_for_its_tenants_partition(jobs, job, instance):
    """A tenant that was connected this moment is not yet known to Dagster."""
    instance.delete_dynamic_partition("tenants", TENANT)
    jobs.tick()
    assert jobs.backfills() == []
    instance.add_dynamic_partitions("tenants", [TENANT])
    jobs.tick()
    assert len(jobs.backfills()) == 1
    assert jobs.row("id") == (job,)


@pytest.mark.usefixtures("job")
def test_death_between_announcing_and_adding_adds_one_backfill(jobs):
    """The sensor died after it had written the backfill's id (edge case 68)."""
    jobs.change("dagster_backfill_id = 'announced', asks = 1")
    jobs.tick()
    jobs.tick()
    assert [backfill.backfill_id for backfill in jobs.backfills()] == ["announced"]


@pytest.mark.usefixtures("job")
def test_backfill_whose_runs_were_lost_is_asked_for_again(jobs, run):
    """Only the months that are left, without a person (edge case 70)."""
    jobs.tick()
    first = jobs.row("dagster_backfill_id")
    run(jobs.world.change("UPDATE job_months SET done_at = now() WHERE month > '2021-03-01'"))
    jobs.end_backfill(BulkActionStatus.COMPLETED_FAILED)
    jobs.tick()
    newest = next(backfill for backfill in jobs.backfills() if backfill.backfill_id != first[0])
    graph = defs.get_repository_def().asset_graph
    keys, _ = targeted_keys(jobs.instance, graph, emails_by_month.key, newest.backfill_id)
    assert sorted(keys) == [partition_key(month(number), TENANT) for number in (1, 2, 3)]
    assert jobs.row("dagster_backfill_id, state") == (newest.backfill_id, "queued")


@pytest.mark.usefixtures("job")
def test_job_that_needs_a_person_fails_when_its_backfill_ends(jobs):
    """With the remedy that its worker left (edge case 36)."""
    jobs.tick()
    jobs.change("state = 'running', error = 'needs_reauth: connect again'")
    jobs.tick()
    assert jobs.row("state") == ("running",)
    jobs.end_backfill(BulkActionStatus.COMPLETED_FAILED)
    jobs.tick()
    assert jobs.row("state, error, finished_at IS NULL") == (
        "failed",
        "needs_reauth: connect again",
        False,
    )
    assert len(jobs.backfills()) == 1


@pytest.mark.usefixtures("job")
def test_job_cancelled_by_the_api_cancels_its_backfill(jobs):
    """No run goes on, and Dagster shows it (the daemon ends what runs)."""
    jobs.tick()
    jobs.change("state = 'cancelled', finished_at = now()")
    jobs.tick()
    (backfill,) = jobs.backfills()
    assert backfill.status == BulkActionStatus.CANCELING
    assert jobs.row("state, settled_at IS NOT NULL") == ("cancelled", True)


@pytest.mark.usefixtures("job")
@pytest.mark.parametrize("status", [BulkActionStatus.CANCELED, BulkActionStatus.CANCELING])
def test_backfill_cancelled_in_the_ui_ends_its_job(jobs, status):
    """A data engineer cancels on the backfill's page."""
    jobs.tick()
    jobs.end_backfill(status)
    jobs.tick()
    assert jobs.row("state, settled_at IS NOT NULL") == ("cancelled", True)


@pytest.mark.usefixtures("job")
def test_backfill_that_dagster_forgets_to_end_is_replaced(jobs):
    """All its runs ended long ago and it stays in progress (Dagster issue 27789)."""
    jobs.tick()
    (backfill,) = jobs.backfills()
    lost = jobs.instance.create_run_for_job(
        defs.resolve_job_def("emails_by_month_job"), tags={"dagster/backfill": backfill.backfill_id}
    )
    jobs.instance.report_run_failed(lost)
    jobs.tick()
    assert len(jobs.backfills()) == 1
    jobs.change("seen_at = now() - interval '1 hour'")
    jobs.tick()
    statuses = {backfill.backfill_id: backfill.status for backfill in jobs.backfills()}
    assert statuses.pop(backfill.backfill_id) == BulkActionStatus.CANCELING
    assert list(statuses.values()) == [BulkActionStatus.REQUESTED]
    assert jobs.row("state") == ("queued",)


@pytest.mark.usefixtures("job")
def test_job_of_a_disconnected_tenant_leaves_no_backfill(jobs):
    """A disconnect ends the job; the sensor ends its backfill (edge case 72)."""
    jobs.tick()
    jobs.change("state = 'cancelled', error = 'the tenant was disconnected', finished_at = now()")
    jobs.tick()
    assert jobs.backfills()[0].status == BulkActionStatus.CANCELING


def _tick_that_may_fail(jobs) -> None:
    try:
        jobs.tick()
    except Exception:  # noqa: BLE001 - as the daemon does
        return


@pytest.mark.parametrize("how", [lose_request, lose_answer])
def test_backfill_tick_broken_anywhere_strands_no_job(jobs, run, how):
    """Wherever our database goes away, the next tick adds the one backfill (edge case 80)."""
    number, is_broken = 1, True
    while is_broken:
        run(jobs.book.request(TENANT, YEAR, months_of(YEAR)))
        with at_exchange(number, how) as counted:
            _tick_that_may_fail(jobs)
        is_broken = counted() >= number
        jobs.tick()
        (backfill,) = jobs.open_backfills()
        assert jobs.row("dagster_backfill_id") == (backfill.backfill_id,)
        jobs.instance.update_backfill(backfill.with_status(BulkActionStatus.COMPLETED_SUCCESS))
        jobs.change("state = 'succeeded', settled_at = now()")
        run(jobs.world.change("DELETE FROM job_months"))
        run(jobs.world.change("DELETE FROM sync_jobs"))
        number += 1
    assert number > 3


def _stuck(jobs) -> str:
    jobs.tick()
    (backfill,) = jobs.backfills()
    lost = jobs.instance.create_run_for_job(
        defs.resolve_job_def("emails_by_month_job"),
        tags={"dagster/backfill": backfill.backfill_id, **backfill.tags},
    )
    jobs.instance.report_run_failed(lost)
    jobs.change("seen_at = now() - interval '1 hour'")
    return str(backfill.backfill_id)


@pytest.mark.usefixtures("job")
@pytest.mark.parametrize("what", ["update_backfill", "add_backfill"])
def test_replacement_of_a_stuck_backfill_may_break_off(jobs, what, monkeypatch):
    """Dagster fails when the old backfill is cancelled, or the new one added: the job goes on with
    a new one, and is not taken for cancelled by a person (edge case 80).
    """
    stuck = _stuck(jobs)

    def fail(*_, **__):
        raise OSError("Dagster's database is gone")

    with monkeypatch.context() as broken:
        broken.setattr(type(jobs.instance), what, fail)
        _tick_that_may_fail(jobs)
    jobs.tick()
    (living,) = jobs.open_backfills()
    assert living.backfill_id != stuck
    assert jobs.row("state, dagster_backfill_id") == ("queued", living.backfill_id)


def test_job_that_cannot_be_moved_stops_no_other(jobs, run, instance, monkeypatch):
    """What concerns one job is told, and the others are moved in the same tick (edge case 80)."""
    bad = run(jobs.book.request(TENANT, YEAR, months_of(YEAR)))
    run(jobs.world.connect("b@example.com", tenant="globex"))
    instance.add_dynamic_partitions("tenants", ["globex"])
    run(jobs.book.request("globex", YEAR, months_of(YEAR)))
    original = type(instance).add_backfill

    def add(self, backfill, *more):
        if backfill.tags[TENANT_TAG] == TENANT:
            raise OSError("no")
        return original(self, backfill, *more)

    with monkeypatch.context() as broken:
        broken.setattr(type(instance), "add_backfill", add)
        with pytest.raises(dg.Failure, match=rf"{bad} \(OSError\)"):
            jobs.tick()
    assert [backfill.tags[TENANT_TAG] for backfill in jobs.backfills()] == ["globex"]
    jobs.tick()
    assert {backfill.tags[TENANT_TAG] for backfill in jobs.backfills()} == {TENANT, "globex"}


def test_months_of_a_backfill_are_those_of_its_tenant(jobs, instance):
    """A backfill from the UI may hold several tenants."""
    graph = defs.get_repository_def().asset_graph
    instance.add_dynamic_partitions("tenants", ["globex"])
    wanted = [partition_key(month(1), TENANT), partition_key(month(2), "globex")]
    before = datetime.now(UTC)
    add_backfill(
        instance,
        graph,
        emails_by_month.key,
        backfill_id="ui",
        partitions=wanted,
        tags={},
        title="two tenants",
    )
    keys, at = targeted_keys(instance, graph, emails_by_month.key, "ui")
    assert sorted(keys) == sorted(wanted)
    assert at >= before
    assert targeted_keys(instance, graph, emails_by_month.key, "none") is None
    assert jobs.backfills()
