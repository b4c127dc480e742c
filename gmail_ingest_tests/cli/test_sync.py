"""``gmail-ingest sync``: its words, its exit codes, and how progress is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from gmail_ingest.cli import sync, sync_progress
from gmail_ingest.cli.main import app

JOB = "8d2f4b0e-3f0b-4f0e-9f43-7a1f0f6f9d11"
RANGE = ["--from", "2024-01-01", "--to", "2024-03-01T00:00:00+01:00"]


def job(done: int, state: str = "running", **more: Any) -> dict[str, Any]:
    """A job as the API shows it."""
    progress = {
        "monthsDone": done,
        "monthsTotal": 2,
        "listed": 10 * done,
        "stored": 9 * done,
        "excluded": done,
        "dead": 0,
        "messagesPerSecond": 1.5 if done else None,
        "units": 200 * done,
        "estimatedEnd": "2026-01-01T00:00:00Z" if done == 1 else None,
    }
    return {
        "id": JOB,
        "state": state,
        "error": None,
        "notBefore": None,
        "progress": progress,
    } | more


class Api:
    """A sidecar that answers as told, and remembers what it was asked."""

    def __init__(self, *jobs: dict[str, Any]) -> None:
        self.jobs = list(jobs)
        self.requests: list[Any] = []

    def sync(self, tenant: str, how: str) -> dict[str, Any]:
        """A sync now."""
        self.requests.append((tenant, how))
        return {"jobId": JOB}

    def backfill(self, tenant, start, end, *, dry_run):
        """A backfill, or its price."""
        self.requests.append((tenant, start.isoformat(), end.isoformat(), dry_run))
        if not dry_run:
            return {"jobId": JOB, "kind": "historical"}
        month = {"month": "2024-01", "messages": 3, "toFetch": 2, "units": 45}
        return {
            "months": [month],
            "messages": 3,
            "toFetch": 2,
            "units": 45,
            "estimatedSeconds": 3725.0,
            "dryRunUnits": 5,
            "leftOut": ["needs_reauth: Connect this mailbox again."],
        }

    def job(self, tenant, job_id):
        """The next of the job's states."""
        assert (tenant, job_id) == ("acme", JOB)
        return self.jobs.pop(0)

    def cancel_job(self, tenant, job_id):
        """Cancel."""
        self.requests.append((tenant, job_id))
        return job(0, "cancelled")


@pytest.fixture
def command(monkeypatch):
    """Run a command against an API."""

    def run(api: Api, *arguments: str):
        monkeypatch.setattr(sync, "api_of", lambda *_: api)
        monkeypatch.setattr(sync_progress, "LOOK_SECONDS", 0.0)
        return CliRunner().invoke(app, ["sync", *arguments])

    return run


@pytest.mark.parametrize(
    ("arguments", "requests"),
    [
        (["acme"], ("acme", "")),
        (["--initial", "acme"], ("acme", "initial")),
        (["acme", "--force"], ("acme", "force")),
        (["now", "history"], ("history", "")),
    ],
)
def test_sync_of_a_tenant_needs_no_word(command, arguments, requests):
    """``sync TENANT`` as ever; a tenant that is named as a command can be named all the same."""
    api = Api()
    assert command(api, *arguments).exit_code == 0
    assert api.requests == [requests]


def test_backfill_is_watched_to_its_end(command):
    """A line for each month where there is no terminal; exit code 0 when all are complete."""
    api = Api(job(0), job(0), job(1), job(2, "succeeded"))
    found = command(api, "history", "acme", *RANGE)
    assert found.exit_code == 0, found.output
    assert api.requests == [
        ("acme", "2024-01-01T00:00:00+00:00", "2024-03-01T00:00:00+01:00", False)
    ]
    assert [line.partition(",")[0] for line in found.stderr.splitlines()[1:]] == [
        "running: 0/2 months",
        "running: 1/2 months",
        "succeeded: 2/2 months",
    ]
    assert found.stdout == (
        "succeeded: 2 of 2 months, 20 listed, 18 stored, 2 excluded, 400 units\n"
    )


def test_backfill_that_fails_says_why(command):
    """Exit code 1, with the job's error; for programs as one JSON object."""
    failed = job(1, "failed", error="needs_reauth: connect it again")
    found = command(Api(failed), "history", "acme", *RANGE)
    assert found.exit_code == 1
    assert "needs_reauth: connect it again" in found.stdout
    found = command(Api(failed), "history", "acme", *RANGE, "--json")
    assert (found.exit_code, json.loads(found.stdout)) == (1, failed)


def test_backfill_is_asked_for_without_waiting(command):
    """A script may look after it itself."""
    found = command(Api(), "history", "acme", *RANGE, "--detach")
    assert json.loads(found.stdout)["jobId"] == JOB


def test_dry_run_prints_months_price_and_time(command):
    """By month and in all, with what the dry run took and which mailboxes are left out."""
    found = command(Api(), "history", "acme", *RANGE, "--dry-run")
    assert found.exit_code == 0
    rows = [line.split() for line in found.stdout.splitlines()]
    assert rows[1:] == [["2024-01", "3", "2", "45"], ["all", "3", "2", "45"]]
    assert "1 h 02 min at the quota; the dry run took 5 units" in found.stderr
    assert "left out: needs_reauth" in found.stderr
    found = command(Api(), "history", "acme", *RANGE, "--dry-run", "--json")
    assert json.loads(found.stdout)["units"] == 45


def test_cancel_names_the_job(command):
    """The answer is the job as it is then."""
    api = Api()
    found = command(api, "cancel", "acme", JOB)
    assert json.loads(found.stdout)["state"] == "cancelled"
    assert api.requests == [("acme", JOB)]


def test_bar_shows_a_job_to_its_end(monkeypatch):
    """On a terminal there is one bar, with months, rate, units and the estimated end."""
    from rich.console import Console

    console = Console(force_terminal=True, width=200, record=True)
    monkeypatch.setattr(sync_progress, "LOOK_SECONDS", 0.0)
    states = [job(0), job(1), job(2, "succeeded")]
    with console.capture() as shown:
        assert sync_progress.watch(lambda: states.pop(0), console)["state"] == "succeeded"
    assert "2/2" in shown.get()
