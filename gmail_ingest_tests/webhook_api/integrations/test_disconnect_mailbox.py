"""One mailbox of several goes, and the others stay: case 21, edge case 101."""

from datetime import timedelta

import pytest

from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.errors import LeaseLostError, MailboxDisconnectedError
from gmail_ingest_tests.webhook_api.emails.test_emails import letter, store
from gmail_ingest_tests.webhook_api.integrations.test_disconnect import revoked

ANN, BOB = "ann@crm.test", "bob@crm.test"
PATH = "/api/integrations/tenant-1/mailboxes"


@pytest.fixture
def body(google):
    """The request that connects Ann and Bob by a service account."""
    for address in (ANN, BOB):
        google.mailbox(address)
    account = google.admin(
        "POST",
        "service-accounts",
        {"email": "sync@p.iam.gserviceaccount.com", "domains": ["crm.test"]},
    )
    keys = {
        "serviceAccountKey": account.get("keyFile", account),
        "impersonatedUserEmails": [ANN, BOB],
    }
    return {"tenantId": "tenant-1", "authType": "service_account", "keys": keys}


@pytest.fixture
def domain(api, body):
    """Ann and Bob, connected, each with a mail."""
    answer = api.call("POST", "/api/integrations", body)
    assert answer.status_code == 201, answer.text
    return api


def ids(api):
    """Mailbox ids by address."""
    return dict(api.rows("SELECT address, id FROM mailboxes"))


def rows_of(api, mailbox_id):
    """Tables that still hold something of a mailbox."""
    tables = api.rows(
        "SELECT table_name FROM information_schema.columns"
        " WHERE column_name = 'mailbox_id' AND table_schema = 'public'"
    )
    return [
        table
        for (table,) in tables
        if api.rows(f"SELECT 1 FROM {table} WHERE mailbox_id = %s LIMIT 1", mailbox_id)  # noqa: S608 - the schema's own names
    ]


def test_one_mailbox_ends_and_its_colleague_goes_on(domain, google, engine, run):
    """Its state, lease, watch and queue end; the credential and the other stay: edge case 101."""
    boxes = ids(domain)
    lease = run(
        PostgresMailStore(engine).acquire_lease(
            boxes[ANN], "push", "worker", timedelta(minutes=1), force=False
        )
    )
    answer = domain.call("DELETE", f"{PATH}/Ann@crm.test")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "tenantId": "tenant-1",
        "mailbox": ANN,
        "state": "disconnected",
        "tenantState": "connected",
        "stillConnected": [BOB],
        "jobsCancelled": 0,
        "watches": {"stopped": 1},
        "grants": {"kept": 1},
        "deleted": None,
        "complete": True,
    }
    assert google.calls("gmail.users.stop") == 1
    assert domain.rows("SELECT address, state, watch_expires_at IS NULL FROM mailboxes"
                       " ORDER BY address") == [
        (ANN, "disconnected", True), (BOB, "active", False),
    ]  # fmt: skip
    assert domain.rows("SELECT state, sealed_credential IS NULL FROM integrations") == [
        ("active", False)
    ]
    assert domain.rows("SELECT mailbox_ids FROM sync_queue") == [([boxes[BOB]],)]
    change = MessageChange("m1", "t1", 9, deleted=False, label_ids=("INBOX",))
    with pytest.raises((LeaseLostError, MailboxDisconnectedError)):
        run(PostgresMailStore(engine).apply_history(lease, [change], 2**70))
    again = domain.call("DELETE", f"{PATH}/{ANN}").json()
    assert (again["complete"], again["watches"], again["stillConnected"]) == (True, {}, [BOB])


def test_a_push_for_the_mailbox_that_went_is_dropped(domain, google):
    """It is acknowledged and queues nothing; the colleague's does: edge case 101."""
    domain.call("DELETE", f"{PATH}/{ANN}")
    domain.rows("DELETE FROM sync_queue RETURNING 1")
    for address, queued in ((ANN, 0), (BOB, 1)):
        answer = domain.push(address, 2**60, token=google.push_token())
        assert answer.status_code == 204
        assert domain.rows("SELECT count(*) FROM sync_queue") == [(queued,)]


