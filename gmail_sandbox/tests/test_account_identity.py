"""An account is not its address: history that goes back, successors and renamed accounts."""

from __future__ import annotations

import pytest

from gmail_sandbox.tests.conftest import make_owner

NEW = "kim.lee@crm.test"


def history_id(owner):
    """The mailbox's history id, as its profile says it."""
    return int(owner.get("profile").json()["historyId"])


@pytest.mark.parametrize("status", [200, 404, 400])
def test_history_goes_back_and_old_starts_get_the_chosen_answer(owner, status):
    """After a restart the id is lower, and a start beyond it is answered in each of the ways that
    Google's documentation leaves open (case 09, edge case 90).
    """
    kept = owner.deliver()
    before = history_id(owner)
    owner.admin("history/restart", {"startAbove": status})
    assert history_id(owner) < before
    answer = owner.get("history", startHistoryId=before)
    assert answer.status == status
    if status == 200:
        assert answer.json() == {"historyId": str(history_id(owner))}
    assert [message["id"] for message in owner.get("messages").json()["messages"]] == [kept]
    start = history_id(owner)
    new = owner.deliver()
    added = owner.get("history", startHistoryId=start).json()["history"]
    assert [record["messages"][0]["id"] for record in added] == [new]


def test_a_successor_has_the_address_and_nothing_else(owner):
    """Tokens and mail of the deleted account are gone, ids are new, history begins low (case 09,
    edge case 91).
    """
    gone, before = owner.deliver(), history_id(owner)
    made = owner.admin("recreate", {"messages": 3, "spanDays": 2})
    assert made["address"] == owner.address
    assert owner.get("profile").status == 401
    refused = owner.http.form(
        "/token",
        grant_type="refresh_token",
        refresh_token=owner.tokens["refreshToken"],
        client_id=owner.tokens["clientId"],
        client_secret=owner.tokens["clientSecret"],
    )
    assert refused.json()["error"] == "invalid_grant"
    token = made["accessToken"]
    profile = owner.get("profile", token).json()
    assert (profile["messagesTotal"], int(profile["historyId"]) < before) == (3, True)
    assert owner.get(f"messages/{gone}", token).status == 404


def test_a_renamed_account_is_the_same(owner):
    """Tokens, mail and ids go on, the profile says the new address, the old one is an alias, and
    either may be used as userId (case 10, edge case 92).
    """
    kept, former = owner.deliver(), owner.address
    shown = owner.admin("rename", {"address": NEW.upper()})
    assert shown["address"] == NEW
    assert owner.get("profile").json()["emailAddress"] == NEW
    assert [message["id"] for message in owner.get("messages").json()["messages"]] == [kept]
    for user in (former, NEW):
        path = f"/gmail/v1/users/{user}/profile"
        token = f"Bearer {owner.tokens['accessToken']}"
        assert owner.http.call("GET", path, authorization=token).status == 200
    addresses = owner.get("settings/sendAs").json()["sendAs"]
    assert [(address["sendAsEmail"], address.get("isPrimary", False)) for address in addresses] == [
        (NEW, True),
        (former, False),
    ]
    assert len(owner.http.admin("GET", "mailboxes")["mailboxes"]) == 1
    refused = owner.http.call("POST", "/sandbox/mailboxes", {"address": former})
    assert refused.status == 409


def test_an_account_is_not_renamed_to_an_address_in_use(owner):
    """The address of another account is 409, and nothing changes."""
    make_owner(owner.http, "lee@crm.test")
    reply = owner.http.call(
        "POST", f"/sandbox/mailboxes/{owner.address}/rename", {"address": "lee@crm.test"}
    )
    assert reply.status == 409
    assert owner.get("profile").json()["emailAddress"] == owner.address


@pytest.mark.parametrize("pushes_as", ["new", "former"])
def test_notifications_name_the_chosen_address(sandbox, owner, pushes_as):
    """A watch goes on after a renaming, under the new or the former address (edge case 92)."""
    topic = "projects/sandbox-project/topics/gmail-push"
    owner.http.admin("POST", "pubsub/topics", {"topic": topic})
    owner.post("watch", {"topicName": topic})
    heard = []
    sandbox.call(
        lambda state: setattr(state.watches, "_publish", lambda *said: heard.append(said[0]))
    )
    former = owner.address
    owner.admin("rename", {"address": NEW, "pushesAs": pushes_as})
    sandbox.call(lambda state: setattr(state.watches.get(NEW), "last_sent", 0.0))
    owner.http.admin(
        "POST",
        f"mailboxes/{NEW}/deliver",
        b"Subject: x\r\n\r\nx\r\n",
        content_type="message/rfc822",
    )
    assert heard == [NEW if pushes_as == "new" else former]
