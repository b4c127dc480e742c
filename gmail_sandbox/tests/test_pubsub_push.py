from __future__ import annotations

import base64
import json
import queue
import socket
import time

import pytest
from google.auth import jwt

from gmail_sandbox.faults import PUSH_ACTIONS
from gmail_sandbox.tests.conftest import await_counters

TOPIC = "projects/sandbox-project/topics/gmail-push"
SIGNER = "push@p.iam.test"


def subscribe(owner, receiver, **body):
    """Subscribe the receiver to the topic."""
    return owner.http.admin(
        "POST",
        "pubsub/subscription",
        {"pushEndpoint": receiver.url, "serviceAccountEmail": SIGNER, **body},
    )


def watch(owner, topic=TOPIC, **body):
    """Watch the mailbox."""
    return owner.post("watch", {"topicName": topic, **body})


def told(push):
    """Return what a push says."""
    return json.loads(base64.b64decode(push.content["message"]["data"], validate=True))


def pass_a_second(owner):
    """Move the clock beyond the second in which the mailbox was notified."""
    owner.http.admin("POST", "clock", {"advance": 1.1})


def test_watch_notifies_at_once_with_a_signed_push(owner, receiver):
    """A watch is followed by one push with Google's body and an OIDC token (edge case 21)."""
    subscribe(owner, receiver)
    answer = watch(owner).json()
    push = receiver.next()
    message = push.content["message"]
    assert told(push) == {"emailAddress": owner.address, "historyId": int(answer["historyId"])}
    assert push.content["subscription"] == "projects/sandbox-project/subscriptions/gmail-push-sub"
    assert message["messageId"] == message["message_id"]
    assert message["publishTime"] == message["publish_time"]
    certificates = owner.http.call("GET", "/oauth2/v1/certs").json()
    token = push.headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, certificates, audience=receiver.url)
    assert claims["email"] == SIGNER
    assert claims["email_verified"] is True
    assert claims["iss"] == "https://accounts.google.com"
    assert claims["exp"] - claims["iat"] == 3_600


def test_watch_ends_after_seven_days(owner):
    """A watch says when it ends, in milliseconds, and notifies no more afterwards
    (edge case 24).
    """
    now = owner.http.admin("GET", "clock")["now"]
    ends = int(watch(owner).json()["expiration"])
    assert ends / 1_000 - now == pytest.approx(7 * 86_400, abs=5)
    assert owner.http.admin("GET", f"mailboxes/{owner.address}")["watchExpiration"] == str(ends)
    owner.http.admin("POST", "clock", {"advance": 7 * 86_400 + 1})
    owner.admin("tokens/expire")
    owner.deliver()
    assert owner.http.admin("GET", "counters")["pushes"]["published"] == 1
    assert owner.http.admin("GET", f"mailboxes/{owner.address}")["watchExpiration"] is None


def test_watch_of_another_topic_needs_a_stop(owner):
    """While one topic is watched another is 400; after a stop it is taken (edge case 24)."""
    other = "projects/sandbox-project/topics/other"
    owner.http.admin("POST", "pubsub/topics", {"topic": other})
    watch(owner)
    refused = watch(owner, other)
    assert refused.status == 400
    assert refused.json()["error"]["message"].startswith("Only one user push notification client")
    assert watch(owner).status == 200
    assert owner.post("stop", {}).status == 204
    assert watch(owner, other).status == 200


def test_watch_needs_a_topic_that_gmail_may_publish_to(owner):
    """A topic of another project is 400, one without grant 403, none at all 400."""
    owner.http.admin("POST", "pubsub/topics", {"topic": TOPIC, "granted": False})
    assert watch(owner, "projects/else/topics/t").status == 400
    refused = watch(owner)
    assert (refused.status, refused.reason) == (403, "forbidden")
    assert refused.json()["error"]["message"] == (
        f"Error sending test message to Cloud PubSub {TOPIC} : "
        "User not authorized to perform this action."
    )
    assert owner.post("watch", {}).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"topic": TOPIC},
        {"topicName": 3},
        {"topicName": TOPIC, "labelIds": "INBOX"},
        {"topicName": TOPIC, "labelFilterBehavior": "maybe"},
        {"topicName": TOPIC, "labelIds": ["Label_404"]},
    ],
)
def test_watch_body_must_fit_the_discovery_document(owner, body):
    """A body with an unknown name, another type, a bad enum or an unknown label is 400."""
    assert owner.post("watch", body).status == 400


def test_notifications_come_once_a_second(owner, receiver):
    """Of many changes in a second one is notified and the rest dropped (edge case 22)."""
    subscribe(owner, receiver)
    watch(owner)
    receiver.next()
    for _ in range(5):
        owner.deliver()
    pass_a_second(owner)
    owner.deliver()
    assert told(receiver.next())["historyId"] == int(owner.get("profile").json()["historyId"])
    pushes = owner.http.admin("GET", "counters")["pushes"]
    assert (pushes["published"], pushes["suppressed"]) == (2, 5)


