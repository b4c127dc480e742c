from datetime import timedelta

import pytest

from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.errors import LeaseLostError, MailboxDisconnectedError


@pytest.fixture
def kim(google):
    """Tokens of a mailbox with some mail."""
    return google.mailbox("kim@crm.test", messages=2)


def disconnect(api, tenant, query=""):
    """Disconnect a tenant over HTTP."""
    return api.call("DELETE", f"/api/integrations/{tenant}{query}")


def revoked(api, google, kim):
    """Whether Google refuses the refresh token."""
    answer = api.session.post(
        f"{google.url}/token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": kim["refreshToken"],
            "client_id": kim["clientId"],
            "client_secret": kim["clientSecret"],
        },
        timeout=9,
    )
    return answer.status_code == 400


def test_disconnect_ends_everything_and_tells_google(api, google, kim):
    """States, queue, jobs, lease, watch, grant, credential end: edge case 25, edge case 72."""
    job = api.connect("tenant-1", kim).json()["jobId"]
    ((mailbox_id,),) = api.rows("SELECT id FROM mailboxes")
    api.rows(
        "INSERT INTO leases VALUES (%s, 'push', 'worker', 4, now() + interval '1 minute')"
        " RETURNING 1",
        mailbox_id,
    )
    answer = disconnect(api, "tenant-1")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "tenantId": "tenant-1",
        "state": "disconnected",
        "mailboxes": 1,
        "jobsCancelled": 1,
        "watches": {"stopped": 1},
        "grants": {"revoked": 1},
        "deleted": None,
        "complete": True,
    }
    assert api.rows("SELECT state FROM tenants") == [("disconnected",)]
    assert api.rows("SELECT state, watch_expires_at FROM mailboxes") == [("disconnected", None)]
    assert api.rows("SELECT state, sealed_credential FROM integrations") == [("disconnected", None)]
    assert api.rows("SELECT count(*) FROM sync_queue") == [(0,)]
    assert api.rows("SELECT token, until <= now() FROM leases") == [(5, True)]
    assert api.call("GET", f"/api/sync/tenant-1/jobs/{job}").json()["state"] == "cancelled"
    assert google.calls("gmail.users.stop") == 1
    assert revoked(api, google, kim)


def test_nothing_is_written_after_a_disconnect(api, engine, run, kim):
    """A sync that was under way loses its right to write at once: edge case 72."""
    api.connect("tenant-1", kim)
    store = PostgresMailStore(engine)
    (mailbox,) = run(store.mailboxes("tenant-1", None))
    minute = timedelta(minutes=1)
    lease = run(store.acquire_lease(mailbox.id, "push", "worker", minute, force=False))
    change = MessageChange("m1", "t1", 9, deleted=False, label_ids=("INBOX",))
    disconnect(api, "tenant-1")
    with pytest.raises((LeaseLostError, MailboxDisconnectedError)):
        run(store.apply_history(lease, [change], 2**70))
    assert api.rows("SELECT count(*) FROM message_ledger") == [(0,)]
    assert run(store.mailboxes("tenant-1", None)) == []


def test_disconnect_may_be_repeated(api, kim):
    """A second disconnect finds nothing left to do and says so."""
    api.connect("tenant-1", kim)
    disconnect(api, "tenant-1")
    again = disconnect(api, "tenant-1").json()
    assert (again["mailboxes"], again["grants"], again["complete"]) == (0, {}, True)
    assert disconnect(api, "unknown").status_code == 404


def test_disconnect_with_a_dead_grant_is_complete(api, google, kim):
    """An expired or revoked token is no obstacle: edge case 25."""
    api.connect("tenant-1", kim)
    google.admin("POST", "mailboxes/kim@crm.test/grants/revoke")
    done = disconnect(api, "tenant-1").json()
    assert done["complete"]
    assert done["watches"] == {"lapsed": 1}
    assert api.rows("SELECT sealed_credential FROM integrations") == [(None,)]


def test_disconnect_is_retryable_when_google_is_silent(api, google, kim):
    """Our side ends at once; what Google did not answer is done by asking again: edge case 25."""
    api.connect("tenant-1", kim)
    google.fault("oauth2.revoke", action="status", status=503, times=1)
    first = disconnect(api, "tenant-1", "?deleteData=true").json()
    assert not first["complete"]
    assert first["grants"] == {"retry": 1}
    assert api.rows("SELECT state FROM mailboxes") == [("disconnected",)]
    second = disconnect(api, "tenant-1", "?deleteData=true").json()
    assert second["complete"]
    assert second["deleted"]["mailboxes"] == 1
    assert api.rows("SELECT count(*) FROM integrations") == [(0,)]


def test_disconnect_leaves_a_grant_that_another_tenant_lives_on(api, google, kim):
    """Two tenants share an address: only the last one stops and revokes: edge case 73."""
    api.connect("tenant-1", kim)
    api.connect("tenant-2", kim)
    first = disconnect(api, "tenant-1").json()
    assert (first["watches"], first["grants"]) == ({"shared": 1}, {"shared": 1})
    assert not revoked(api, google, kim)
    second = disconnect(api, "tenant-2").json()
    assert (second["watches"], second["grants"]) == ({"stopped": 1}, {"revoked": 1})
    assert revoked(api, google, kim)


def test_reconnect_after_a_disconnect_goes_on_where_it_stopped(api, google, kim):
    """The checkpoint outlives a disconnect that keeps the data."""
    api.connect("tenant-1", kim)
    api.rows("UPDATE mailboxes SET checkpoint = 7 RETURNING 1")
    disconnect(api, "tenant-1")
    tokens = google.admin("POST", "mailboxes/kim@crm.test/tokens", {})
    body = api.connect("tenant-1", tokens).json()
    assert body["mailboxes"][0]["reconnected"]
    assert api.rows("SELECT checkpoint, state FROM mailboxes") == [(7, "active")]
    assert api.rows("SELECT state, disconnected_at FROM tenants") == [("connected", None)]
