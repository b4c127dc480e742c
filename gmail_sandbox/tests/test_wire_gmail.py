from __future__ import annotations

import base64

import pytest

from gmail_sandbox.tests.conftest import METADATA, READONLY, make_owner


def pages(owner, path, key, **query):
    """Follow a listing to its end, and return its pages."""
    found, token = [], {}
    while True:
        answer = owner.get(path, **query, **token).json()
        found.append(answer.get(key, []))
        if "nextPageToken" not in answer:
            return found
        token = {"pageToken": answer["nextPageToken"]}


def ids(items):
    """Return the ids of listed things."""
    return [item["id"] for item in items]


def test_token_is_required(owner):
    """A call without credentials is 401 required, one with wrong ones 401 authError."""
    missing = owner.http.call("GET", "/gmail/v1/users/me/profile")
    wrong = owner.get("profile", token="ya29.nothing")
    assert (missing.status, missing.reason) == (401, "required")
    assert (wrong.status, wrong.reason) == (401, "authError")
    assert wrong.json()["error"]["errors"][0]["location"] == "Authorization"


def test_access_token_ends_by_the_clock(owner):
    """An access token is refused an hour later on the sandbox's clock."""
    assert owner.get("profile").status == 200
    owner.http.admin("POST", "clock", {"advance": 3_601})
    assert owner.get("profile").status == 401


def test_user_id_is_me_or_the_own_address(owner):
    """Another mailbox's address is refused; the own one is taken however it is written."""
    make_owner(owner.http, "lee@crm.test")
    token = f"Bearer {owner.tokens['accessToken']}"
    own = owner.http.call("GET", "/gmail/v1/users/KIM%40crm.test/profile", authorization=token)
    other = owner.http.call("GET", "/gmail/v1/users/lee@crm.test/profile", authorization=token)
    assert own.json()["emailAddress"] == "kim@crm.test"
    assert other.status == 403
    assert other.json()["error"]["message"] == "Delegation denied for lee@crm.test"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("history", {"startHistoryId": "1", "historyTypes": "labelsAdded"}),
        ("history", {"startHistoryId": "1", "nothing": "1"}),
        ("history", {"startHistoryId": "-1"}),
        ("history", {"startHistoryId": "18446744073709551616"}),
        ("history", {"startHistoryId": "abc"}),
        ("history", {}),
        ("messages", {"maxResults": "many"}),
        ("messages", {"maxResults": "-1"}),
        ("messages", {"includeSpamTrash": "yes"}),
        ("messages", {"labelIds": "Label_404"}),
        ("messages", {"pageToken": "nonsense"}),
        ("messages/0123456789abcdef", {"format": "whole"}),
        ("messages/not-hex", {}),
        ("messages/0123456789abcdef", {"userId": "me"}),
    ],
)
def test_parameters_must_fit_the_discovery_document(owner, path, query):
    """A parameter that the API does not have, or a value it does not take, is 400 (edge case 9)."""
    reply = owner.get(path, **query)
    assert reply.status == 400
    assert reply.json()["error"]["status"] == "INVALID_ARGUMENT"


def test_missing_start_is_named(owner):
    """history.list without a start says so in Google's words."""
    message = owner.get("history").json()["error"]["message"]
    assert message == "Missing/invalid parameter: startHistoryId"


def test_unknown_things_are_not_found(owner):
    """Unknown messages, threads and labels are 404 with one body."""
    replies = [
        owner.get(path)
        for path in ("messages/0123456789abcdef", "threads/0123456789abcdef", "labels/Label_404")
    ]
    assert {reply.status for reply in replies} == {404}
    assert len({reply.body for reply in replies}) == 1
    assert replies[0].reason == "notFound"


def test_method_that_is_not_simulated_is_501(owner):
    """A method of the discovery document that the sandbox lacks is 501, not an invented answer."""
    assert owner.get("drafts").status == 501


def test_listing_pages_are_whole_and_newest_first(owner):
    """Pages of a listing hold every message once, newest first."""
    made = [owner.deliver(internalDate=str(1_700_000_000_000 + n * 1_000)) for n in range(7)]
    found = pages(owner, "messages", "messages", maxResults=3)
    assert [len(page) for page in found] == [3, 3, 1]
    assert [item["id"] for page in found for item in page] == made[::-1]


