"""Backfills over HTTP: asked for, priced, watched, cancelled."""

from __future__ import annotations

import pytest

PATH = "/api/sync/tenant-1/historical"
YEAR = {"startDate": "2024-01-01T00:00:00Z", "endDate": "2024-12-31T23:59:59Z"}


@pytest.fixture
def kim(api, google):
    """A connected mailbox."""
    tokens = google.mailbox("kim@crm.test")
    api.connect("tenant-1", tokens)
    return tokens


def fields(answer):
    """The status, and the fields that a problem names."""
    return answer.status_code, [error["field"] for error in answer.json()["errors"]]


@pytest.mark.usefixtures("kim")
def test_asking_for_a_year_writes_one_job(api):
    """202 with the job, whose range and months are what was asked for; asked again, it is the same
    job, whoever is up or down to work on it.
    """
    first = api.call("POST", PATH, YEAR)
    assert first.status_code == 202
    assert api.call("POST", PATH, YEAR).json() == first.json()
    job_id = first.json()["jobId"]
    assert first.json() == {"jobId": job_id, "kind": "historical", "unreachable": []}
    job = api.call("GET", f"/api/sync/tenant-1/jobs/{job_id}").json()
    assert (job["kind"], job["state"]) == ("historical", "queued")
    assert (job["startDate"], job["endDate"]) == (YEAR["startDate"], YEAR["endDate"])
    assert job["progress"] == {
        "monthsDone": 0,
        "monthsTotal": 12,
        "listed": 0,
        "stored": 0,
        "excluded": 0,
        "dead": 0,
        "messagesPerSecond": None,
        "units": 0,
        "estimatedEnd": None,
    }


@pytest.mark.usefixtures("kim")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"startDate": "2099-01-01T00:00:00Z", "endDate": "2099-02-01T00:00:00Z"}, "startDate"),
        ({"endDate": "2099-02-01T00:00:00Z"}, "endDate"),
        ({"startDate": "2024-12-31T23:59:59Z", "endDate": "2024-01-01T00:00:00Z"}, "endDate"),
        ({"startDate": "2004-03-31T23:59:59Z"}, "startDate"),
        ({"startDate": "2024-01-01"}, "startDate"),
        ({"startDate": "2024-01-01T00:00:00"}, "startDate"),
        ({"startDate": "yesterday"}, "startDate"),
        ({"startDate": 1704067200}, "startDate"),
        ({"startDate": "0001-01-01T00:00:00+14:00"}, "startDate"),
        ({"startDate": "2024-13-01T00:00:00Z"}, "startDate"),
        ({"endDate": None}, "endDate"),
    ],
)
def test_range_that_makes_no_sense_gets_422(api, change, field):
    """Problem details name the field, and nothing is written."""
    answer = api.call("POST", PATH, YEAR | change)
    assert fields(answer) == (422, [field])
    assert answer.headers["content-type"] == "application/problem+json"
    assert str(change.get(field)) not in answer.text.replace("2004-04-01", "")
    assert api.rows("SELECT count(*) FROM sync_jobs WHERE kind = 'historical'") == [(0,)]


@pytest.mark.usefixtures("kim")
def test_missing_field_gets_422(api):
    """Both ends are needed."""
    assert fields(api.call("POST", PATH, {"startDate": YEAR["startDate"]})) == (422, ["endDate"])


def test_tenant_must_be_known_and_connected(api, kim):
    """404 for a stranger, 409 for one that is disconnected."""
    assert kim
    assert api.call("POST", "/api/sync/nobody/historical", YEAR).status_code == 404
    api.call("DELETE", "/api/integrations/tenant-1")
    assert api.call("POST", PATH, YEAR).status_code == 409


def test_dry_run_tells_the_price_and_writes_nothing(api, google):
    """Messages by month from listing alone, units of the fetch, time, and what it took itself."""
    tokens = google.mailbox("kim@crm.test", 40)
    api.connect("tenant-1", tokens)
    days = "SELECT (now() - interval '20 days')::date::text, now()::date::text"
    ((start, end),) = api.rows(days)
    body = {"startDate": f"{start}T00:00:00Z", "endDate": f"{end}T00:00:00Z"}
    answer = api.call("POST", f"{PATH}?dryRun=true", body)
    assert answer.status_code == 200
    price = answer.json()
    assert price["messages"] == price["toFetch"] == sum(m["messages"] for m in price["months"]) > 0
    assert price["units"] == sum(month["units"] for month in price["months"])
    assert 20 * price["toFetch"] / 2 < price["units"] <= 20 * price["toFetch"] + 10
    assert price["estimatedSeconds"] > 0
    assert price["dryRunUnits"] == 5 * len(price["months"])
    assert price["leftOut"] == []
    assert api.rows("SELECT count(*) FROM sync_jobs WHERE kind = 'historical'") == [(0,)]
    assert api.rows("SELECT count(*) FROM message_ledger") == [(0,)]


