"""Dagster in the test's own process: an ephemeral instance, real Postgres, a sandbox."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator

import dagster as dg
import pytest
import structlog
from alembic.script import ScriptDirectory

from gmail_ingest.defs.live_sync.emails import emails
from gmail_ingest.defs.partitions import TENANTS
from gmail_ingest.defs.resources import build_resources
from gmail_ingest.local.environment import variable_names
from gmail_ingest_tests.sync.service import TENANT, Service, sandbox_settings
from gmail_sandbox.server import Sandbox
from gmail_sandbox.settings import Limits

#: Words of the tests' mail and addresses, which Dagster must not know.
PRIVATE = ("example.com", "example.net", "merger")


@pytest.fixture(scope="session", autouse=True)
def revisions_read_once() -> Iterator[None]:
    """Dagster reads its ninety revision files whenever it opens a storage, several times in a tick
    of a sensor here; they do not change while tests run.
    """
    original = ScriptDirectory.__dict__["from_config"]
    ScriptDirectory.from_config = functools.cache(ScriptDirectory.from_config)
    yield
    ScriptDirectory.from_config = original


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path) -> None:
    """No setting comes from the machine that runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in variable_names().values():
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A run configures logging for its process, which is the tests' own here."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Dagster without a database, which knows the tenant ``acme`` as a partition."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(TENANTS.name or "", [TENANT])
        yield instance


@pytest.fixture
def service(engine, run) -> Iterator[Service]:
    """The adapters on the test's database, against a sandbox without quotas."""
    limits = Limits(user_per_minute=None, project_per_minute=None)
    with Sandbox.in_thread(limits=limits) as sandbox:
        service = Service(engine, sandbox)
        yield service
        run(service.aclose())


@pytest.fixture
def resources(service, database_url, monkeypatch) -> dict[str, object]:
    """Resources over the same database and sandbox, with the rest from the environment."""
    names = variable_names()
    values = sandbox_settings(service.sandbox.url)
    values |= {"drain_linger_seconds": 0, "log_format": "json"}
    for name, value in values.items():
        monkeypatch.setenv(names[name], str(value))
    monkeypatch.setenv("DATABASE_URL", database_url)
    return build_resources()


@pytest.fixture
def materialize(instance, resources):
    """Materialize the tenant's partition."""

    def run_asset(*, raise_on_error: bool = True) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [emails],
            partition_key=TENANT,
            instance=instance,
            resources=resources,
            raise_on_error=raise_on_error,
        )

    return run_asset


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    """What the one materialization says."""
    (event,) = result.asset_materializations_for_node("gmail__emails")
    return {name: value.value for name, value in event.metadata.items()}


def materializations_of(instance: dg.DagsterInstance, run_id: str) -> list[dg.AssetMaterialization]:
    """The materializations of a run, as Dagster's pages read them."""
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    records = instance.get_records_for_run(run_id, of_type=kind).records
    return [record.event_log_entry.asset_materialization for record in records]


def evaluations(instance):
    """The evaluations of ``every_mailbox_is_synced`` by tenant, oldest first; after those of one
    moment there is always one over all tenants.
    """
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    records = [
        record
        for run_id in [*(run.run_id for run in instance.get_runs()), ""]
        for record in instance.get_records_for_run(run_id, of_type=kind).records
    ]
    records.sort(key=lambda record: record.event_log_entry.timestamp)
    reported = [record.event_log_entry.asset_check_evaluation for record in records]
    assert [evaluation.partition is None for evaluation in reported] == [False, True] * (
        len(reported) // 2
    )
    return [
        (evaluation.partition, evaluation.passed, evaluation.description)
        for evaluation in reported
        if evaluation.partition
    ]
