from __future__ import annotations

import http.client
import json
import time
from typing import get_args

import pytest
from pydantic import ValidationError

from gmail_sandbox.counters import Counters
from gmail_sandbox.faults import PUSH_ACTIONS, Action, FaultRule, Faults
from gmail_sandbox.tests.conftest import make_owner
from gmail_sandbox.wire.google_errors import ERRORS, error_response


def hits(count=20, **rule):
    """Return which of so many calls a rule hits, counted from 1."""
    faults = Faults(Counters())
    faults.add(FaultRule(**{"action": "html", **rule}))
    return [
        n for n in range(1, count + 1) if faults.strike("gmail.users.getProfile", "a@b.test").rule
    ]


def add(owner, **rule):
    """Put a rule in force."""
    return owner.http.admin("POST", "faults", rule)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, list(range(1, 21))),
        ({"nth": {2, 5}}, [2, 5]),
        ({"every": 7}, [7, 14]),
        ({"every": 3, "times": 2}, [3, 6]),
        ({"method": "gmail.users.*"}, list(range(1, 21))),
        ({"method": "oauth2.token"}, []),
        ({"mailbox": "A@b.test", "nth": {1}}, [1]),
        ({"mailbox": "other@b.test"}, []),
        ({"message_id": "m1"}, []),
        ({"action": "expiredHistory"}, []),
        ({"action": "drop"}, []),
    ],
)
def test_fault_hits_the_calls_it_names(rule, expected):
    """A rule hits the calls of its method, mailbox and message, as often as it says."""
    assert hits(**rule) == expected


def test_fault_probability_repeats_with_its_seed():
    """The same seed hits the same calls, another seed others, at about the given rate."""
    first = hits(count=1_000, probability=0.2, seed=1)
    assert first == hits(count=1_000, probability=0.2, seed=1)
    assert first != hits(count=1_000, probability=0.2, seed=2)
    assert 150 < len(first) < 250


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "error"},
        {"action": "error", "error": "nothing"},
        {"action": "status"},
        {"action": "explode"},
        {"action": "html", "nth": [1], "every": 2},
        {"action": "html", "probability": 2},
        {"action": "html", "surprise": 1},
    ],
)
def test_fault_that_makes_no_sense_is_refused(rule):
    """A rule that contradicts itself, or says too little, is refused."""
    with pytest.raises(ValidationError):
        FaultRule.model_validate(rule)


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_error_row_has_a_body_of_its_shape(name):
    """Every row of the table can be answered, with the body that its kind of endpoint has."""
    row, response = ERRORS[name], error_response(name)
    assert response.status == row.status
    assert b"{" not in response.body.replace(b'{"', b"").replace(b"[{", b"").replace(b"{}", b"")
    if row.shape == "html":
        assert response.body.startswith(b"<!DOCTYPE html>")
        return
    content = json.loads(response.body)
    if row.shape == "oauth":
        assert content["error"] == row.reason
        return
    assert content["error"]["code"] == row.status
    assert content["error"]["errors"][0]["reason"] == row.reason


def seen(owner, path, query):
    """Return what a client gets: status and body, or how the connection broke."""
    try:
        reply = owner.get(path, **query)
    except (ConnectionResetError, http.client.IncompleteRead) as broken:
        owner.http.connection.close()
        return type(broken)
    return reply.status, reply.body


@pytest.mark.parametrize("action", sorted(set(get_args(Action)) - PUSH_ACTIONS))
def test_every_action_changes_what_a_client_sees(owner, action):
    """No action is accepted, counted as a hit, and then done by nobody."""
    start = owner.get("profile").json()["historyId"]
    for _ in range(10):
        owner.deliver()
    expires = action == "expiredHistory"
    call = ("history", {"startHistoryId": start}) if expires else ("messages", {})
    before = seen(owner, *call)
    late = 300 if action == "latency" else 0
    add(owner, action=action, error="backend_error", status=503, latencyMs=late, seed=4)
    began = time.monotonic()
    after = seen(owner, *call)
    assert after != before or late
    assert time.monotonic() - began >= late / 1_000


def test_fault_error_replaces_the_answer_and_costs_nothing(owner):
    """A named error comes in Google's words, without units (edge case 1)."""
    add(owner, method="gmail.users.messages.get", action="error", error="backend_error", nth=[1])
    message = owner.deliver()
    first, second = owner.get(f"messages/{message}"), owner.get(f"messages/{message}")
    assert (first.status, first.reason) == (500, "backendError")
    assert second.status == 200
    counters = owner.http.admin("GET", "counters")
    assert counters["units"]["total"] == 20
    assert counters["faults"] == {"error": 1}


def test_fault_retry_after_names_a_time_by_the_clock(owner):
    """The variant with a time names one that far ahead on the sandbox's clock (edge case 31)."""
    owner.http.admin("POST", "clock", {"advance": 86_400 * 365})
    add(owner, action="error", error="retry_after", retryAfterSeconds=60)
    reply = owner.get("profile")
    assert reply.status == 429
    message = reply.json()["error"]["message"]
    assert message.startswith("User-rate limit exceeded.  Retry after 20")
    assert message.endswith("Z")


def test_fault_status_has_any_body_and_headers(owner):
    """A rule may give its own status, body and headers (edge case 31)."""
    add(owner, action="status", status=503, body="busy", headers={"Retry-After": "7"}, times=1)
    reply = owner.get("profile")
    assert (reply.status, reply.body, reply.headers["retry-after"]) == (503, b"busy", "7")


