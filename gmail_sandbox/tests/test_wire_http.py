from __future__ import annotations

import gzip
import json
import socket
import time
from urllib.parse import urlencode, urlsplit

from gmail_sandbox.tests.conftest import await_counters
from gmail_sandbox.wire.http_protocol import SPILL_BYTES


def raw_exchange(url: str, data: bytes) -> bytes:
    """Send bytes, and return everything up to the end of the connection."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    return received


def test_connection_stays_open_between_requests(owner):
    """A connection serves many requests, and is counted once."""
    for _ in range(5):
        assert owner.get("profile").status == 200
    connections = owner.http.admin("GET", "counters")["connections"]
    assert connections == {"live": 1, "opened": 1, "peak": 1}


def test_pipelined_requests_are_answered_in_order(sandbox):
    """Answers keep the order of requests that were sent without waiting."""
    asked = b"".join(
        b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path
        for path in (b"/sandbox/clock", b"/oauth2/v1/nothing", b"/sandbox/health")
    )
    received = raw_exchange(sandbox.url, asked)
    positions = [received.index(word) for word in (b'"now"', b"404 Not Found", b'"mailboxes"')]
    assert positions == sorted(positions)


def test_bytes_that_are_not_http_are_refused(sandbox):
    """What is not HTTP is answered 400, and its connection closed."""
    assert raw_exchange(sandbox.url, b"\x16\x03\x01 hello\r\n\r\n").startswith(b"HTTP/1.1 400")


def test_unknown_path_is_an_html_page(http_call):
    """A path that Google does not have is answered as Google does, in HTML."""
    reply = http_call.call("GET", "/nothing/here")
    assert reply.status == 404
    assert reply.headers["content-type"].startswith("text/html")


def test_gzip_needs_the_header_and_the_user_agent(owner):
    """An answer is compressed only if the encoding is accepted and the agent says gzip."""
    owner.deliver()
    path = f"/gmail/v1/users/me/messages/{owner.deliver()}?prettyPrint=true"
    token = f"Bearer {owner.tokens['accessToken']}"
    plain = owner.http.call("GET", path, authorization=token, accept_encoding="gzip")
    packed = owner.http.call(
        "GET", path, authorization=token, accept_encoding="gzip", user_agent="sync (gzip)"
    )
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body


def test_gzip_can_be_switched_off(make_sandbox, connect):
    """A sandbox without gzip sends every answer plain."""
    http_call = connect(make_sandbox(gzip=False))
    reply = http_call.call("GET", "/oauth2/v1/certs", accept_encoding="gzip", user_agent="x (gzip)")
    assert "content-encoding" not in reply.headers


def test_json_is_indented_unless_told_otherwise(owner):
    """Answers are indented by default, as Google's are."""
    assert owner.get("profile").body.startswith(b'{\n  "emailAddress"')
    assert owner.get("profile", prettyPrint="false").body.startswith(b'{"emailAddress"')


def test_method_override_reads_the_query_from_the_form(owner):
    """A POST with x-http-method-override: GET is the GET whose query is its body."""
    wanted = owner.deliver("first")
    owner.deliver("second")
    reply = owner.http.call(
        "POST",
        "/gmail/v1/users/me/messages",
        urlencode({"q": "subject:first", "alt": "json"}),
        x_http_method_override="GET",
        content_type="application/x-www-form-urlencoded",
        authorization=f"Bearer {owner.tokens['accessToken']}",
    )
    assert [message["id"] for message in reply.json()["messages"]] == [wanted]


def test_large_upload_is_taken_by_way_of_a_file(owner):
    """A body larger than what is held in memory arrives whole (edge case 54)."""
    raw = b"From: a@b.test\r\nSubject: big\r\n\r\n" + b"0123456789abcde\n" * (SPILL_BYTES // 15)
    path = f"/sandbox/mailboxes/{owner.address}/deliver"
    reply = owner.http.call("POST", path, raw, content_type="message/rfc822")
    assert reply.status == 201
    shown = owner.get(f"messages/{reply.json()['messages'][0]['id']}", format="minimal").json()
    assert shown["sizeEstimate"] == len(raw)


def test_waiting_client_is_told_to_continue(sandbox):
    """A client that sends Expect: 100-continue is invited to send its body."""
    body = json.dumps({"advance": 1}).encode()
    head = (
        "POST /sandbox/clock HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    received = raw_exchange(sandbox.url, head.encode() + body)
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_lost_connection_gives_back_its_slot(sandbox, owner, connect):
    """A client that goes away while it waits no longer counts as a call in flight."""
    slow = connect(sandbox)
    owner.http.admin(
        "POST", "faults", {"method": "*getProfile", "action": "latency", "latencyMs": 3_600_000}
    )
    token = owner.tokens["accessToken"]
    slow.connection.putrequest("GET", "/gmail/v1/users/me/profile")
    slow.connection.putheader("authorization", f"Bearer {token}")
    slow.connection.endheaders()
    held = await_counters(owner.http, lambda counters: counters["inFlight"])
    slow.connection.close()
    left = await_counters(owner.http, lambda counters: counters["connections"]["live"] == 1)
    assert held["inFlight"] == {owner.address: 1}
    assert left["inFlight"] == {}


def test_latency_is_that_of_google_only(make_sandbox, connect):
    """Every Google answer takes the configured time; admin answers take none."""
    http_call = connect(make_sandbox(latency=0.2))
    begin = time.monotonic()
    http_call.admin("GET", "health")
    admin_took = time.monotonic() - begin
    http_call.call("GET", "/oauth2/v1/nothing")
    assert time.monotonic() - begin - admin_took >= 0.19
    assert admin_took < 0.19
