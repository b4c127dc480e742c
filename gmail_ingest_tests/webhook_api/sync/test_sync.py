from datetime import timedelta

import pytest


@pytest.fixture
def kim(api, google):
    """A connected mailbox, its first sync done."""
    tokens = google.mailbox("kim@crm.test")
    api.connect("tenant-1", tokens)
    api.rows("DELETE FROM sync_queue RETURNING 1")
    return tokens


@pytest.mark.usefixtures("kim")
@pytest.mark.parametrize(
    ("path", "kind", "force"),
    [("", "incremental", False), ("/initial", "initial", False), ("/force", "incremental", True)],
)
def test_asking_for_a_sync_queues_a_job_once(api, path, kind, force):
    """202 with the job; asked again while it waits, it is the same job: edge case 74."""
    first = api.call("POST", f"/api/sync/tenant-1{path}")
    assert first.status_code == 202
    again = api.call("POST", f"/api/sync/tenant-1{path}").json()
    assert again == first.json() == {"jobId": again["jobId"], "kind": kind, "unreachable": []}
    assert api.rows("SELECT kind, force, mailbox_ids FROM sync_queue") == [(kind, force, None)]
    job = api.call("GET", f"/api/sync/tenant-1/jobs/{again['jobId']}").json()
    assert (job["id"], job["state"], job["startedAt"]) == (again["jobId"], "queued", None)


@pytest.mark.usefixtures("kim")
def test_a_job_of_another_tenant_is_not_shown(api):
    """A tenant's job is 404 under another tenant's name."""
    job = api.call("POST", "/api/sync/tenant-1").json()["jobId"]
    api.database.execute("INSERT INTO tenants (id) VALUES ('tenant-2')")
    assert api.call("GET", f"/api/sync/tenant-2/jobs/{job}").status_code == 404


@pytest.mark.usefixtures("kim")
def test_a_disconnected_tenant_is_not_synced(api):
    """409: there is nothing to sync until it is connected again."""
    api.call("DELETE", "/api/integrations/tenant-1")
    assert api.call("POST", "/api/sync/tenant-1").status_code == 409
    assert api.rows("SELECT count(*) FROM sync_queue") == [(0,)]


@pytest.mark.usefixtures("kim")
def test_unlock_frees_leases_and_claims_and_fences_their_holders_out(api):
    """Tokens grow and claims change hands, so that the old holder can write nothing more."""
    ((mailbox_id,),) = api.rows("SELECT id FROM mailboxes")
    api.call("POST", "/api/sync/tenant-1")
    api.database.execute(
        "UPDATE sync_queue SET claimed_by = 'w', claimed_until = now() + interval '1 hour'"
    )
    api.database.execute(
        "INSERT INTO leases VALUES (%s, 'push', 'w', 4, now() + interval '1 hour'),"
        " (%s, 'listing', 'w', 9, now() - interval '1 hour')",
        (mailbox_id, mailbox_id),
    )
    freed = api.call("POST", "/api/sync/tenant-1/unlock").json()
    assert freed == {"tenantId": "tenant-1", "leases": 1, "claims": 1}
    assert api.rows("SELECT token, holder, until <= now() FROM leases WHERE origin = 'push'") == [
        (5, "", True)
    ]
    assert api.rows("SELECT claimed_by = 'w', claimed_until <= now() FROM sync_queue") == [
        (False, True)
    ]


@pytest.mark.usefixtures("kim")
def test_status_shows_what_a_person_has_to_do(api):
    """Mailbox state with its remedy, watch, checkpoint as a string, ledger, queue, jobs."""
    job = api.call("POST", "/api/sync/tenant-1").json()
    api.database.execute(
        "UPDATE mailboxes SET state = 'needs_reauth', checkpoint = 12345678901234567890123"
    )
    api.database.execute(
        "INSERT INTO message_ledger (mailbox_id, gmail_id, thread_id, origin, fate)"
        " SELECT id, 'm' || n, 't', 'push', CASE n WHEN 1 THEN 'dead' ELSE 'stored' END"
        " FROM mailboxes, generate_series(1, 3) n"
    )
    status = api.call("GET", "/api/sync/tenant-1/status").json()
    (integration,) = status["tenant"]["integrations"]
    (mailbox,) = integration["mailboxes"]
    assert mailbox["state"] == "needs_reauth"
    assert "consent" in mailbox["action"]
    assert mailbox["checkpoint"] == "12345678901234567890123"
    assert mailbox["watch"] == "active"
    assert mailbox["initialSyncDone"] is False
    assert status["ledger"] == {"pending": 0, "stored": 2, "excluded": 0, "gone": 0, "dead": 1}
    assert [(entry["kind"], entry["jobId"]) for entry in status["queue"]] == [
        ("incremental", job["jobId"])
    ]
    assert status["jobs"][0]["id"] == job["jobId"]