def test_dry_run_says_which_mailbox_is_left_out(api, google, kim):
    """A mailbox that needs its owner does not keep the others from being priced."""
    other = google.mailbox("lee@crm.test")
    api.connect("tenant-1", other)
    google.admin("POST", "mailboxes/lee@crm.test/grants/revoke")
    price = api.call("POST", f"{PATH}?dryRun=true", YEAR).json()
    assert len(price["leftOut"]) == 1
    assert price["leftOut"][0].startswith("needs_reauth: Connect this mailbox again")
    assert "crm.test" not in str(price)
    assert kim


@pytest.mark.usefixtures("kim")
def test_cancelled_job_is_shown_and_ended_once(api):
    """Cancelling again changes nothing; afterwards the range is a new job."""
    job_id = api.call("POST", PATH, YEAR).json()["jobId"]
    cancelled = api.call("POST", f"/api/sync/tenant-1/jobs/{job_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert api.call("POST", f"/api/sync/tenant-1/jobs/{job_id}/cancel").json() == cancelled.json()
    assert api.call("POST", PATH, YEAR).json()["jobId"] != job_id


@pytest.mark.usefixtures("kim")
def test_only_backfills_are_cancelled(api):
    """Others end by themselves; a job of another tenant is not there."""
    live = api.call("POST", "/api/sync/tenant-1").json()["jobId"]
    answer = api.call("POST", f"/api/sync/tenant-1/jobs/{live}/cancel")
    assert fields(answer) == (422, ["jobId"])
    job_id = api.call("POST", PATH, YEAR).json()["jobId"]
    assert api.call("POST", f"/api/sync/other/jobs/{job_id}/cancel").status_code == 404
    assert api.call("GET", f"/api/sync/tenant-1/jobs/{job_id}").json()["state"] == "queued"


@pytest.mark.usefixtures("kim")
def test_progress_is_told_with_rate_and_estimate(api):
    """Months, messages, units, rate and end, of the job and in the tenant's status."""
    job_id = api.call("POST", PATH, YEAR).json()["jobId"]
    counts = (
        '{"listed": 700, "stored": 500, "hidden": 20, "left_out": 40, "dead": 40, "units": 9000}'
    )
    api.database.execute(
        "UPDATE sync_jobs SET state = 'running', counts = %s,"
        " started_at = now() - interval '5 minutes' WHERE id = %s",
        (counts, job_id),
    )
    api.database.execute(
        "UPDATE job_months SET done_at = now() WHERE job_id = %s AND month >= '2024-10-01'",
        (job_id,),
    )
    job = api.call("GET", f"/api/sync/tenant-1/jobs/{job_id}").json()
    progress = job["progress"]
    assert (progress["monthsDone"], progress["monthsTotal"]) == (3, 12)
    assert [progress[name] for name in ("listed", "stored", "excluded", "dead", "units")] == [
        700,
        500,
        60,
        40,
        9000,
    ]
    assert progress["messagesPerSecond"] == pytest.approx(2, abs=0.1)
    assert progress["estimatedEnd"] > job["startedAt"]
    shown = api.call("GET", "/api/sync/tenant-1/status").json()["jobs"]
    assert [job["progress"]["monthsDone"] for job in shown if job["id"] == job_id] == [3]


@pytest.mark.usefixtures("kim")
def test_jobs_are_listed_in_pages(api):
    """Newest first, with the total; a page beyond the end is empty."""
    for day in range(1, 4):
        api.call("POST", PATH, YEAR | {"startDate": f"2024-01-0{day}T00:00:00Z"})
    page = api.call("GET", "/api/sync/tenant-1/jobs?limit=2").json()
    assert (len(page["jobs"]), page["total"], page["offset"]) == (2, 4, 0)
    assert page["jobs"][0]["startDate"] == "2024-01-03T00:00:00Z"
    rest = api.call("GET", "/api/sync/tenant-1/jobs?limit=2&offset=2").json()["jobs"]
    assert [job["kind"] for job in rest] == ["historical", "initial"]
    assert rest[1]["progress"] is None
    assert api.call("GET", "/api/sync/tenant-1/jobs?offset=9").json()["jobs"] == []
    assert api.call("GET", "/api/sync/nobody/jobs").status_code == 404
