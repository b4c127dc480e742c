from __future__ import annotations

import mailbox as mbox_library

import pytest

from gmail_sandbox.mail.mbox import MboxMessage
from gmail_sandbox.mail.mbox_share import share_of
from gmail_sandbox.tests.conftest import make_owner


def mail(number, reply_to=None, newline="\n"):
    """Return one message of a thread."""
    lines = [f"Message-ID: <{number}@x.test>", f"Subject: m{number}", "From: a@x.test"]
    if reply_to is not None:
        lines.append(f"In-Reply-To:\n <{reply_to}@x.test>")
    return newline.join([*lines, "Date: Mon, 1 Jun 2026 10:00:00 +0000", "", "text", ""]).encode()


#: Threads: 0-3-5, 1-4, 2.
MAILS = [mail(0), mail(1), mail(2), mail(3, 0), mail(4, 1), mail(5, 3)]


@pytest.fixture
def mbox(tmp_path):
    """An mbox file of three threads."""
    path = tmp_path / "mail.mbox"
    box = mbox_library.mbox(path)
    for raw in MAILS:
        box.add(raw)
    box.close()
    return path


def subjects(owner):
    """Return the subjects in a mailbox."""
    found = []
    for line in owner.get("messages", maxResults=500).json().get("messages", ()):
        got = owner.get(f"messages/{line['id']}", format="metadata", metadataHeaders="Subject")
        found.append(got.json()["payload"]["headers"][0]["value"])
    return sorted(found)


def test_mailbox_is_made_with_seeded_mail(owner):
    """A mailbox may begin with mail, the same for the same seed."""
    body = {"messages": 40, "seed": 5, "spanDays": 30, "displayName": "Lee"}
    made = make_owner(owner.http, "lee@crm.test", **body).tokens
    assert (made["messages"], made["displayName"], made["address"]) == (40, "Lee", "lee@crm.test")
    listed = owner.http.admin("GET", "mailboxes")["mailboxes"]
    assert [shown["address"] for shown in listed] == [owner.address, "lee@crm.test"]


def test_mailbox_address_is_taken_once(owner):
    """A second mailbox of one address is 409, however it is written."""
    reply = owner.http.call("POST", "/sandbox/mailboxes", {"address": "KIM@crm.test"})
    assert reply.status == 409


def test_ground_truth_lists_every_message(owner):
    """The admin list names every message with thread, labels and date, spam too (edge case 11)."""
    kept = owner.deliver(labels="SPAM")
    shown = owner.http.admin("GET", f"mailboxes/{owner.address}/messages")
    assert shown["messages"][0]["id"] == kept
    assert shown["messages"][0]["labelIds"] == ["SPAM"]
    assert shown["historyId"] == owner.get("profile").json()["historyId"]
    assert "messages" not in owner.get("messages").json()


def test_mbox_is_loaded_from_the_body(owner, mbox):
    """An uploaded mbox is loaded without history, with the labels asked for."""
    path = f"mailboxes/{owner.address}/load?labels=INBOX,STARRED"
    done = owner.http.admin("POST", path, mbox.read_bytes(), content_type="application/mbox")
    assert done == {"loaded": 6, "heldBack": 0}
    assert subjects(owner) == [f"m{number}" for number in range(6)]
    labels = owner.http.admin("GET", f"mailboxes/{owner.address}/messages")["messages"]
    assert {tuple(line["labelIds"]) for line in labels} == {("INBOX", "STARRED")}


def test_load_by_path_needs_permission(owner, mbox):
    """Files of the machine are read only where the sandbox was told so."""
    path = f"/sandbox/mailboxes/{owner.address}/load"
    assert owner.http.call("POST", path, {"path": str(mbox)}).status == 403


@pytest.mark.parametrize(("index", "expected"), [(0, ["m0", "m2", "m3", "m5"]), (1, ["m1", "m4"])])
def test_share_of_an_mbox_keeps_threads_whole(make_sandbox, connect, mbox, index, expected):
    """Mailboxes can share an mbox by its threads."""
    owner = make_owner(connect(make_sandbox(allow_paths=True)))
    done = owner.admin("load", {"path": str(mbox), "share": [index, 2]})
    assert done["loaded"] == len(expected)
    assert subjects(owner) == expected


@pytest.mark.parametrize(
    ("body", "status"),
    [({"path": "/no/such/file"}, 404), ({"share": [2, 2]}, 400), ({"share": [0, 0]}, 400)],
)
def test_load_by_path_says_what_is_wrong(make_sandbox, connect, mbox, body, status):
    """A missing file and a share that cannot be are refused."""
    owner = make_owner(connect(make_sandbox(allow_paths=True)))
    path = f"/sandbox/mailboxes/{owner.address}/load"
    assert owner.http.call("POST", path, {"path": str(mbox), **body}).status == status