def test_fault_html_is_no_json(owner):
    """A 502 may be an HTML page."""
    add(owner, action="html", times=1)
    reply = owner.get("profile")
    assert reply.status == 502
    assert reply.headers["content-type"].startswith("text/html")
    assert reply.body.startswith(b"<!DOCTYPE html>")


def test_fault_reset_breaks_the_connection(owner):
    """A reset ends the connection without an answer."""
    add(owner, action="reset", times=1)
    with pytest.raises(ConnectionResetError):
        owner.get("profile")
    owner.http.connection.close()
    assert owner.get("profile").status == 200


def test_fault_truncate_ends_in_the_middle_of_the_body(owner):
    """A truncated body ends before its Content-Length."""
    add(owner, action="truncate", times=1)
    with pytest.raises(http.client.IncompleteRead) as broken:
        owner.get("profile")
    assert broken.value.expected
    assert broken.value.partial


def test_fault_latency_delays_an_answer_that_stays_right(owner):
    """A delayed answer arrives, later and unchanged; a client may give up first (edge case 33)."""
    add(owner, action="latency", latencyMs=20, times=1)
    assert owner.get("profile").json()["emailAddress"] == owner.address
    add(owner, action="latency", latencyMs=3_600_000, times=1)
    owner.http.connection.sock.settimeout(0.05)
    with pytest.raises(TimeoutError):
        owner.get("profile")


def test_fault_expired_history_is_not_found(owner):
    """An expired history can be had without expiring any (edge case 3)."""
    start = owner.get("profile").json()["historyId"]
    add(owner, action="expiredHistory", times=1)
    assert owner.get("history", startHistoryId=start).status == 404
    assert owner.get("history", startHistoryId=start).status == 200


@pytest.mark.parametrize(
    ("path", "key"), [("history", "history"), ("messages", "messages"), ("threads", "threads")]
)
def test_fault_empty_page_is_followed_by_the_real_one(owner, path, key):
    """A page may hold nothing but a token, behind which the listing goes on (edge case 5)."""
    start = owner.get("profile").json()["historyId"]
    for _ in range(3):
        owner.deliver()
    query = {"startHistoryId": start} if path == "history" else {}
    add(owner, action="emptyPage", nth=[1, 3])
    sizes, token = [], {}
    while True:
        page = owner.get(path, maxResults=2, **query, **token).json()
        sizes.append(len(page[key]) if key in page else None)
        if "nextPageToken" not in page:
            break
        token = {"pageToken": page["nextPageToken"]}
    assert sizes == [None, 2, None, 1]


@pytest.mark.parametrize(("path", "key"), [("messages", "messages"), ("threads", "threads")])
def test_fault_stale_index_does_not_find_the_newest(owner, path, key):
    """What came in a moment ago is not found yet, and history names it (edge case 62)."""
    start = owner.get("profile").json()["historyId"]
    owner.deliver()
    rule = add(owner, action="staleIndex", staleSeconds=30)
    assert key not in owner.get(path).json()
    assert len(owner.get("history", startHistoryId=start).json()["history"]) == 1
    owner.http.admin("POST", "clock", {"advance": 31})
    assert len(owner.get(path).json()[key]) == 1
    assert rule


@pytest.mark.parametrize(("path", "key"), [("messages", "messages"), ("threads", "threads")])
def test_fault_shuffled_pages_hold_the_same(owner, path, key):
    """Each page has another order, and together they hold everything once (edge case 62)."""
    for _ in range(40):
        owner.deliver()
    newest_first = [entry["id"] for entry in owner.get(path).json()[key]]
    add(owner, action="shuffled", seed=4)
    found, token = [], {}
    while True:
        page = owner.get(path, maxResults=15, **token).json()
        found += [entry["id"] for entry in page[key]]
        if "nextPageToken" not in page:
            break
        token = {"pageToken": page["nextPageToken"]}
    assert found != newest_first
    assert sorted(found) == sorted(newest_first)


def test_fault_of_the_token_endpoint(owner):
    """The token endpoint can fail by rule, for one mailbox."""
    other = make_owner(owner.http, "lee@crm.test")
    add(owner, method="oauth2.token", mailbox=owner.address, action="error", error="invalid_rapt")

    def refresh(of):
        return owner.http.form(
            "/token",
            grant_type="refresh_token",
            client_id=of.tokens["clientId"],
            client_secret=of.tokens["clientSecret"],
            refresh_token=of.tokens["refreshToken"],
        )

    assert refresh(owner).json()["error_subtype"] == "invalid_rapt"
    assert refresh(other).status == 200


def test_fault_of_a_message_hits_it_alone(owner):
    """A rule may name one message, which stays broken for ever (edge case 2)."""
    bad, good = owner.deliver(), owner.deliver()
    add(owner, method="*messages.get", messageId=bad, action="error", error="internal_error")
    assert [owner.get(f"messages/{name}").status for name in (bad, good, bad)] == [500, 200, 500]


def test_faults_are_listed_and_removed(owner):
    """Rules are listed with their counts, and end when removed."""
    first = add(owner, action="html", nth=[2])
    add(owner, action="reset", mailbox="other@crm.test")
    owner.get("profile")
    listed = owner.http.admin("GET", "faults")["faults"]
    assert [(rule["matched"], rule["hits"]) for rule in listed] == [(1, 0), (0, 0)]
    assert owner.http.admin("DELETE", f"faults/{first['id']}") == {"removed": 1}
    assert owner.http.call("DELETE", f"/sandbox/faults/{first['id']}").status == 404
    assert owner.http.admin("DELETE", "faults") == {"removed": 1}
    assert owner.get("profile").status == 200
