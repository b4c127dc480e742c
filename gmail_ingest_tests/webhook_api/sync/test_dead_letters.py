import pytest

PATH = "/api/sync/tenant-1/dead-letters"


@pytest.fixture
def given_up(api, google):
    """Two mailboxes with three and two dead letters, and a stored and a pending mail."""
    for name in ("kim", "lee"):
        api.connect("tenant-1", google.mailbox(f"{name}@crm.test"))
    api.rows("DELETE FROM sync_queue RETURNING 1")
    api.database.execute(
        "INSERT INTO message_ledger (mailbox_id, gmail_id, thread_id, origin, fate, attempts,"
        " error, decided_at, next_attempt_at)"
        " SELECT id, address || n, 't' || n, 'listing',"
        " CASE WHEN n <= 4 - id THEN 'dead' WHEN n = 4 THEN 'stored' ELSE 'pending' END, 8,"
        " 'Google is failing (500)', now(), now() + interval '1 hour'"
        " FROM mailboxes, generate_series(1, 4) n"
    )
    return [
        f"{address}{number}"
        for address, count in (("lee@crm.test", 2), ("kim@crm.test", 3))
        for number in range(count, 0, -1)
    ]


def walk(api, query=""):
    """All pages of two, as one list."""
    found, cursor = [], ""
    while cursor is not None:
        page = api.call("GET", f"{PATH}?limit=2{query}{cursor and f'&cursor={cursor}'}").json()
        assert len(page["deadLetters"]) <= 2
        found += page["deadLetters"]
        cursor = page["nextCursor"]
    return found


def test_dead_letters_are_listed_with_their_errors(api, given_up):
    """Each page goes on where the last one ended, and every one is named once (edge case 2)."""
    found = walk(api)
    assert [dead_letter["gmailId"] for dead_letter in found] == given_up
    assert set(found[0]) == {
        *("gmailId", "mailbox", "threadId", "attempts", "error", "firstSeenAt", "since")
    }
    assert (found[0]["mailbox"], found[0]["threadId"]) == ("lee@crm.test", "t2")
    assert (found[0]["attempts"], found[0]["error"]) == (8, "Google is failing (500)")
    only = walk(api, "&mailbox=KIM@crm.test")
    assert {dead_letter["mailbox"] for dead_letter in only} == {"kim@crm.test"}
    assert len(only) == 3


@pytest.mark.usefixtures("given_up")
@pytest.mark.parametrize("cursor", ["x", "!!", "MTp4AA", "eA", "OTk5OTk5OTk5OTk5OTk5OTk5OTk6eA"])
def test_a_cursor_that_nobody_gave_out_is_refused(api, cursor):
    """422, whatever it says."""
    answer = api.call("GET", f"{PATH}?cursor={cursor}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(
    ("body", "retried"),
    [
        (None, {0, 1, 2, 3, 4}),
        ({}, {0, 1, 2, 3, 4}),
        ({"mailbox": "Lee@crm.test"}, {0, 1}),
        ({"messageIds": ["kim@crm.test1", "lee@crm.test2", "nobody"]}, {0, 4}),
        ({"messageIds": ["kim@crm.test1"], "mailbox": "lee@crm.test"}, set()),
        ({"messageIds": ["lee@crm.test4"]}, set()),
    ],
)
def test_dead_letters_are_tried_again(api, given_up, body, retried):
    """They are pending as if new, and one incremental sync of their mailboxes waits; nothing else
    changes (edge case 2).
    """
    answer = api.call("POST", f"{PATH}/retry", body)
    assert answer.status_code == 202
    done = answer.json()
    assert done["count"] == len(retried)
    ids = {given_up[index] for index in retried}
    found = api.rows(
        "SELECT gmail_id FROM message_ledger WHERE fate = 'pending' AND attempts = 0"
        " AND error IS NULL AND decided_at IS NULL AND next_attempt_at <= now()"
    )
    assert {row[0] for row in found} == ids
    assert {part["gmailId"] for part in walk(api)} == set(given_up) - ids
    queued = api.rows("SELECT kind, job_id::text, mailbox_ids FROM sync_queue")
    if not retried:
        assert (done["jobId"], queued) == (None, [])
        return
    ((kind, job, mailboxes),) = queued
    addresses = {dead_letter_id.rpartition("test")[0] + "test" for dead_letter_id in ids}
    known = dict(api.rows("SELECT address, id FROM mailboxes"))
    assert (kind, job, set(mailboxes)) == (
        "incremental",
        done["jobId"],
        {known[address] for address in addresses},
    )
    assert api.call("POST", f"{PATH}/retry", {"messageIds": sorted(ids)}).json()["count"] == 0


@pytest.mark.usefixtures("given_up")
def test_dead_letters_of_nobody_and_of_the_disconnected(api):
    """404 for an unknown tenant; what is disconnected is shown, and not tried again: 409."""
    assert api.call("GET", "/api/sync/nobody/dead-letters").status_code == 404
    assert api.call("POST", "/api/sync/nobody/dead-letters/retry").status_code == 404
    api.call("DELETE", "/api/integrations/tenant-1")
    assert len(walk(api)) == 5
    assert api.call("POST", f"{PATH}/retry").status_code == 409


@pytest.mark.usefixtures("given_up")
@pytest.mark.parametrize("body", [{"messageIds": []}, {"messageIds": "x"}, {"ids": ["x"]}, []])
def test_a_retry_of_nothing_sensible_is_refused(api, body):
    """422 names the field; nothing is tried again."""
    assert api.call("POST", f"{PATH}/retry", body).status_code == 422
    assert len(walk(api)) == 5
