import pytest


@pytest.fixture
def kim(google):
    """Tokens of a mailbox with some mail."""
    return google.mailbox("kim@crm.test", messages=3)


def test_connect_registers_watches_and_queues_the_initial_sync(api, kim):
    """Connecting a mailbox by OAuth answers 201 with its mailbox, its watch and its job."""
    answer = api.connect("tenant-1", kim)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    (mailbox,) = body["mailboxes"]
    assert mailbox["address"] == "kim@crm.test"
    assert mailbox["watch"] == "active"
    assert body["incrementalJobId"] is None
    job = api.call("GET", f"/api/sync/tenant-1/jobs/{body['jobId']}").json()
    assert (job["kind"], job["state"]) == ("initial", "queued")
    ((queued, ids),) = api.rows(
        "SELECT kind, mailbox_ids FROM sync_queue WHERE tenant_id = 'tenant-1'"
    )
    assert (queued, len(ids)) == ("initial", 1)


def test_connect_takes_the_checkpoint_before_any_listing(api, google, kim):
    """The checkpoint is the history id of connecting, before any listing: edge case 7."""
    api.connect("tenant-1", kim)
    truth = google.admin("GET", "mailboxes/kim@crm.test")["historyId"]
    assert api.rows("SELECT checkpoint::text FROM mailboxes") == [(str(truth),)]
    # The one listing is the trial of the grant; what it names goes nowhere.
    assert google.calls("gmail.users.messages.list") == 1
    assert api.rows("SELECT count(*) FROM message_ledger") == [(0,)]


def test_connect_keeps_the_credential_sealed(api, kim):
    """Neither token is readable in the row."""
    api.connect("tenant-1", kim)
    ((sealed,),) = api.rows("SELECT sealed_credential FROM integrations")
    assert kim["refreshToken"].encode() not in sealed
    assert kim["accessToken"].encode() not in sealed


def test_connect_without_an_access_token_refreshes_first(api, kim):
    """The refresh token alone is enough."""
    body = {
        "tenantId": "tenant-1",
        "authType": "oauth",
        "keys": {"refreshToken": kim["refreshToken"]},
    }
    assert api.call("POST", "/api/integrations", body).status_code == 201


def test_reconnect_keeps_mail_and_checkpoint_and_renews_the_credential(api, kim):
    """The same address again raises the generation, is active, and catches up."""
    api.connect("tenant-1", kim)
    api.rows("UPDATE mailboxes SET checkpoint = 7, state = 'needs_reauth' RETURNING 1")
    body = api.connect("tenant-1", kim).json()
    assert body["mailboxes"][0]["reconnected"]
    assert api.rows("SELECT checkpoint, state FROM mailboxes") == [(7, "active")]
    assert api.rows("SELECT generation, state FROM integrations") == [(2, "active")]
    kinds = api.rows("SELECT kind FROM sync_queue ORDER BY kind")
    assert kinds == [("incremental",), ("initial",)]
    assert body["incrementalJobId"]


def test_reconnect_with_another_account_is_another_mailbox(api, google, kim):
    """Another Google account reuses neither checkpoint nor data: edge case 39."""
    api.connect("tenant-1", kim)
    api.rows("UPDATE mailboxes SET checkpoint = 7 RETURNING 1")
    body = api.connect("tenant-1", google.mailbox("lee@crm.test")).json()
    assert not body["mailboxes"][0]["reconnected"]
    rows = api.rows("SELECT address, checkpoint = 7 FROM mailboxes ORDER BY address")
    assert rows == [("kim@crm.test", True), ("lee@crm.test", False)]
    assert api.rows("SELECT count(*) FROM integrations") == [(2,)]


def test_connect_refused_by_google_writes_nothing(api, google, kim):
    """A dead grant is 422 on its field with what to do, and no row is left."""
    google.admin("POST", "mailboxes/kim@crm.test/grants/revoke")
    answer = api.connect("tenant-1", kim)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "keys.refreshToken"
    assert "consent" in error["reason"]
    assert kim["refreshToken"] not in answer.text
    assert api.rows("SELECT count(*) FROM tenants") == [(0,)]


def test_connect_says_ask_again_when_google_is_silent(api, google, kim):
    """A broken connection to Google is 503, and nothing was written."""
    google.fault("gmail.users.getProfile", action="reset")
    answer = api.connect("tenant-1", kim)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert api.rows("SELECT count(*) FROM tenants") == [(0,)]


def test_connect_shows_a_failed_watch_and_connects_all_the_same(api, google, kim):
    """A topic that Gmail may not publish to is a visible state, no failure: edge case 24."""
    google.admin(
        "POST",
        "pubsub/topics",
        {"topic": "projects/sandbox-project/topics/gmail-push", "granted": False},
    )
    answer = api.connect("tenant-1", kim)
    assert answer.status_code == 201
    assert answer.json()["mailboxes"][0]["watch"] == "failed"
    (shown,) = api.call("GET", "/api/integrations/tenant-1").json()["integrations"]
    assert shown["mailboxes"][0]["watch"] == "missing"


def test_connect_takes_a_watch_on_another_topic_over(api, google, kim):
    """Where another topic is watched, stop and watch again: edge case 24."""
    other = "projects/sandbox-project/topics/other"
    google.admin("POST", "pubsub/topics", {"topic": other})
    watched = api.session.post(
        f"{google.url}/gmail/v1/users/me/watch",
        json={"topicName": other},
        headers={"Authorization": f"Bearer {kim['accessToken']}"},
        timeout=9,
    )
    assert watched.status_code == 200, watched.text
    answer = api.connect("tenant-1", kim)
    assert answer.json()["mailboxes"][0]["watch"] == "active", answer.text
    assert google.calls("gmail.users.stop") == 1