@pytest.mark.parametrize(("behaviour", "published"), [("include", 2), ("exclude", 2)])
def test_watch_filters_by_label(owner, behaviour, published):
    """A watch with labels notifies of changes inside, or outside, of them."""
    watch(owner, labelIds=["SENT"], labelFilterBehavior=behaviour)
    for labels in ("SENT", "INBOX"):
        pass_a_second(owner)
        owner.deliver(labels=labels)
    pushes = owner.http.admin("GET", "counters")["pushes"]
    assert (pushes["published"], pushes["suppressed"]) == (published, 0)


def test_stop_ends_the_notifications(owner):
    """After a stop changes are not notified; stopping twice is no error (edge case 25)."""
    watch(owner)
    assert owner.post("stop", {}).status == 204
    assert owner.post("stop", {}).status == 204
    pass_a_second(owner)
    owner.deliver()
    assert owner.http.admin("GET", "counters")["pushes"]["published"] == 1


def test_push_is_repeated_until_acknowledged(owner, receiver):
    """A push that is not acknowledged comes again, the same, until it is (edge case 26)."""
    for status in (500, 203, 404):
        receiver.statuses.put(status)
    subscribe(owner, receiver, minimumBackoffSeconds=0.01)
    watch(owner)
    seen = [receiver.next() for _ in range(4)]
    assert len({push.content["message"]["messageId"] for push in seen}) == 1
    assert all(push.content == seen[0].content for push in seen)
    pushes = await_counters(owner.http, lambda counters: counters["pushes"]["acked"])["pushes"]
    assert (pushes["sent"], pushes["nacked"], pushes["redelivered"]) == (4, 3, 3)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_push_is_acknowledged_by_these_statuses(owner, receiver, status):
    """The statuses that acknowledge end the delivery."""
    receiver.statuses.put(status)
    subscribe(owner, receiver)
    watch(owner)
    receiver.next()
    ended = await_counters(
        owner.http,
        lambda counters: counters["pushes"]["acked"] and not counters["pushes"]["outstanding"],
    )
    assert ended["pushes"]["sent"] == 1


def test_push_without_answer_is_repeated_after_the_deadline(owner, receiver):
    """An endpoint that does not answer in time gets the push again."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}/push"
        quick = {"ackDeadlineSeconds": 0.05, "minimumBackoffSeconds": 0.01}
        subscribe(owner, receiver, pushEndpoint=endpoint, **quick)
        watch(owner)
        await_counters(owner.http, lambda counters: counters["pushes"]["redelivered"] >= 2)
    subscribe(owner, receiver, minimumBackoffSeconds=0.01)
    assert told(receiver.next())["emailAddress"] == owner.address


def test_duplicates_come_at_the_given_rate(owner, receiver):
    """With a duplicate rate of one an acknowledged push comes again and again."""
    subscribe(owner, receiver, duplicateRate=1)
    watch(owner)
    names = {receiver.next().content["message"]["messageId"] for _ in range(3)}
    assert len(names) == 1
    assert owner.http.admin("DELETE", "pubsub/subscription/gmail-push-sub") == {"removed": 1}


#: Actions of faults, and how often a push comes then.
COPIES = {"drop": 0, "duplicate": 2, "delay": 1}


def test_every_action_on_pushes_is_tried():
    """No action is accepted for pushes, counted as a hit, and then done by nobody."""
    assert COPIES.keys() == PUSH_ACTIONS


def test_push_fault_delay_is_waited_for(owner, receiver):
    """A late push comes as late as the rule says (edge case 23)."""
    owner.http.admin("POST", "faults", {"action": "delay", "latencyMs": 300, "times": 1})
    subscribe(owner, receiver)
    began = time.monotonic()
    watch(owner)
    receiver.next()
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(("action", "copies"), COPIES.items())
def test_push_faults(owner, receiver, action, copies):
    """A push may be lost, doubled or late by rule (edge case 23)."""
    owner.http.admin("POST", "faults", {"action": action, "latencyMs": 5, "times": 1})
    subscribe(owner, receiver)
    watch(owner)
    for _ in range(copies):
        receiver.next()
    pass_a_second(owner)
    owner.deliver()
    last = receiver.next()
    assert told(last)["historyId"] == int(owner.get("profile").json()["historyId"])
    with pytest.raises(queue.Empty):
        receiver.next(timeout=0.05)


def test_push_token_is_used_again_until_the_key_rotates(sandbox, owner):
    """A token serves many pushes, and a rotation brings one of the new key."""
    first = sandbox.call(lambda state: state.push.token(SIGNER, "https://crm.test/push"))
    again = sandbox.call(lambda state: state.push.token(SIGNER, "https://crm.test/push"))
    owner.http.admin("POST", "certs/rotate")
    rotated = sandbox.call(lambda state: state.push.token(SIGNER, "https://crm.test/push"))
    assert first == again
    assert rotated != first
    certificates = owner.http.call("GET", "/oauth2/v1/certs").json()
    for token in (first, rotated):
        assert jwt.decode(token, certificates, audience="https://crm.test/push")["email"] == SIGNER
