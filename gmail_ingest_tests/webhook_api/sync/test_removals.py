"""Accepting that withheld mail is removed (case 09, edge cases 97 and 99)."""

import pytest

PATH = "/api/sync/tenant-1/accept-removals"


@pytest.fixture
def withheld(api, google):
    """Two mailboxes: of one, two removals wait; of the other, three."""
    for name in ("kim", "lee"):
        api.connect("tenant-1", google.mailbox(f"{name}@crm.test"))
    api.rows("DELETE FROM sync_queue RETURNING 1")
    api.database.execute(
        "INSERT INTO withheld_removals (mailbox_id, gmail_id, confirmed)"
        " SELECT m.id, 'm' || n, true FROM mailboxes m, generate_series(1, 3) n"
        " WHERE n < 3 OR m.address = 'lee@crm.test'"
    )


def boxes(api, path="/api/integrations/tenant-1"):
    """Mailboxes by address, as the API shows them."""
    body = api.call("GET", path).json()
    tenant = body.get("tenant", body)
    return {
        box["address"]: box
        for integration in tenant["integrations"]
        for box in integration["mailboxes"]
    }


@pytest.mark.usefixtures("withheld")
@pytest.mark.parametrize(("body", "count"), [(None, 5), ({}, 5), ({"mailbox": "KIM@crm.test"}, 2)])
def test_removals_are_accepted_by_tenant_or_mailbox(api, body, count):
    """Integrations and status show the question; afterwards a sync is queued that removes."""
    for path in ("/api/integrations/tenant-1", "/api/sync/tenant-1/status"):
        before = boxes(api, path)
        assert before["lee@crm.test"]["removalsWithheld"] == 3
        assert "accept-removals" in before["lee@crm.test"]["action"]
    answer = api.call("POST", PATH, body)
    assert answer.status_code == 202
    assert answer.json()["count"] == count
    ((kind, job),) = api.rows("SELECT kind, job_id::text FROM sync_queue")
    assert (kind, job) == ("incremental", answer.json()["jobId"])
    after = boxes(api)
    assert (after["kim@crm.test"]["removalsWithheld"], after["kim@crm.test"]["action"]) == (0, None)
    assert after["lee@crm.test"]["removalsWithheld"] == 5 - count
    assert api.call("POST", PATH, {"mailbox": "kim@crm.test"}).json() == {
        "count": 0,
        "jobId": None,
    }


@pytest.mark.usefixtures("withheld")
def test_removals_of_nobody_and_of_the_disconnected(api):
    """404 for an unknown tenant or mailbox, 422 for a body of another kind, 409 after the end."""
    assert api.call("POST", "/api/sync/nobody/accept-removals").status_code == 404
    assert api.call("POST", PATH, {"mailbox": "x@crm.test"}).status_code == 404
    assert api.call("POST", PATH, {"mailboxes": ["x"]}).status_code == 422
    assert boxes(api)["kim@crm.test"]["removalsWithheld"] == 2
    api.call("DELETE", "/api/integrations/tenant-1?deleteData=true")
    assert api.rows("SELECT count(*) FROM withheld_removals") == [(0,)]
    assert api.call("POST", PATH).status_code == 409


@pytest.mark.usefixtures("withheld")
def test_a_mailbox_that_cannot_be_synced_is_answered_with_what_to_do(api):
    """Nobody would do what was agreed on: 409 names state and remedy, of the one that is asked for
    or of all; the dead letters answer alike (edge cases 97 and 105).
    """
    dead = "UPDATE mailboxes SET state = 'needs_reauth', cause = 'grant_dead' WHERE address = %s"
    api.database.execute(dead, ("kim@crm.test",))
    for path in (PATH, "/api/sync/tenant-1/dead-letters/retry"):
        refused = api.call("POST", path, {"mailbox": "Kim@crm.test"})
        assert refused.status_code == 409, refused.text
        assert "needs_reauth" in refused.json()["detail"]
        assert "consent anew" in refused.json()["detail"]
    assert boxes(api)["kim@crm.test"]["removalsWithheld"] == 2
    assert api.call("POST", PATH, {"mailbox": "lee@crm.test"}).json()["count"] == 3
    api.database.execute(dead, ("lee@crm.test",))
    assert api.call("POST", PATH).status_code == 409


@pytest.mark.usefixtures("withheld")
def test_removals_are_accepted_by_a_former_address(api):
    """A renamed mailbox is known by both names, as wherever mail is read (edge cases 92 and 97)."""
    api.database.execute(
        "UPDATE mailboxes SET address = 'kim.lee@crm.test', former_addresses = ARRAY[address]"
        " WHERE address = 'kim@crm.test'"
    )
    assert api.call("POST", PATH, {"mailbox": "kim@crm.test"}).json()["count"] == 2