def test_connect_by_service_account_connects_several_mailboxes(api, google):
    """A delegated key connects each named mailbox once, and keeps one credential."""
    for address in ("ann@crm.test", "bob@crm.test"):
        google.mailbox(address)
    account = google.admin(
        "POST",
        "service-accounts",
        {"email": "sync@p.iam.gserviceaccount.com", "domains": ["crm.test"]},
    )
    key = account.get("keyFile", account)
    body = {
        "tenantId": "tenant-1",
        "authType": "service_account",
        "keys": {
            "serviceAccountEmail": "sync@p.iam.gserviceaccount.com",
            "serviceAccountKey": key,
            "impersonatedUserEmails": ["Ann@crm.test", "bob@crm.test"],
            "impersonatedUserEmail": "ann@crm.test",
        },
    }
    answer = api.call("POST", "/api/integrations", body)
    assert answer.status_code == 201, answer.text
    assert [mailbox["address"] for mailbox in answer.json()["mailboxes"]] == [
        "ann@crm.test",
        "bob@crm.test",
    ]
    assert api.rows("SELECT count(*) FROM integrations") == [(1,)]

    body["keys"]["impersonatedUserEmails"] = ["nobody@crm.test"]
    body["tenantId"] = "tenant-2"
    refused = api.call("POST", "/api/integrations", body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "keys.impersonatedUserEmails.0"
    assert api.rows("SELECT count(*) FROM tenants") == [(1,)]


DOMAIN = ("ann@crm.test", "bob@crm.test", "sue@crm.test", "tom@crm.test")


@pytest.fixture
def several(google):
    """A request for four mailboxes of a domain, one of which nobody has and one is suspended."""
    for address in ("ann@crm.test", "bob@crm.test", "sue@crm.test"):
        google.mailbox(address)
    google.admin("POST", "mailboxes/sue@crm.test/suspend")
    account = google.admin(
        "POST",
        "service-accounts",
        {"email": "sync@p.iam.gserviceaccount.com", "domains": ["crm.test"]},
    )
    keys = {
        "serviceAccountKey": account.get("keyFile", account),
        "impersonatedUserEmails": list(DOMAIN),
    }
    return {"tenantId": "tenant-1", "authType": "service_account", "keys": keys}


def test_each_mailbox_that_google_refuses_is_named_with_its_reason(api, several, capfd):
    """All of them at once, each with its place and address; nothing is connected, and no log has an
    address (edge case 104).
    """
    answer = api.call("POST", "/api/integrations", several)
    assert answer.status_code == 422, answer.text
    suspended, unknown = answer.json()["errors"]
    assert (suspended["field"], suspended["mailbox"]) == (
        "keys.impersonatedUserEmails.2",
        "sue@crm.test",
    )
    assert "suspended" in suspended["reason"]
    assert (unknown["field"], unknown["mailbox"]) == (
        "keys.impersonatedUserEmails.3",
        "tom@crm.test",
    )
    assert "no such account" in unknown["reason"]
    assert api.rows("SELECT count(*) FROM tenants") == [(0,)]
    assert "crm.test" not in "".join(capfd.readouterr())


def test_mailboxes_that_are_refused_may_be_skipped(api, several):
    """The others are connected, and the answer says who is not, and why (edge case 104)."""
    answer = api.call("POST", "/api/integrations", several | {"onError": "skip"})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert [mailbox["address"] for mailbox in body["mailboxes"]] == ["ann@crm.test", "bob@crm.test"]
    assert [mailbox["address"] for mailbox in body["failed"]] == ["sue@crm.test", "tom@crm.test"]
    assert all(mailbox["reason"] for mailbox in body["failed"])
    assert api.rows("SELECT count(*) FROM mailboxes") == [(2,)]


def test_if_all_are_refused_nothing_is_connected(api, several):
    """Skipping every mailbox would make a tenant of nobody (edge case 104)."""
    several["keys"]["impersonatedUserEmails"] = list(DOMAIN[2:])
    answer = api.call("POST", "/api/integrations", several | {"onError": "skip"})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 2
    assert api.rows("SELECT count(*) FROM tenants") == [(0,)]


def test_a_new_tenant_may_not_be_named_in_somebodys_syntax(api, google, kim):
    """What Dagster's commands or a shell read as their own is 422; who was connected under such an
    id before goes on, and renews its credential (case 14, edge case 103).
    """
    names = (
        "Smith, Jones & Co",
        "a[b]",
        "a*",
        'a"b',
        "it's",
        "a`b",
        "a\\b",
        "-x",
        "a\u200bb",
        "a?",
    )
    for name in names:
        answer = api.connect(name, kim)
        assert answer.status_code == 422, name
        assert answer.json()["errors"][0]["field"] == "tenantId"
    assert api.rows("SELECT count(*) FROM tenants") == [(0,)]
    assert api.connect("Smith & Jones (2).ok:é", kim).status_code == 201
    api.rows("INSERT INTO tenants (id) VALUES ('Smith, Jones') RETURNING 1")
    lee = google.mailbox("lee@crm.test")
    assert api.connect("Smith, Jones", lee).status_code == 201
    assert api.call("GET", "/api/integrations/Smith%2C%20Jones").status_code == 200
    assert api.call("POST", "/api/sync/Smith%2C%20Jones").status_code == 202
    assert api.call("DELETE", "/api/integrations/Smith%2C%20Jones").json()["complete"]