def test_deletion_takes_all_of_the_mailbox_and_nothing_of_another(domain, engine, run):
    """Mail, ledger and the rules that are limited to it go, in every table: edge case 101."""
    boxes = ids(domain)
    for address in (ANN, BOB):
        run(store(engine, address, [letter(0), letter(1)]))
        rule = {"domains": ["shop.example"], "mailbox": address}
        name = address.partition("@")[0]
        domain.call("PUT", f"/api/tenants/tenant-1/exclusion-rules/{name}", rule)
    kept = rows_of(domain, boxes[BOB])
    assert {"emails", "message_ledger", "threads", "participants"} <= set(kept)
    done = domain.call("DELETE", f"{PATH}/{ANN}?deleteData=true").json()
    assert done["complete"]
    assert (done["deleted"]["emails"], done["deleted"]["mailboxes"]) == (2, 1)
    assert rows_of(domain, boxes[ANN]) == []
    assert rows_of(domain, boxes[BOB]) == kept
    assert domain.rows("SELECT name FROM exclusion_rules") == [("bob",)]
    assert domain.rows("SELECT address FROM mailboxes") == [(BOB,)]
    assert domain.call("DELETE", f"{PATH}/{ANN}?deleteData=true").status_code == 404
    shown = domain.call("GET", "/api/emails?tenantId=tenant-1&unique=true").json()["emails"]
    assert {email["mailbox"] for email in shown} == {BOB}


def test_the_last_mailbox_takes_the_tenant_with_it(domain):
    """Then there is nothing left to sync, and the credential is forgotten: edge case 101."""
    domain.call("DELETE", f"{PATH}/{ANN}")
    done = domain.call("DELETE", f"{PATH}/{BOB}").json()
    assert (done["tenantState"], done["stillConnected"]) == ("disconnected", [])
    assert (done["grants"], done["jobsCancelled"]) == ({"none": 1}, 1)
    assert domain.rows("SELECT state FROM tenants") == [("disconnected",)]
    assert domain.rows("SELECT sealed_credential FROM integrations") == [(None,)]
    assert domain.rows("SELECT count(*) FROM sync_queue") == [(0,)]
    assert domain.call("POST", "/api/sync/tenant-1").status_code == 409


def test_an_owners_grant_is_revoked_with_its_mailbox(api, google):
    """Of two consents only the one whose mailbox went is given back: edge case 101."""
    kim, lee = google.mailbox("kim@crm.test"), google.mailbox("lee@crm.test")
    api.connect("tenant-1", kim)
    api.connect("tenant-1", lee)
    done = api.call("DELETE", f"{PATH}/kim@crm.test").json()
    assert (done["grants"], done["stillConnected"]) == ({"revoked": 1}, ["lee@crm.test"])
    assert revoked(api, google, kim)
    assert not revoked(api, google, lee)
    states = api.rows("SELECT subject, state FROM integrations ORDER BY subject")
    assert states == [("kim@crm.test", "disconnected"), ("lee@crm.test", "active")]


def test_it_is_repeated_until_google_has_answered(domain, google):
    """Our side ends at once; the row stays until the watch is given back: edge case 101."""
    google.fault("gmail.users.stop", action="status", status=503, times=9)
    first = domain.call("DELETE", f"{PATH}/{ANN}?deleteData=true").json()
    assert (first["complete"], first["watches"]) == (False, {"retry": 1})
    assert sorted(ids(domain)) == [ANN, BOB]
    google.admin("DELETE", "faults")
    second = domain.call("DELETE", f"{PATH}/{ANN}?deleteData=true").json()
    assert (second["complete"], second["watches"]) == (True, {"stopped": 1})
    assert sorted(ids(domain)) == [BOB]


def test_what_the_credential_says_is_what_the_rest_says(domain):
    """A dead colleague does not stay hidden behind a mailbox that went: edge case 101."""
    domain.rows("UPDATE mailboxes SET state = 'needs_reauth' WHERE address = %s RETURNING 1", BOB)
    domain.call("DELETE", f"{PATH}/{ANN}")
    assert domain.rows("SELECT state FROM integrations") == [("needs_reauth",)]


def test_connecting_a_part_again_names_the_rest(domain, body):
    """What the request did not name stays connected, and the answer says so: edge case 101."""
    body["keys"]["impersonatedUserEmails"] = [BOB]
    again = domain.call("POST", "/api/integrations", body).json()
    assert again["untouched"] == [ANN]
    domain.call("DELETE", f"{PATH}/{ANN}")
    again = domain.call("POST", "/api/integrations", body).json()
    assert again["untouched"] == []
    assert domain.rows("SELECT state FROM mailboxes WHERE address = %s", ANN) == [("disconnected",)]


def test_unknown_mailboxes_and_tenants_are_404(domain):
    """Nothing is ended by a name that nobody has, or by none."""
    assert domain.call("DELETE", f"{PATH}/nobody@crm.test").status_code == 404
    assert domain.call("DELETE", "/api/integrations/x/mailboxes/ann@crm.test").status_code == 404
    # Clients make the last two shorter: they must not end as the tenant.
    for path in (PATH, f"{PATH}/", f"{PATH}/.", f"{PATH}/..", f"{PATH}/..?deleteData=true"):
        assert domain.call("DELETE", path).status_code in {404, 422}
    states = domain.rows("SELECT state FROM mailboxes")
    assert states == [("active",), ("active",)]
