"""Whether a run's worker lives, as run monitoring asks."""

import json

import pytest
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

from gmail_ingest.defs.dagster_internals.run_launcher import WatchedRunLauncher
from gmail_ingest.defs.live_sync.drain import drain_job
from gmail_ingest.local.readiness import free_ports


@pytest.fixture
def status(instance):
    """The status of a run that a code server at this port started; None: a command line did."""
    launcher = WatchedRunLauncher()
    launcher.register_instance(instance)

    def ask(port):
        at = (
            {} if port is None else {GRPC_INFO_TAG: json.dumps({"host": "127.0.0.1", "port": port})}
        )
        run = instance.create_run_for_job(drain_job, tags=at)
        return launcher.check_run_worker_health(run).status

    return ask


def test_run_launcher_leaves_runs_of_a_command_line_alone(status):
    """A run that ``dagster asset materialize`` executes is nobody's child: it is not ended."""
    assert status(None) == WorkerStatus.RUNNING


def test_run_launcher_waits_for_a_code_server_that_does_not_answer(status, monkeypatch):
    """A code server that restarts will know its runs, or that it has none: no run is ended before
    (edge case 70).
    """
    (port,) = free_ports(1)
    assert status(port) == WorkerStatus.RUNNING
    monkeypatch.setenv("GMAIL_INGEST_CODE_SERVER_HOST", "127.0.0.1")
    monkeypatch.setenv("GMAIL_INGEST_CODE_SERVER_PORT", str(port))
    assert status(port) == WorkerStatus.RUNNING


def test_run_launcher_knows_a_run_of_a_code_server_that_is_no_more(status, monkeypatch):
    """After a restart of a whole deployment on other ports its old runs are dead (edge case 70)."""
    old, new = free_ports(2)
    monkeypatch.setenv("GMAIL_INGEST_CODE_SERVER_HOST", "127.0.0.1")
    monkeypatch.setenv("GMAIL_INGEST_CODE_SERVER_PORT", str(new))
    assert status(old) == WorkerStatus.NOT_FOUND
