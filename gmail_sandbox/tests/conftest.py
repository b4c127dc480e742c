from __future__ import annotations

import copy
import http.client
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode, urlsplit

import google_auth_httplib2
import httplib2
import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document

from gmail_sandbox.api.discovery import document
from gmail_sandbox.server import Sandbox, SandboxThread
from gmail_sandbox.settings import Limits, SandboxSettings

READONLY = "https://www.googleapis.com/auth/gmail.readonly"
METADATA = "https://www.googleapis.com/auth/gmail.metadata"


@dataclass
class Reply:
    """What a raw HTTP call got."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        """Return the reason of Google's first error."""
        return self.json()["error"]["errors"][0]["reason"]


class Http:
    """One keep-alive connection to a sandbox, without any library's habits."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)

    def call(self, verb: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send a request; header names are given with ``_`` for ``-``."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        self.connection.request(verb, path, body, sent)
        answer = self.connection.getresponse()
        content = answer.read()
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, content)

    def admin(self, verb: str, path: str, body: Any = None, **headers: str) -> Any:
        """Make an admin call that must succeed."""
        reply = self.call(verb, f"/sandbox/{path}", body, **headers)
        assert reply.status < 300, reply.body
        return reply.json()

    def form(self, path: str, **fields: str) -> Reply:
        """Post a form."""
        kind = "application/x-www-form-urlencoded"
        return self.call("POST", path, urlencode(fields), content_type=kind)


def await_counters(http_call: Http, reached: Callable[[Any], bool]) -> Any:
    """Ask for the counters until they fit, and return them."""
    deadline = time.monotonic() + 20
    while not reached(counters := http_call.admin("GET", "counters")):
        assert time.monotonic() < deadline, counters
    return counters


@dataclass
class Owner:
    """A mailbox with tokens, and short words for what tests do with it."""

    http: Http
    tokens: dict[str, Any]
    address: str = field(init=False)

    def __post_init__(self) -> None:
        self.address = self.tokens["address"]

    def get(self, path: str, token: str | None = None, **query: Any) -> Reply:
        """Call a GET method of Gmail."""
        text = f"?{urlencode(query, doseq=True)}" if query else ""
        return self.http.call(
            "GET",
            f"/gmail/v1/users/me/{path}{text}",
            authorization=f"Bearer {token or self.tokens['accessToken']}",
        )

    def post(self, path: str, body: dict[str, Any]) -> Reply:
        """Call a POST method of Gmail."""
        return self.http.call(
            "POST",
            f"/gmail/v1/users/me/{path}",
            body,
            authorization=f"Bearer {self.tokens['accessToken']}",
        )

    def deliver(self, subject: str = "Offer", **query: Any) -> str:
        """Deliver a small mail, and return its id."""
        head = f"From: Ann <ann@shop.test>\r\nTo: {self.address}\r\nSubject: {subject}\r\n"
        raw = f"{head}\r\nHello\r\n"
        text = f"?{urlencode(query)}" if query else ""
        path = f"mailboxes/{self.address}/deliver{text}"
        done = self.http.admin("POST", path, raw.encode(), content_type="message/rfc822")
        return done["messages"][0]["id"]

    def admin(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Make an admin call about the mailbox that must succeed."""
        return self.http.admin("POST", f"mailboxes/{self.address}/{path}", body or {})


@pytest.fixture
def make_sandbox() -> Iterator[Callable[..., SandboxThread]]:
    """Start sandboxes that end with the test."""
    running: list[SandboxThread] = []

    def make(limits: Limits | None = None, **settings: Any) -> SandboxThread:
        sandbox = Sandbox.in_thread(SandboxSettings(**settings), limits)
        running.append(sandbox.__enter__())
        return sandbox

    yield make
    for sandbox in running:
        sandbox.__exit__(None, None, None)


@pytest.fixture
def sandbox(make_sandbox: Callable[..., SandboxThread]) -> SandboxThread:
    """A sandbox with its defaults."""
    return make_sandbox()


@pytest.fixture
def connect() -> Iterator[Callable[[SandboxThread], Http]]:
    """Open connections that close with the test."""
    opened: list[Http] = []

    def make(sandbox: SandboxThread) -> Http:
        opened.append(Http(sandbox.url))
        return opened[-1]

    yield make
    for connection in opened:
        connection.connection.close()


@pytest.fixture
def http_call(sandbox: SandboxThread, connect: Callable[[SandboxThread], Http]) -> Http:
    """A connection to the default sandbox."""
    return connect(sandbox)


@pytest.fixture
def owner(http_call: Http) -> Owner:
    """A mailbox of the default sandbox."""
    return make_owner(http_call)


def make_owner(http_call: Http, address: str = "kim@crm.test", **body: Any) -> Owner:
    """Make a mailbox."""
    return Owner(http_call, http_call.admin("POST", "mailboxes", {"address": address, **body}))


@pytest.fixture
def gmail() -> Iterator[Callable[[Owner, str], Any]]:
    """Build Google's own client over a mailbox; its connections close with the test."""
    opened: list[httplib2.Http] = []

    def make(owner: Owner, url: str) -> Any:
        described = copy.deepcopy(document())
        described["rootUrl"] = f"{url}/"
        described["batchPath"] = "batch/gmail/v1"
        described.pop("mtlsRootUrl")
        tokens = owner.tokens
        # With a token from the start, batches need no refresh: the library leaks its connection.
        credentials = Credentials(
            tokens["accessToken"],
            refresh_token=tokens["refreshToken"],
            token_uri=tokens["tokenUri"],
            client_id=tokens["clientId"],
            client_secret=tokens["clientSecret"],
            scopes=tokens["scopes"],
        )
        opened.append(httplib2.Http(timeout=20))
        authorized = google_auth_httplib2.AuthorizedHttp(credentials, http=opened[-1])
        return build_from_document(described, http=authorized).users()

    yield make
    for transport in opened:
        transport.close()


@dataclass
class Push:
    """One push that the receiver got."""

    headers: dict[str, str]
    content: dict[str, Any]


class Quiet(ThreadingHTTPServer):
    """A server that does not print what clients do to their connections."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: a sandbox that ends resets its connections."""


class Receiver:
    """A push endpoint that answers with scripted statuses, 204 when they run out."""

    def __init__(self) -> None:
        self.pushes: queue.Queue[Push] = queue.Queue()
        self.statuses: queue.Queue[int] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = 204 if receiver.statuses.empty() else receiver.statuses.get()
                self.send_response(status)
                if status != 204:
                    self.send_header("content-length", "0")
                self.end_headers()
                receiver.pushes.put(Push(headers, json.loads(body)))

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/push?token=abc"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def next(self, timeout: float = 10) -> Push:
        """Wait for a push."""
        return self.pushes.get(timeout=timeout)

    def close(self) -> None:
        """End the server."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A push endpoint."""
    receiver = Receiver()
    yield receiver
    receiver.close()
