"""Materializations stored together, held against what Dagster stores one by one."""

import dagster as dg
import pytest
import yaml

from gmail_ingest.defs.dagster_internals.materializations import store_materializations
from gmail_ingest_tests.conftest import plain_url

KEY = dg.AssetKey(["gmail", "emails"])
TENANTS = ["acme", "globex", "initech"]


@pytest.fixture(params=["memory", "postgres"])
def any_instance(request, tmp_path):
    """Dagster's storage in memory, and the one of a deployment."""
    if request.param == "memory":
        with dg.DagsterInstance.ephemeral() as instance:
            yield instance
        return
    url = plain_url(request.getfixturevalue("empty_database_url"))
    storage = {"postgres": {"postgres_url": url.replace("postgresql:", "postgresql+psycopg2:", 1)}}
    settings = {"storage": storage, "telemetry": {"enabled": False}}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


def materializations():
    """One of each tenant, each with counts of its own."""
    return [
        dg.AssetMaterialization(KEY, partition=tenant, metadata={"stored": number})
        for number, tenant in enumerate(TENANTS)
    ]


@dg.op
def together(context: dg.OpExecutionContext) -> None:
    """Stores them as the drain does."""
    store_materializations(context, materializations())
    store_materializations(context, [])


@dg.op
def one_by_one(context: dg.OpExecutionContext) -> None:
    """Stores them as Dagster documents it."""
    for materialization in materializations():
        context.log_event(materialization)


def stored(instance, op):
    """What the storage has of a run of an op, without what differs by time and by op."""
    job = dg.GraphDefinition(name="job", node_defs=[op]).to_job()
    result = job.execute_in_process(instance=instance)
    records = instance.get_records_for_run(
        result.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
    ).records
    entries = [record.event_log_entry for record in records]
    assert {entry.run_id for entry in entries} == {result.run_id}
    assert {entry.step_key for entry in entries} == {op.name}
    return [
        (
            entry.level,
            entry.user_message,
            entry.job_name,
            entry.message,
            *content(entry.dagster_event),
        )
        for entry in entries
    ]


def content(event):
    """An event without the name of its step, and its tags without the run's id."""
    tags = {key: value for key, value in event.logging_tags.items() if "run" not in key}
    tags = {key: value for key, value in tags.items() if value not in {"together", "one_by_one"}}
    return (
        event.event_type_value,
        event.job_name,
        event.step_kind_value,
        event.event_specific_data,
        event.message,
        event.pid,
        tags,
    )


def test_events_are_those_of_log_event(any_instance):
    """Events that are stored together differ in nothing that Dagster reads."""
    assert stored(any_instance, together) == stored(any_instance, one_by_one)


def test_partitions_are_materialized(any_instance):
    """Each tenant's partition is materialized, and the asset is known by its latest event."""
    stored(any_instance, together)
    assert set(any_instance.get_materialized_partitions(KEY)) == set(TENANTS)
    latest = any_instance.get_latest_materialization_event(KEY)
    assert latest.asset_materialization.partition == TENANTS[-1]
