from __future__ import annotations

import copy
import json
import re

import jsonschema
import pytest
from googleapiclient.http import BatchHttpRequest

from gmail_sandbox.api.discovery import document

_INTEGERS = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
}
_DIGITS = {"uint64": r"^(0|[1-9][0-9]{0,19})$", "int64": r"^-?[0-9]{1,19}$"}
_BASE64URL = r"^[A-Za-z0-9_\-]*={0,2}$"


def strict(rule):
    """Turn a discovery schema into a JSON schema that allows nothing it does not name."""
    if isinstance(rule, list):
        return [strict(item) for item in rule]
    if not isinstance(rule, dict):
        return rule
    turned = {key: strict(value) for key, value in rule.items() if key in _KEPT}
    if "$ref" in rule:
        return {"$ref": f"#/$defs/{rule['$ref']}"}
    if "properties" in rule:
        turned["properties"] = {name: strict(item) for name, item in rule["properties"].items()}
        turned["additionalProperties"] = False
    form = rule.get("format")
    if form in _INTEGERS:
        turned["minimum"], turned["maximum"] = _INTEGERS[form]
    if form in _DIGITS:
        turned["pattern"] = _DIGITS[form]
    if form == "byte":
        turned["pattern"] = _BASE64URL
    return turned


_KEPT = {"type", "items", "enum"}


@pytest.fixture(scope="module")
def fits():
    """Return a function that checks an answer against a schema of the discovery document."""
    definitions = {name: strict(rule) for name, rule in document()["schemas"].items()}

    def check(schema, answer):
        rule = {"$ref": f"#/$defs/{schema}", "$defs": definitions}
        jsonschema.Draft202012Validator(rule).validate(answer)
        return answer

    return check


@pytest.fixture
def mail(owner, gmail, sandbox):
    """Google's own client over a mailbox of seeded mail of every kind."""
    owner.http.admin("POST", "limits", {"userPerMinute": None})
    owner.http.admin(
        "POST",
        "mailboxes",
        {"address": "full@crm.test", "messages": 120, "seed": 3, "spanDays": 40},
    )
    tokens = owner.http.admin("POST", "mailboxes/full@crm.test/tokens", {})
    full = copy.copy(owner)
    full.tokens = {**tokens, "address": "full@crm.test"}
    full.address = "full@crm.test"
    return gmail(full, sandbox.url), full


def every(listing, **query):
    """Follow a listing of Google's client to its end."""
    token = None
    while True:
        answer = listing(userId="me", pageToken=token, maxResults=50, **query).execute()
        yield answer
        token = answer.get("nextPageToken")
        if token is None:
            return