@pytest.mark.usefixtures("kim")
@pytest.mark.parametrize(
    ("left", "state"),
    [
        (timedelta(days=6), "active"),
        (timedelta(hours=20), "lapsing"),
        (timedelta(minutes=-1), "lapsed"),
        (None, "missing"),
    ],
)
def test_a_watch_that_is_not_renewed_is_visible_before_it_lapses(api, left, state):
    """The state of the watch follows its end: edge case 24."""
    api.database.execute("UPDATE mailboxes SET watch_expires_at = now() + %s", [left])
    body = api.call("GET", "/api/integrations/tenant-1").json()
    assert body["integrations"][0]["mailboxes"][0]["watch"] == state


def test_integrations_never_show_a_credential(api, kim):
    """Neither token nor anything sealed is in what is shown."""
    shown = api.call("GET", "/api/integrations/tenant-1").text
    assert kim["refreshToken"] not in shown
    assert "sealed" not in shown.lower()


DEAD = (
    "UPDATE mailboxes SET state = 'needs_reauth', cause = 'grant_dead' WHERE address = %s"
    " RETURNING 1"
)
YEAR = {"startDate": "2024-01-01T00:00:00Z", "endDate": "2024-02-01T00:00:00Z"}
TRIGGERS = (
    ("", None),
    ("/initial", None),
    ("/force", None),
    ("/historical", YEAR),
    ("/historical?dryRun=true", YEAR),
    ("/dead-letters/retry", None),
)


def test_no_sync_is_accepted_that_no_mailbox_can_do(api, google):
    """409 with what a person has to do, of each trigger, dry or not (edge case 105)."""
    api.connect("tenant-1", google.mailbox("kim@crm.test"))
    api.rows("DELETE FROM sync_queue RETURNING 1")
    api.rows(DEAD, "kim@crm.test")
    # Connecting has tried to read, once.
    tried = google.calls("gmail.users.messages.list")
    for path, body in TRIGGERS:
        answer = api.call("POST", f"/api/sync/tenant-1{path}", body)
        assert answer.status_code == 409, (path, answer.text)
        assert "needs_reauth: Connect this mailbox again" in answer.json()["detail"]
    assert api.rows("SELECT count(*) FROM sync_queue") == [(0,)]
    assert google.calls("gmail.users.messages.list") == tried


def test_a_sync_names_the_mailboxes_that_it_does_not_reach(api, google):
    """One of two is dead: the sync is accepted, and says so (edge case 105)."""
    for address in ("kim@crm.test", "lee@crm.test"):
        api.connect("tenant-1", google.mailbox(address))
    api.rows(DEAD, "kim@crm.test")
    for path, body in TRIGGERS[:4]:
        answer = api.call("POST", f"/api/sync/tenant-1{path}", body)
        assert answer.status_code == 202, answer.text
        (dead,) = answer.json()["unreachable"]
        assert (dead["mailbox"], dead["state"]) == ("kim@crm.test", "needs_reauth")
        assert "consent" in dead["action"]


def test_a_price_that_google_refuses_is_no_price_of_nothing(api, google):
    """The grant is dead, and nobody has noticed yet: 409 with the remedy (edge case 105)."""
    api.connect("tenant-1", google.mailbox("kim@crm.test"))
    google.admin("POST", "mailboxes/kim@crm.test/grants/revoke")
    answer = api.call("POST", "/api/sync/tenant-1/historical?dryRun=true", YEAR)
    assert answer.status_code == 409, answer.text
    assert "consent" in answer.json()["detail"]


@pytest.mark.usefixtures("kim")
def test_status_says_since_when_why_and_what_to_do(api):
    """Google that does not answer is no longer a line in a job that waits (edge case 85)."""
    api.call("POST", "/api/sync/tenant-1")
    api.database.execute(
        "UPDATE mailboxes SET last_error = 'Google is failing (503)', cause = 'no_answer',"
        " failing_since = timestamptz '2026-05-01 12:10+00',"
        " retry_at = timestamptz '2026-05-01 12:20+00'"
    )
    api.database.execute("UPDATE sync_jobs SET error = 'Google is failing (503)'")
    status = api.call("GET", "/api/sync/tenant-1/status").json()
    (mailbox,) = status["tenant"]["integrations"][0]["mailboxes"]
    assert (mailbox["state"], mailbox["cause"]) == ("active", "no_answer")
    assert mailbox["failingSince"] == "2026-05-01T12:10:00Z"
    assert mailbox["retryAt"] == "2026-05-01T12:20:00Z"
    assert "Google does not answer" in mailbox["action"]
    assert status["queue"][0]["error"] == "Google is failing (503)"