def test_listing_skips_nothing_when_mail_is_deleted_between_pages(owner):
    """The last shown message may be deleted before the next page, which goes on after it."""
    made = [owner.deliver(internalDate=str(1_700_000_000_000 + n * 1_000)) for n in range(6)][::-1]
    first = owner.get("messages", maxResults=2).json()
    owner.admin("delete", {"ids": made[:2]})
    rest = owner.get("messages", maxResults=9, pageToken=first["nextPageToken"]).json()
    assert ids(rest["messages"]) == made[2:]


def test_listing_shows_nothing_twice_when_mail_arrives_between_pages(owner):
    """New mail does not shift the pages that follow (edge case 7)."""
    made = [owner.deliver(internalDate=str(1_700_000_000_000 + n * 1_000)) for n in range(4)][::-1]
    first = owner.get("messages", maxResults=2).json()
    owner.deliver()
    rest = owner.get("messages", maxResults=9, pageToken=first["nextPageToken"]).json()
    assert ids(rest["messages"]) == made[2:]


def test_page_token_belongs_to_its_query(owner):
    """A page token of another query is 400 Invalid pageToken (edge case 40)."""
    for _ in range(3):
        owner.deliver()
    token = owner.get("messages", maxResults=1).json()["nextPageToken"]
    reply = owner.get("messages", maxResults=1, q="in:inbox", pageToken=token)
    assert (reply.status, reply.json()["error"]["message"]) == (400, "Invalid pageToken")


def test_empty_listing_has_no_messages_key(owner):
    """A listing without hits has no messages key."""
    assert owner.get("messages").json() == {"resultSizeEstimate": 0}


def test_page_size_is_capped_at_500(owner, sandbox):
    """MaxResults above 500 means 500; history pages are capped likewise (edge case 6)."""
    start = owner.get("profile").json()["historyId"]

    def fill(state):
        mailbox = state.accounts[owner.address].mailbox
        for _ in range(505):
            mailbox.deliver(b"From: a@b.test\r\n\r\nx\r\n")

    sandbox.call(fill)
    listed = pages(owner, "messages", "messages", maxResults=1_000)
    records = pages(owner, "history", "history", startHistoryId=start, maxResults=1_000)
    assert [len(page) for page in listed] == [500, 5]
    assert [len(page) for page in records] == [500, 5]


def test_history_is_exclusive_and_ends_with_the_current_id(owner):
    """Records are those after the start; the answer names the mailbox's own history id."""
    owner.deliver()
    start = owner.get("profile").json()["historyId"]
    made = owner.deliver()
    answer = owner.get("history", startHistoryId=start).json()
    added = [record["messagesAdded"][0]["message"]["id"] for record in answer["history"]]
    assert added == [made]
    assert answer["historyId"] == owner.get("profile").json()["historyId"]


def test_history_without_records_has_no_history_key(owner):
    """An answer without records still names the history id (edge case 4)."""
    start = owner.get("profile").json()["historyId"]
    assert owner.get("history", startHistoryId=start).json() == {"historyId": start}


def test_expired_history_is_not_found(owner):
    """A start older than what is kept is 404 notFound (edge case 3)."""
    start = owner.get("profile").json()["historyId"]
    owner.deliver()
    owner.admin("history/expire")
    reply = owner.get("history", startHistoryId=start)
    assert (reply.status, reply.reason) == (404, "notFound")


def test_thread_holds_its_messages_oldest_first(owner):
    """threads.get holds its messages oldest first, and has no snippet of its own."""
    first = owner.deliver(internalDate="1700000000000")
    thread = owner.get(f"messages/{first}", format="minimal").json()["threadId"]
    second = owner.deliver(internalDate="1700000009000", threadId=thread)
    answer = owner.get(f"threads/{thread}", format="minimal").json()
    assert ids(answer["messages"]) == [first, second]
    assert "snippet" not in answer
    listed = owner.get("threads").json()["threads"]
    assert [(line["id"], line["snippet"]) for line in listed] == [(thread, "Hello")]