def test_contract_catches_what_does_not_fit(fits):
    """The check itself fails for an unknown key, a number for a string, and a bad enum."""
    for wrong in (
        {"id": "1", "surprise": 1},
        {"historyId": 12},
        {"id": "1", "payload": {"body": {"size": "3"}}},
        {"raw": "a+b/"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            fits("Message", wrong)


def test_contract_of_profile_and_labels(mail, fits):
    """getProfile, labels.list and labels.get answer as the discovery document says."""
    users, _ = mail
    profile = fits("Profile", users.getProfile(userId="me").execute())
    assert profile["messagesTotal"] == 120
    labels = fits("ListLabelsResponse", users.labels().list(userId="me").execute())["labels"]
    for label in labels:
        shown = fits("Label", users.labels().get(userId="me", id=label["id"]).execute())
        assert shown["name"] == label["name"]
    assert {"INBOX", "SENT", "SPAM"} <= {label["id"] for label in labels}


def test_contract_of_send_as_addresses(mail, fits):
    """settings.sendAs.list names the primary address and the aliases, as documented
    (edge case 58).
    """
    users, full = mail
    for address, verified in (("sales@crm.test", True), ("boss@crm.test", False)):
        body = {"address": address, "verified": verified}
        full.http.admin("POST", "mailboxes/full@crm.test/send-as", body)
    answer = users.settings().sendAs().list(userId="me").execute()
    shown = fits("ListSendAsResponse", answer)["sendAs"]
    assert [(alias["sendAsEmail"], alias.get("verificationStatus")) for alias in shown] == [
        ("full@crm.test", None),
        ("sales@crm.test", "accepted"),
        ("boss@crm.test", "pending"),
    ]


def test_contract_of_messages(mail, fits):
    """messages.list, messages.get in each format and attachments answer as documented."""
    users, _ = mail
    messages, attachments = users.messages(), 0
    listed = [
        line
        for page in every(messages.list, includeSpamTrash=True)
        for line in fits("ListMessagesResponse", page)["messages"]
    ]
    assert len({line["id"] for line in listed}) == 120
    for line in listed:
        for message_format in ("minimal", "metadata", "full", "raw"):
            got = messages.get(userId="me", id=line["id"], format=message_format).execute()
            assert fits("Message", got)["threadId"] == line["threadId"]
            assert ("raw" in got) == (message_format == "raw")
            assert ("payload" in got) == (message_format in {"metadata", "full"})
            if message_format == "full":
                attachments += check_attachments(messages, got, fits)
    assert attachments > 0


def check_attachments(messages, got, fits):
    """Fetch every attachment of a message, and return how many there were."""
    waiting, found = [got["payload"]], 0
    while waiting:
        part = waiting.pop()
        waiting.extend(part.get("parts", ()))
        if name := part.get("body", {}).get("attachmentId"):
            call = messages.attachments().get(userId="me", messageId=got["id"], id=name)
            assert fits("MessagePartBody", call.execute())["size"] == part["body"]["size"]
            found += 1
    return found


def test_contract_of_threads(mail, fits):
    """threads.list and threads.get in each of their formats answer as documented."""
    users, _ = mail
    sizes = []
    for page in every(users.threads().list):
        for line in fits("ListThreadsResponse", page)["threads"]:
            for message_format in ("minimal", "metadata", "full"):
                call = users.threads().get(userId="me", id=line["id"], format=message_format)
                sizes.append(len(fits("Thread", call.execute())["messages"]))
    assert max(sizes) > 1


def test_contract_of_history(mail, fits):
    """history.list answers as documented, whatever changed."""
    users, full = mail
    start = users.getProfile(userId="me").execute()["historyId"]
    made = [full.deliver() for _ in range(3)]
    full.admin("modify", {"ids": made, "addLabelIds": ["STARRED"], "removeLabelIds": ["UNREAD"]})
    full.admin("delete", {"ids": made[:1]})
    pages = list(every(users.history().list, startHistoryId=start))
    kinds = {
        key for page in pages for record in fits("ListHistoryResponse", page)["history"]
        for key in record
    }  # fmt: skip
    assert kinds >= {"messagesAdded", "messagesDeleted", "labelsAdded", "labelsRemoved"}
    assert pages[-1]["historyId"] == users.getProfile(userId="me").execute()["historyId"]


def test_contract_of_watch_and_stop(mail, fits, sandbox):
    """Watch answers as documented, and stop is empty."""
    users, _ = mail
    body = {"topicName": sandbox.state.settings.watch_topic, "labelIds": ["INBOX"]}
    answer = fits("WatchResponse", users.watch(userId="me", body=body).execute())
    assert int(answer["expiration"]) > 0
    assert not users.stop(userId="me").execute()


def test_contract_of_batch(mail, fits, sandbox):
    """Each part of a batch answers as its single call does."""
    users, _ = mail
    listed = users.messages().list(userId="me", maxResults=8).execute()["messages"]
    got = {}
    batch = BatchHttpRequest(
        callback=lambda name, answer, _error: got.update({name: answer}),
        batch_uri=f"{sandbox.url}/batch/gmail/v1",
    )
    for line in listed:
        batch.add(users.messages().get(userId="me", id=line["id"]), request_id=line["id"])
    batch.execute()
    for line in listed:
        name = line["id"]
        assert fits("Message", got[name])["id"] == name
        single = users.messages().get(userId="me", id=name).execute()
        assert without_attachment_ids(got[name]) == without_attachment_ids(single)


def without_attachment_ids(message):
    """Drop what differs between two answers: attachment ids live only for a while."""
    return re.sub(r'"attachmentId": "[^"]*"', "", json.dumps(message))
