from __future__ import annotations

import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest

from gmail_sandbox.settings import Limits
from gmail_sandbox.tests.conftest import make_owner


def multipart(paths, token, newline="\r\n"):
    """Return a batch of GET calls as a client would send it."""
    lines = []
    for number, path in enumerate(paths):
        lines += ["--b", "Content-Type: application/http", f"Content-ID: <part + {number}>", ""]
        lines += [f"GET {path} HTTP/1.1", f"Authorization: Bearer {token}", "", ""]
    return newline.join([*lines, "--b--", ""]).encode()


def send(owner, paths, **how):
    """Send a batch, and return its answer."""
    return owner.http.call(
        "POST",
        "/batch/gmail/v1",
        multipart(paths, owner.tokens["accessToken"], **how),
        content_type="multipart/mixed; boundary=b",
    )


def test_batch_answers_come_in_any_order_with_their_content_id(owner):
    """Answers are shuffled, and each names its call by Content-ID (edge case 28)."""
    made = [owner.deliver() for _ in range(8)]
    body = send(owner, [f"/gmail/v1/users/me/messages/{message}" for message in made]).body.decode()
    found = {}
    for part in body.split("--batch_")[1:-1]:
        number = int(part.split("<response-part + ")[1].split(">")[0])
        found[number] = next(message for message in made if f'"id": "{message}"' in part)
    assert [found[number] for number in range(8)] == made
    assert list(found) != sorted(found)


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_batch_reads_either_line_end(owner, newline):
    """Parts are understood with CRLF and with LF."""
    reply = send(owner, ["/gmail/v1/users/me/profile"], newline=newline)
    assert reply.status == 200
    assert b"HTTP/1.1 200 OK" in reply.body


def test_batch_of_more_than_a_hundred_is_refused(owner):
    """A batch of 101 calls is 400 as a whole (edge case 29)."""
    reply = send(owner, ["/gmail/v1/users/me/profile"] * 101)
    assert reply.status == 400
    assert reply.json()["error"]["message"] == "Inner request count exceeds the limit"


def test_batch_that_is_none_is_refused(owner):
    """A body without parts, or without a boundary, is 400."""
    path = "/batch/gmail/v1"
    for kind in ("multipart/mixed; boundary=b", "application/json"):
        assert owner.http.call("POST", path, b"{}", content_type=kind).status == 400


def test_batch_parts_count_as_parallel_calls(make_sandbox, connect):
    """Parts above the concurrency limit are 429 while the others succeed (edge cases 27, 28)."""
    owner = make_owner(connect(make_sandbox(Limits(concurrent_per_user=25))))
    body = send(owner, ["/gmail/v1/users/me/profile"] * 100).body
    assert body.count(b"HTTP/1.1 200 OK") == 25
    assert body.count(b"HTTP/1.1 429 Too Many Requests") == 75
    assert owner.http.admin("GET", "counters")["inFlight"] == {}
    assert owner.get("profile").status == 200


def test_batch_costs_what_its_calls_cost(owner):
    """A batch is charged call by call."""
    send(owner, ["/gmail/v1/users/me/profile", "/gmail/v1/users/me/messages"])
    counters = owner.http.admin("GET", "counters")
    assert counters["units"]["total"] == 6
    assert counters["calls"]["gmail.batch"] == 1


def test_batch_part_without_token_uses_that_of_the_whole(owner):
    """Headers of the batch apply to a part that has none of its own."""
    part = b"Content-Type: application/http\r\n\r\nGET /gmail/v1/users/me/profile HTTP/1.1\r\n"
    body = b"--b\r\n" + part + b"\r\n--b--"
    reply = owner.http.call(
        "POST",
        "/batch",
        body,
        content_type='multipart/mixed; boundary="b"',
        authorization=f"Bearer {owner.tokens['accessToken']}",
    )
    assert b"HTTP/1.1 200 OK" in reply.body


def test_client_library_sees_an_error_of_one_part(sandbox, owner, gmail):
    """One failing part is an HttpError of its own; the others have their answers."""
    made = owner.deliver()
    users = gmail(owner, sandbox.url)
    seen = {}
    batch = BatchHttpRequest(
        callback=lambda name, answer, error: seen.update({name: (answer, error)}),
        batch_uri=f"{sandbox.url}/batch/gmail/v1",
    )
    batch.add(users.messages().get(userId="me", id=made), request_id="there")
    batch.add(users.messages().get(userId="me", id="0123456789abcdef"), request_id="gone")
    batch.execute()
    assert seen["there"][0]["id"] == made
    assert isinstance(seen["gone"][1], HttpError)
    assert seen["gone"][1].resp.status == 404
