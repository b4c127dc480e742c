"""Processes of the whole service that are killed in the middle of their work."""

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
SUPPORT = "support@globex.example"
#: Bursts of new mail, of so many messages each.
BURSTS, BURST = 6, 5
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
    found = [re.search(r"in process \(pid: (\d+)\)", event.get("message", "")) for event in events]
    return next((int(match[1]) for match in found if match), None)


def slow_google(crm, milliseconds):
    """Let each message read take so long; the faults before are mended."""
    crm.google("DELETE", "faults")
    rule = {"method": "gmail.users.*.get", "action": "latency", "latencyMs": milliseconds}
    crm.google("POST", "faults", rule)


def all_acknowledged(crm):
    """Whether Pub/Sub has no push left to deliver."""
    return crm.google("GET", "counters")["pushes"]["outstanding"] == 0


def all_final(crm, tenant):
    """Whether every job of a tenant has come to its end, and nothing waits."""
    status = crm.api("GET", f"sync/{tenant}/status")
    states = {job["state"] for job in status["jobs"]}
    return not status["queue"] and states <= {"succeeded", "failed", "cancelled"}


def test_a_killed_run_worker_is_replaced_with_no_manual_step(crm):
    """After SIGKILL in the middle of an initial sync the run fails in Dagster's books, another one
    finishes the job, and no mail is missing or doubled (edge cases 68 and 70).
    """
    slow_google(crm, 400)
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
    crm.until(lambda: all_final(crm, "acme"), "every job's end")


def test_a_sidecar_killed_in_a_burst_of_pushes_loses_none(crm):
    """Pub/Sub delivers again what the dead sidecar did not acknowledge; no poll is due, so that
    all of the mail comes by its pushes (edge case 69).
    """
    slow_google(crm, 0)
    for seed in range(BURSTS):
        crm.deliver(SALES, BURST, seed)
        if seed == BURSTS // 2:
            crm.kill("sidecar")
    crm.revive()
    crm.until(lambda: all_acknowledged(crm), "the last acknowledgement")
    crm.until_equal("acme", SALES)
    crm.until(lambda: all_final(crm, "acme"), "every job's end")


def test_pushes_wait_while_all_of_dagster_is_gone(crm):
    """Daemon and code server die in the middle of a sync, its worker with them. The pushes that
    come meanwhile make one row in the queue, and when both are back everything is worked off, the
    dead run has ended in Dagster's books, and its job with another run (edge cases 68, 70, 71).
    """
    slow_google(crm, 400)
    crm.new_mailbox(SUPPORT, 120)
    job = crm.connect("globex", SUPPORT)["jobId"]

    def state():
        return crm.api("GET", f"sync/globex/jobs/{job}")

    crm.until(
        lambda: crm.api("GET", "sync/globex/status")["ledger"]["stored"] > 0, "the first mail"
    )
    dead = state()["dagsterRunId"]
    crm.kill("daemon", "code-server")
    for seed in range(BURSTS):
        crm.deliver(SUPPORT, BURST, 50 + seed)
    crm.until(lambda: all_acknowledged(crm), "the last acknowledgement")
    waiting = crm.api("GET", "sync/globex/status")["queue"]
    assert [entry["kind"] for entry in waiting if not entry["claimed"]] == ["incremental"]
    assert crm.total("globex") < len(crm.at_google(SUPPORT))

    slow_google(crm, 0)
    crm.revive()
    crm.until(lambda: state()["state"] == "succeeded", "the job's end")
    assert state()["dagsterRunId"] != dead
    crm.until_equal("globex", SUPPORT)
    crm.until(lambda: all_final(crm, "globex"), "every job's end")
    crm.until(
        lambda: ask(crm, _STATUS, dead)["runOrError"]["status"] == "FAILURE", "the dead run's end"
    )
