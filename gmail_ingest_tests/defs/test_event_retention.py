"""Dagster's tables after a purge, in a real instance on Postgres (case 13)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import psycopg
import pytest
import yaml

from gmail_ingest.defs.dagster_internals.event_retention import (
    purge_checks,
    purge_events,
    purge_runs,
)
from gmail_ingest.defs.dagster_internals.materializations import store_materializations
from gmail_ingest_tests.conftest import plain_url

KEY = dg.AssetKey(["gmail", "emails"])
CHECK = "complete"
TENANTS = ["acme", "globex", "initech", "o'hara"]
PARTITIONS = dg.DynamicPartitionsDefinition(name="tenants")
AGE = timedelta(days=30)
#: All that was stored has happened a month ago.
OLDER = """
UPDATE event_logs SET timestamp = timestamp - interval '30 days';
UPDATE asset_check_executions
SET evaluation_event_timestamp = evaluation_event_timestamp - interval '30 days';
UPDATE runs SET update_timestamp = update_timestamp - interval '30 days'
"""


@pytest.fixture
def dagster_url(empty_database_url):
    return plain_url(empty_database_url)


@pytest.fixture
def instance(dagster_url, tmp_path):
    """The storage of a deployment, and its logs on a disk."""
    address = dagster_url.replace("postgresql:", "postgresql+psycopg2:", 1)
    settings = {
        "storage": {"postgres": {"postgres_url": address}},
        "telemetry": {"enabled": False},
    }
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        instance.add_dynamic_partitions("tenants", TENANTS)
        yield instance


@dg.op(config_schema={"tenants": [str], "number": int})
def drain(context: dg.OpExecutionContext) -> None:
    """Materializes and checks tenants, as the drain and the nightly job do."""
    number = context.op_config["number"]
    print(f"round {number}")  # noqa: T201 - what a run prints is a file
    store_materializations(
        context,
        [
            dg.AssetMaterialization(KEY, partition=tenant, metadata={"stored": number})
            for tenant in context.op_config["tenants"]
        ],
    )
    for tenant in context.op_config["tenants"]:
        context.log_event(
            dg.AssetCheckEvaluation(
                asset_key=KEY,
                check_name=CHECK,
                passed=number % 2 == 0,
                metadata={"round": number},
                partition=tenant,
            )
        )


@dg.op
def nothing() -> None:
    """Leaves nothing but its log."""


@dg.asset(key=KEY, partitions_def=PARTITIONS)
def emails() -> None:
    """Fails for one tenant, and is materialized for others."""
    raise RuntimeError("not today")


def run_round(instance, number, tenants):
    """One drain run; its id."""
    job = dg.GraphDefinition(name="drain_job", node_defs=[drain]).to_job()
    config = {"ops": {"drain": {"config": {"tenants": tenants, "number": number}}}}
    return job.execute_in_process(instance=instance, run_config=config).run_id


def shown(instance, url):
    """All that Dagster shows as a state of the asset."""
    records = {}
    for tenant in TENANTS:
        found = instance.get_latest_data_version_record(KEY, partition_key=tenant)
        events = instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=KEY, asset_partitions=[tenant]), limit=1
        ).records
        records[tenant] = (
            found and found.storage_id,
            [(event.storage_id, event.asset_materialization.metadata) for event in events],
        )
    partitions = instance.get_status_by_partition(KEY, TENANTS, PARTITIONS)
    with psycopg.connect(url) as connection:
        checks = connection.execute(
            "SELECT DISTINCT ON (asset_key, check_name, partition) partition, execution_status, "
            "evaluation_event, evaluation_event_storage_id, run_id FROM asset_check_executions "
            "WHERE evaluation_event IS NOT NULL "
            "ORDER BY asset_key, check_name, partition, id DESC"
        ).fetchall()
    latest = instance.get_latest_materialization_event(KEY)
    return (
        records,
        partitions,
        checks,
        set(instance.get_materialized_partitions(KEY)),
        instance.get_dynamic_partitions("tenants"),
        [key.to_user_string() for key in instance.all_asset_keys()],
        latest.asset_materialization,
        latest.run_id,
    )


def counts(url):
    """Rows of the tables that grow."""
    with psycopg.connect(url) as connection:
        return [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - names
            for table in ("event_logs", "asset_check_executions", "runs", "asset_event_tags")
        ]


def purge(instance, before, batch=1_000):
    """All three purges, in the order of the nightly job."""
    return (
        purge_checks(instance, before, batch),
        purge_events(instance, before, batch),
        purge_runs(instance, before),
    )


@pytest.fixture
def lived(instance, dagster_url):
    """Ten rounds of all tenants but one, which was synced first only, a failed run, and runs
    without an asset: all a month ago.
    """
    first = run_round(instance, 0, TENANTS)
    rounds = [run_round(instance, number, TENANTS[:-1]) for number in range(1, 10)]
    idle = [
        dg.GraphDefinition(name="idle_job", node_defs=[nothing])
        .to_job()
        .execute_in_process(instance=instance)
        .run_id
        for _ in range(3)
    ]
    failed = dg.materialize(
        [emails], partition_key="globex", instance=instance, raise_on_error=False
    )
    assert not failed.success
    with psycopg.connect(dagster_url, autocommit=True) as connection:
        connection.execute(OLDER)
    return first, rounds, idle


def test_purge_changes_nothing_that_dagster_shows(instance, dagster_url, lived):
    """Partitions, the newest materialization of each with its metadata, checks and assets are what
    they were, and the rest is gone: events, runs, printed files (case 13).
    """
    first, rounds, idle = lived
    before, rows = shown(instance, dagster_url), counts(dagster_url)
    checks, events, (deleted, kept) = purge(instance, datetime.now(UTC) - AGE / 2, batch=7)
    assert shown(instance, dagster_url) == before
    left = counts(dagster_url)
    assert checks == 27
    assert events >= 27
    assert deleted >= len(idle)
    assert kept >= 2
    assert all(now < then for now, then in zip(left[:3], rows[:3], strict=True))
    # Runs that hold a newest materialization are there with how they went; the others are not.
    assert instance.get_run_by_id(first).is_success
    assert instance.get_run_by_id(rounds[-1]).is_success
    assert [instance.get_run_by_id(run_id) for run_id in (*idle, *rounds[:-1])] == [None] * 11
    kinds = {
        entry.dagster_event_type for entry in instance.all_logs(first) if entry.is_dagster_event
    }
    assert dg.DagsterEventType.RUN_SUCCESS in kinds
    assert not list(Path(instance.storage_directory()).glob("*/compute_logs/*"))
    # A second time there is nothing left to do.
    again = purge(instance, datetime.now(UTC) - AGE / 2)
    assert again[:2] == (0, 0)
    assert again[2][0] == 0
    assert counts(dagster_url) == left


@pytest.mark.usefixtures("lived")
def test_purge_leaves_what_is_young(instance, dagster_url):
    """Nothing younger than the setting goes."""
    rows = counts(dagster_url)
    assert purge(instance, datetime.now(UTC) - 2 * AGE) == (0, 0, (0, 0))
    assert counts(dagster_url) == rows


@pytest.mark.usefixtures("lived")
def test_materializations_go_on_after_a_purge(instance):
    """A tenant that is synced later is shown with its new materialization."""
    purge(instance, datetime.now(UTC) - AGE / 2)
    run_round(instance, 42, ["acme"])
    record = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=KEY, asset_partitions=["acme"]), limit=1
    ).records[0]
    assert record.asset_materialization.metadata["stored"].value == 42