def test_held_back_mail_arrives_later(make_sandbox, connect, mbox):
    """The newest mail of a load can be kept back, and arrive as new mail with history."""
    owner = make_owner(connect(make_sandbox(allow_paths=True)))
    assert owner.admin("load", {"path": str(mbox), "holdBack": 2}) == {"loaded": 4, "heldBack": 2}
    start = owner.get("profile").json()["historyId"]
    arrived = owner.admin("deliver", {"heldBack": 5})["messages"]
    assert len(arrived) == 2
    records = owner.get("history", startHistoryId=start).json()["history"]
    assert [record["messages"][0]["id"] for record in records] == [one["id"] for one in arrived]
    newest = owner.get("messages", maxResults=2).json()["messages"]
    assert {one["id"] for one in newest} == {one["id"] for one in arrived}


def test_threads_are_known_by_id_or_by_headers():
    """A share goes by the export's thread ids where it has them; mail without ids is alone."""
    tagged = [MboxMessage(b"a", thread_id=name) for name in ("f1", "f2", "f1", "f3")]
    assert [one.thread_id for one in share_of(tagged, 0, 2)] == ["f1", "f1", "f3"]
    bare = [MboxMessage(b"Subject: %d\n\nx" % number) for number in range(4)]
    assert list(share_of(bare, 1, 2)) == bare[1::2]
    crlf = [MboxMessage(mail(1, newline="\r\n")), MboxMessage(mail(2, 1, newline="\r\n"))]
    assert list(share_of(crlf, 0, 2)) == crlf


def test_seeded_mail_is_delivered_as_new(owner):
    """New seeded mail arrives with history records."""
    start = owner.get("profile").json()["historyId"]
    arrived = owner.admin("deliver", {"count": 7, "seed": 2})["messages"]
    assert len(arrived) == 7
    records = owner.get("history", startHistoryId=start).json()["history"]
    assert len(records) == 7


def test_messages_are_changed_and_deleted(owner):
    """Labels are changed and messages deleted for good, each with its record."""
    kept, gone = owner.deliver(), owner.deliver()
    owner.admin("modify", {"ids": [kept], "addLabelIds": ["TRASH"], "removeLabelIds": ["INBOX"]})
    owner.admin("delete", {"ids": [gone]})
    assert owner.get(f"messages/{gone}").status == 404
    assert set(owner.get(f"messages/{kept}").json()["labelIds"]) == {"UNREAD", "TRASH"}


def test_draft_changes_its_id_with_each_save(owner):
    """A draft has a new id with each save, and another when it is sent (edge case 16)."""
    text = "From: kim@crm.test\r\nSubject: draft\r\n\r\nHello\r\n"
    first = owner.admin("drafts/autosave", {"text": text})
    second = owner.admin("drafts/autosave", {"text": text, "messageId": first["id"]})
    sent = owner.admin("drafts/send", {"messageId": second["id"]})
    assert len({first["id"], second["id"], sent["id"]}) == 3
    assert (second["labelIds"], sent["labelIds"]) == (["DRAFT"], ["SENT"])
    assert [line["id"] for line in owner.get("messages").json()["messages"]] == [sent["id"]]


def test_labels_are_made_and_renamed(owner):
    """Labels are made and renamed; a name that is taken is 409."""
    made = owner.http.admin("POST", f"mailboxes/{owner.address}/labels", {"name": "Offers"})
    path = f"mailboxes/{owner.address}/labels/{made['id']}"
    assert owner.http.admin("PATCH", path, {"name": "Deals"})["name"] == "Deals"
    assert owner.get(f"labels/{made['id']}").json()["name"] == "Deals"
    taken = owner.http.call("POST", f"/sandbox/mailboxes/{owner.address}/labels", {"name": "Deals"})
    assert taken.status == 409
    listed = owner.http.admin("GET", f"mailboxes/{owner.address}/labels")["labels"]
    assert made["id"] in {label["id"] for label in listed}


@pytest.mark.parametrize(
    ("verb", "path", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("DELETE", "clock", None, 405),
        ("GET", "mailboxes/nobody@crm.test", None, 404),
        ("POST", "mailboxes", {"address": "no address"}, 400),
        ("POST", "mailboxes", {"address": "a@b.test", "surprise": 1}, 400),
        ("POST", "clock", {}, 400),
        ("POST", "limits", {"userPerMinute": -1}, 400),
        ("POST", "mailboxes/kim@crm.test/delete", {"ids": ["0123456789abcdef"]}, 404),
        ("POST", "mailboxes/kim@crm.test/deliver?internalDate=soon", None, 400),
        ("DELETE", "pubsub/subscription/none", None, 404),
    ],
)
def test_admin_refuses_clearly(owner, verb, path, body, status):
    """A wrong admin call is a 4xx with a message, and names no private value."""
    reply = owner.http.call(verb, f"/sandbox/{path}", body)
    assert reply.status == status
    assert reply.json()["error"]["message"]
    assert b"no address" not in reply.body


