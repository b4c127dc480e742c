"""Backfills in the whole service: a real Dagster, its daemon, workers that die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.local.data_directory import PROJECT_ROOT
from gmail_ingest_tests.browser.dagster_pages import CHROMIUM, TIMEOUT_MS, open_pages
from gmail_ingest_tests.e2e.test_killed_processes import worker_of

pytestmark = [
    pytest.mark.daemon,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]

SALES, HELLO = "sales@acme.example", "hello@initech.example"
NOW = datetime.now(UTC)
#: 22 months that ended long before the initial sync's days: two runs of a backfill.
START, END = datetime(NOW.year - 2, 1, 1, tzinfo=UTC), datetime(NOW.year - 1, 11, 1, tzinfo=UTC)
_BACKFILL = """query ($id: String!) { partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status title numPartitions tags { key value }
      runs(limit: 50) { runId status startTime tags { key value } }
      assetBackfillData { assetBackfillStatuses { ... on AssetPartitionsStatusCounts {
        numPartitionsMaterialized } } } } } }"""
_LAUNCH = """mutation ($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""


def ask(crm, query, **variables):
    """Ask Dagster."""
    url = f"{crm.addresses.dagster}/graphql"
    answer = crm.session.post(url, json={"query": query, "variables": variables}, timeout=60).json()
    assert "data" in answer, answer
    return answer["data"]


def backfill(crm, backfill_id):
    """A backfill as its page shows it."""
    return ask(crm, _BACKFILL, id=backfill_id)["partitionBackfillOrError"]


def tag(run, name):
    """A run's tag."""
    return next((tag["value"] for tag in run["tags"] if tag["key"] == name), None)


# The first of all: the partition map is of all backfills that there were.
@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")
def test_dagster_ui_shows_the_backfill_and_its_partitions(crm):
    """In a real browser, the list of backfills, the page of one, and the partition map show what a
    job has done, and no page fails.
    """
    crm.google("POST", "mailboxes", {"address": HELLO, "messages": 40, "spanDays": 200})
    crm.connect("initech", HELLO)
    end = (NOW - timedelta(days=60)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    start = (end - timedelta(days=40)).replace(day=1)
    body = {"startDate": start.isoformat(), "endDate": end.isoformat()}
    job = crm.api("POST", "sync/initech/historical", body)["jobId"]

    def state():
        return crm.api("GET", f"sync/initech/jobs/{job}")

    crm.until(lambda: state()["state"] == "succeeded", "the job's end")
    shown, months = state()["dagsterBackfillId"], state()["progress"]["monthsTotal"]
    with open_pages(crm.addresses.dagster) as pages:
        listed = pages.backfills()
        assert listed.get_by_text(shown).first.is_visible()
        assert listed.get_by_text(f"{months} partitions").first.is_visible()
        one = pages.backfill(shown)
        assert one.get_by_text("emails_by_month").filter(visible=True).count() > 0
        partitions = pages.partitions()
        partitions.get_by_text(f"Materialized ({months})").wait_for(timeout=TIMEOUT_MS)
        assert partitions.get_by_text("initech").filter(visible=True).count() > 0
        assert partitions.get_by_text("Failed (0)").is_visible()
        assert pages.errors == []


@pytest.fixture(scope="module")
def sales(crm):
    """A connected mailbox with mail of the last days, and of the years before."""
    spread = {"messages": 450, "spanDays": (NOW - START).days}
    crm.google("POST", "mailboxes", {"address": SALES} | spread)
    crm.connect("acme", SALES)
    crm.until(lambda: crm.api("GET", "sync/acme/status")["ledger"]["stored"] > 0, "the first mail")
    crm.until(lambda: "acme" in crm.partitions(), "the partition")
    return SALES


def wanted(crm):
    """Ids of the range that belong in the CRM."""
    kept = crm.at_google(SALES)
    found = crm.google("GET", f"mailboxes/{SALES}/messages")["messages"]
    dates = {message["id"]: int(message["internalDate"]) / 1000 for message in found}
    return {key for key in kept if START.timestamp() <= dates[key] < END.timestamp()}


def test_backfill_survives_its_killed_worker_and_lets_live_mail_pass(crm, sales):
    """Asked for over the API, it is a backfill in Dagster, newest months first; its first worker is
    killed, nobody does anything, and in the end each month is complete (edge cases 35 and 68).
    """
    body = {"startDate": START.isoformat(), "endDate": END.isoformat()}
    price = crm.api("POST", "sync/acme/historical", body, dryRun="true")
    assert price["toFetch"] >= len(wanted(crm)) > 100
    crm.google(
        "POST", "faults", {"method": "gmail.users.*.get", "action": "latency", "latencyMs": 1500}
    )
    job = crm.api("POST", "sync/acme/historical", body)["jobId"]
    assert crm.api("POST", "sync/acme/historical", body)["jobId"] == job

    def state():
        return crm.api("GET", f"sync/acme/jobs/{job}")

    crm.until(lambda: state()["progress"]["stored"] > 0, "the first mail of the past")
    dead = state()["dagsterRunId"]
    crm.until(lambda: worker_of(crm, dead) is not None, "the worker's process id")
    crm.deliver(sales, 3, seed=99)
    crm.until(lambda: newest(crm) <= first_page(crm), "live mail")
    assert state()["state"] == "running"
    os.kill(worker_of(crm, dead), signal.SIGKILL)
    crm.google("DELETE", "faults")

    crm.until(lambda: state()["state"] == "succeeded", "the job's end")
    progress = state()["progress"]
    assert (progress["monthsDone"], progress["monthsTotal"]) == (22, 22)
    assert wanted(crm) <= set(crm.in_crm("acme"))
    shown = state()["dagsterBackfillId"]
    crm.until(lambda: backfill(crm, shown)["status"] == "COMPLETED_SUCCESS", "the backfill's end")
    found = backfill(crm, shown)
    assert found["numPartitions"] == 22
    (counts,) = found["assetBackfillData"]["assetBackfillStatuses"]
    assert counts["numPartitionsMaterialized"] == 22
    runs = sorted(found["runs"], key=lambda run: run["startTime"])
    ends = [tag(run, "dagster/asset_partition_range_end") for run in runs]
    # The retry of the killed run may find that the next one has taken its place meanwhile.
    assert ends[0] == max(ends)
    assert "FAILURE" in {run["status"] for run in runs}


def newest(crm):
    """Ids of the mail that was delivered last."""
    found = crm.google("GET", f"mailboxes/{SALES}/messages")["messages"]
    recent = sorted(found, key=lambda message: int(message["internalDate"]))[-3:]
    return {message["id"] for message in recent} & set(crm.at_google(SALES))


def first_page(crm):
    """Ids of the newest mail in the CRM: while a backfill goes on, later pages move."""
    page = crm.api("GET", "emails", tenantId="acme", limit=100, offset=0)
    return {email["id"] for email in page["emails"]}


@pytest.mark.usefixtures("sales")
def test_backfill_of_the_ui_is_a_job_that_the_api_can_cancel(crm):
    """Started in Dagster it appears in the API; cancelled there it ends in Dagster."""
    keys = [f"{END:%Y-%m}-01|acme", f"{END + timedelta(days=31):%Y-%m}-01|acme"]
    selection = [{"path": ["gmail", "emails_by_month"]}]
    slow = {"method": "gmail.users.*.get", "action": "latency", "latencyMs": 3000}
    crm.google("POST", "faults", slow)
    launched = ask(crm, _LAUNCH, p={"assetSelection": selection, "partitionNames": keys})
    backfill_id = launched["launchPartitionBackfill"]["backfillId"]

    def jobs():
        found = crm.api("GET", "sync/acme/jobs")["jobs"]
        return [job for job in found if job["dagsterBackfillId"] == backfill_id]

    crm.until(lambda: [job["state"] for job in jobs()] == ["running"], "the job")
    (job,) = jobs()
    assert job["progress"]["monthsTotal"] == 2
    crm.api("POST", f"sync/acme/jobs/{job['id']}/cancel")
    assert [job["state"] for job in jobs()] == ["cancelled"]
    crm.until(lambda: backfill(crm, backfill_id)["status"] == "CANCELED", "the backfill's end")
    assert not any(run["status"] == "STARTED" for run in backfill(crm, backfill_id)["runs"])
    crm.google("DELETE", "faults")


@pytest.mark.usefixtures("sales")
@pytest.mark.parametrize(
    ("words", "month"),
    [
        (["asset", "materialize", "--select", "gmail/emails_by_month", "--partition"], 10),
        (["job", "backfill", "-j", "emails_by_month_job", "--noprompt", "--partitions"], 11),
    ],
    ids=["asset materialize", "job backfill"],
)
def test_month_is_synced_by_a_command_of_dagsters(crm, words, month):
    """A data engineer types Dagster's own commands in a checkout; the month is a job as any."""
    key = f"{START.year - 1}-{month}-01"
    module = ["-m", "gmail_ingest.definitions"] if "asset" in words else []
    done = subprocess.run(
        [*(sys.executable, "-m", "dagster"), *words, f"{key}|acme", *module],
        env=dict(crm.environment),
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr

    def states():
        found = crm.api("GET", "sync/acme/jobs")["jobs"]
        return [run["state"] for run in found if str(run["startDate"]).startswith(key)]

    crm.until(lambda: states() == ["succeeded"], "the month's job")
