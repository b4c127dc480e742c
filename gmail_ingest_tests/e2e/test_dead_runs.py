"""Run workers that die for good, in the whole service."""

from __future__ import annotations

import os
import re
import signal
import sys

import pytest

pytestmark = [
    pytest.mark.daemon,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]

SALES = "sales@acme.example"
_LOGS = """query ($run: ID!) { logsForRun(runId: $run) {
    ... on EventConnection { events { ... on MessageEvent { message } } } } }"""
_STATUS = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"


def ask(crm, query, run_id):
    """Ask Dagster about a run."""
    body = {"query": query, "variables": {"run": run_id}}
    url = f"{crm.addresses.dagster}/graphql"
    return crm.session.post(url, json=body, timeout=60).json()["data"]


def worker_of(crm, run_id):
    """The process id of a run's worker, as the run's own log tells it; None if it does not yet."""
    events = ask(crm, _LOGS, run_id)["logsForRun"]["events"]
    found = [re.search(r"in process \(pid: (\d+)\)", each.get("message", "")) for each in events]
    return next((int(match[1]) for match in found if match), None)


def test_a_killed_run_worker_is_replaced_with_no_manual_step(crm):
    """After SIGKILL in the middle of an initial sync the run fails in Dagster's books, another one
    finishes the job, and no mail is missing or doubled (edge cases 68 and 70).
    """
    crm.google(
        "POST",
        "faults",
        {"method": "gmail.users.*.get", "action": "latency", "latencyMs": 400},
    )
    crm.new_mailbox(SALES, 150)
    job = crm.connect("acme", SALES)["jobId"]

    def state():
        return crm.api("GET", f"sync/acme/jobs/{job}")

    crm.until(lambda: crm.api("GET", "sync/acme/status")["ledger"]["stored"] > 0, "the first mail")
    dead = state()["dagsterRunId"]
    crm.until(lambda: worker_of(crm, dead) is not None, "the worker's process id")
    os.kill(worker_of(crm, dead), signal.SIGKILL)
    assert 0 < crm.total("acme") < len(crm.at_google(SALES))

    crm.until(lambda: state()["state"] == "succeeded", "the job's end")
    assert state()["dagsterRunId"] != dead
    assert ask(crm, _STATUS, dead)["runOrError"]["status"] == "FAILURE"
    crm.until_equal("acme", SALES)

    def states():
        return {each["state"] for each in crm.api("GET", "sync/acme/status")["jobs"]}

    crm.until(lambda: states() <= {"succeeded", "failed", "cancelled"}, "every job's end")