def test_limits_are_shown_and_changed(owner):
    """Limits change one by one; null switches one off."""
    owner.http.admin("POST", "limits", {"userPerMinute": None, "prices": {"gmail.users.watch": 7}})
    limits = owner.http.admin("GET", "limits")
    assert limits["userPerMinute"] is None
    assert limits["concurrentPerUser"] == 10
    assert (limits["prices"]["gmail.users.watch"], limits["prices"]["gmail.users.stop"]) == (7, 50)


def test_subscriptions_are_listed(owner):
    """Subscriptions are listed as they were made, with the topic of the sandbox."""
    made = owner.http.admin("POST", "pubsub/subscription", {"pushEndpoint": "http://x.test/"})
    listed = owner.http.admin("GET", "pubsub/subscription")["subscriptions"]
    assert [one["topic"] for one in listed] == [made["topic"]]


def test_counters_tell_answers_that_were_given_before(owner):
    """A message that is read twice is a repeat, and so is a page that is listed twice; other
    messages, refusals and calls before a reset are not.
    """
    first, second = owner.deliver("one"), owner.deliver("two")
    owner.get(f"messages/{first}")
    owner.http.admin("POST", "counters/reset")
    for message_id in (first, second, first):
        assert owner.get(f"messages/{message_id}").status == 200
    assert [owner.get("messages/beef").status for _ in range(2)] == [404, 404]
    assert [owner.get("messages", maxResults=1).status for _ in range(3)] == [200] * 3
    assert owner.http.admin("GET", "counters")["repeats"] == {
        owner.address: {"gmail.users.messages.get": 1, "gmail.users.messages.list": 2}
    }


def test_create_adds_mail_of_the_past_between_two_ages(http_call):
    """Seeded mail may be recent and older, with nothing in between; all of it is repeatable."""
    past = {"messages": 9, "newestDays": 35, "oldestDays": 730}
    body = {"messages": 6, "seed": 3, "spanDays": 25, "past": past}
    kim, ann = (make_owner(http_call, f"{who}@crm.test", **body) for who in ("kim", "ann"))
    now = http_call.admin("GET", "clock")["now"]
    for owner in (kim, ann):
        lines = http_call.admin("GET", f"mailboxes/{owner.address}/messages")["messages"]
        ages = sorted((now - int(line["internalDate"]) / 1000) / 86_400 for line in lines)
        assert len(ages) == 15
        assert ages[5] <= 25.01
        assert 34.99 <= ages[6] < ages[14] <= 730.01
    assert len(set(subjects(kim))) > 3


def test_create_refuses_a_past_that_ends_before_it_begins(http_call):
    """Ages in the wrong order are refused, and no mailbox is made."""
    past = {"messages": 1, "newestDays": 10, "oldestDays": 10}
    reply = http_call.call("POST", "/sandbox/mailboxes", {"address": "kim@crm.test", "past": past})
    assert reply.status == 400
    assert "newestDays must be less than oldestDays" in reply.body.decode()
    assert http_call.admin("GET", "mailboxes")["mailboxes"] == []


@pytest.mark.parametrize("recorded", [True, False])
def test_label_is_deleted_from_every_message(owner, recorded):
    """Deleting a label takes it off all mail; history tells so message by message, or not at all
    (case 12).
    """
    path = f"mailboxes/{owner.address}"
    label = owner.http.admin("POST", f"{path}/labels", {"name": "Deals"})["id"]
    ids = [owner.deliver() for _ in range(3)]
    owner.http.admin("POST", f"{path}/modify", {"ids": ids, "addLabelIds": [label]})
    before = owner.get("profile").json()["historyId"]
    query = "" if recorded else "?history=false"
    after = owner.http.admin("DELETE", f"{path}/labels/{label}{query}")["historyId"]
    assert int(after) > int(before)
    listed = {known_label["id"] for known_label in owner.get("labels").json()["labels"]}
    assert label not in listed
    assert owner.get("messages", labelIds=label).status == 400
    for message_id in ids:
        assert label not in owner.get(f"messages/{message_id}").json()["labelIds"]
    records = owner.get("history", startHistoryId=before).json().get("history", [])
    removed = [removal for record in records for removal in record.get("labelsRemoved", ())]
    assert [removal["labelIds"] for removal in removed] == [[label]] * (3 if recorded else 0)
    other = owner.http.admin("POST", f"{path}/labels", {"name": "Deals"})["id"]
    assert other != label


def test_system_label_is_not_deleted(owner):
    """Gmail's own labels stay, and a label that is not there is 404."""
    path = f"/sandbox/mailboxes/{owner.address}/labels"
    assert owner.http.call("DELETE", f"{path}/INBOX").status == 409
    assert owner.http.call("DELETE", f"{path}/Label_77").status == 404