def test_attachment_is_fetched_by_its_id(owner):
    """An attachment comes by the id in the message, decoded, in unpadded base64url."""
    content = bytes(range(256)) * 3
    raw = (
        b"From: a@b.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; filename=offer.pdf\r\n\r\n"
        + base64.encodebytes(content)
        + b"--b--\r\n"
    )
    path = f"mailboxes/{owner.address}/deliver"
    done = owner.http.admin("POST", path, raw, content_type="message/rfc822")
    message = done["messages"][0]["id"]
    part = owner.get(f"messages/{message}").json()["payload"]["parts"][0]
    answer = owner.get(f"messages/{message}/attachments/{part['body']['attachmentId']}").json()
    assert "=" not in answer["data"]
    assert base64.urlsafe_b64decode(answer["data"] + "==") == content
    assert answer["size"] == len(content)
    assert owner.get(f"messages/{message}/attachments/nothing").status == 400


@pytest.mark.parametrize("beside", [(), (READONLY,)])
@pytest.mark.parametrize("message_format", ["full", "raw"])
def test_metadata_scope_shows_no_content(owner, message_format, beside):
    """A token of gmail.metadata gets headers, but neither content nor searches, also with
    gmail.readonly beside it; one of the same grant that carries less gets all (case 19).
    """
    message = owner.deliver()
    granted = owner.http.admin(
        "POST", f"mailboxes/{owner.address}/tokens", {"scopes": [METADATA, *beside]}
    )
    token, path = granted["accessToken"], f"messages/{message}"
    refused = owner.get(path, token=token, format=message_format)
    assert (refused.status, refused.reason) == (403, "forbidden")
    wanted = f"Metadata scope doesn't allow format {message_format.upper()}"
    assert refused.json()["error"]["message"] == wanted
    refused = owner.get("messages", token=token, q="in:inbox")
    assert refused.json()["error"]["message"] == "Metadata scope does not support 'q' parameter"
    for allowed in ("messages", "profile", "labels"):
        assert owner.get(allowed, token=token).status == 200
    assert owner.get(path, token=token, format="metadata").status == 200


def test_scope_that_the_method_needs_is_required(owner):
    """A token without a fitting scope is 403 insufficientPermissions."""
    token = owner.http.admin(
        "POST", "mailboxes", {"address": "none@crm.test", "scopes": ["openid"]}
    )["accessToken"]
    reply = owner.get("profile", token=token)
    assert (reply.status, reply.reason) == (403, "insufficientPermissions")
    assert "insufficient_scope" in reply.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("suspend", "Precondition check failed."),
        ("mail-service-off", "Mail service not enabled"),
    ],
)
def test_account_that_has_no_mail_fails_its_precondition(owner, condition, message):
    """Suspended accounts and those without Gmail are 400, until they are active (edge case 32)."""
    owner.admin(condition)
    refused = owner.get("profile")
    owner.admin("activate")
    assert (refused.status, refused.reason) == (400, "failedPrecondition")
    assert refused.json()["error"]["message"] == message
    assert owner.get("profile").status == 200


def test_fields_choose_what_an_answer_holds(owner):
    """A mask keeps what it names, and a wrong one is 400."""
    message = owner.deliver()
    kept = owner.get(f"messages/{message}", fields="id,payload(mimeType,body/size)").json()
    assert kept == {"id": message, "payload": {"mimeType": "text/plain", "body": {"size": 7}}}
    refused = owner.get(f"messages/{message}", fields="id,subject")
    assert refused.status == 400
    assert refused.json()["error"]["message"] == "Invalid field selection subject"


def test_scopes_are_taken_away_and_given_back(owner):
    """A living token loses what its owner takes away, and has it again after another consent."""
    message = owner.deliver()
    path = f"mailboxes/{owner.address}/grants/scopes"
    assert owner.http.admin("POST", path, {"scopes": [METADATA]}) == {"grants": 1}
    assert owner.get("profile").status == 200
    assert owner.get(f"messages/{message}").status == 403
    owner.http.admin("POST", path, {"scopes": []})
    assert owner.get("profile").reason == "insufficientPermissions"
    owner.http.admin("POST", path, {"scopes": [READONLY]})
    assert owner.get(f"messages/{message}").status == 200


def test_refusals_without_a_reason_can_be_put_upon_one_mailbox(owner):
    """A fault rule refuses the messages of one mailbox with a 403 that explains nothing."""
    message = owner.deliver()
    rule = {"method": "gmail.users.messages.get", "mailbox": owner.address, "action": "error"}
    owner.http.admin("POST", "faults", rule | {"error": "forbidden"})
    refused = owner.get(f"messages/{message}")
    assert (refused.status, refused.reason) == (403, "forbidden")
    assert owner.get("messages").status == 200
