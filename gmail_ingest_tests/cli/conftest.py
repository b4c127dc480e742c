"""A stand-in for the sidecar, for commands that ask it."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest


@dataclass(frozen=True)
class Call:
    """A request as the sidecar saw it."""

    verb: str
    path: str
    query: dict[str, str]
    body: Any
    key: str


class Sidecar(HTTPServer):
    """Answers each request with ``answer``, and keeps what it was asked."""

    answer: dict
    requests: list[Call]
    status: int = 200


class Handler(BaseHTTPRequestHandler):
    """Serves the sidecar's one answer."""

    server: Sidecar

    def _answer(self):
        sent = self.rfile.read(int(self.headers["Content-Length"] or 0))
        place = urlsplit(self.path)
        query = {name: value for name, (value,) in parse_qs(place.query).items()}
        body = json.loads(sent) if sent else None
        call = Call(self.command, place.path, query, body, self.headers["X-API-Key"])
        self.server.requests.append(call)
        content = json.dumps(self.server.answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 - the base looks for these names

    def log_message(self, format, *args):  # noqa: A002 - the base's name
        """Say nothing."""


@pytest.fixture
def google() -> Iterator[str]:
    """The address of something that answers every call, as Google does without credentials."""
    with Sidecar(("127.0.0.1", 0), Handler) as server:
        server.answer, server.requests = {}, []
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def sidecar(monkeypatch, tmp_path) -> Iterator[Sidecar]:
    """A sidecar that the environment names; a test sets its ``answer``."""
    with Sidecar(("127.0.0.1", 0), Handler) as server:
        server.answer, server.requests = {}, []
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("GMAIL_INGEST_API_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("GMAIL_INGEST_API_KEY", "gi_key")
        yield server
        server.shutdown()
        thread.join()
