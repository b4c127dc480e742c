"""``gmail-ingest why`` against a stand-in for the sidecar."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from gmail_ingest.cli.main import app

FINDING = {
    "mailbox": "sales@acme.example",
    "verdict": "dead_letter",
    "explanation": "The mail was given up after 8 attempts.",
    "next": "Nothing happens until somebody asks for another try.",
    "gmailId": "18f2",
    "ledger": {"fate": "dead", "rule": None, "attempts": 8, "error": "[500]", "source": "live"},
}
ANSWER = {"found": True, "mailboxes": [FINDING], "askGoogleUnits": 0, "google": None}
UNKNOWN = {
    "found": False,
    "mailboxes": [FINDING | {"verdict": "never_listed", "gmailId": None, "ledger": None}],
    "askGoogleUnits": 5,
    "google": None,
}


class Sidecar(HTTPServer):
    """Answers each request with ``answer``, and keeps what it was asked."""

    answer: dict
    asked: list


class Handler(BaseHTTPRequestHandler):
    """Serves the sidecar's one answer."""

    server: Sidecar

    def do_GET(self):
        """Note the question, and answer it."""
        place = urlsplit(self.path)
        query = {name: value for name, (value,) in parse_qs(place.query).items()}
        self.server.asked.append((place.path, query, self.headers["X-API-Key"]))
        body = json.dumps(self.server.answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):  # noqa: A002 - the base's name
        """Say nothing."""


@pytest.fixture
def sidecar(monkeypatch, tmp_path):
    """A sidecar that the environment names."""
    with Sidecar(("127.0.0.1", 0), Handler) as server:
        server.answer, server.asked = ANSWER, []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("GMAIL_INGEST_API_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("GMAIL_INGEST_API_KEY", "gi_key")
        yield server
        server.shutdown()
        thread.join()


def test_why_prints_what_became_of_a_mail(sidecar):
    """Verdict, sentences and facts of each mailbox; empty facts are left out (edge case 2)."""
    result = CliRunner().invoke(app, ["why", "acme", "18f2"], catch_exceptions=False)
    assert result.exit_code == 0
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert lines[0] == "sales@acme.example: dead_letter"
    assert FINDING["explanation"] in lines
    assert FINDING["next"] in lines
    assert "[500]" in result.stdout
    assert "rule" not in result.stdout
    assert sidecar.asked == [
        ("/api/emails/why", {"tenantId": "acme", "messageId": "18f2"}, "gi_key")
    ]


def test_why_tells_what_asking_google_costs(sidecar):
    """The price comes before the question; with the option it is asked."""
    sidecar.answer = UNKNOWN
    result = CliRunner().invoke(app, ["why", "acme", "<a@b.example>"], catch_exceptions=False)
    assert "5 quota units" in result.stderr
    sidecar.answer = UNKNOWN | {
        "askGoogleUnits": 0,
        "google": {"answered": 1, "failed": 0, "units": 5},
    }
    command = ["why", "acme", "<a@b.example>", "--ask-google"]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert "1 mailboxes answered, 0 did not, 5 quota units" in result.stderr
    assert [query.get("askGoogle") for _, query, _ in sidecar.asked] == [None, "true"]


def test_why_prints_one_object_for_programs(sidecar):
    """``--json`` is the API's own answer, on one line."""
    result = CliRunner().invoke(app, ["why", "acme", "18f2", "--json"], catch_exceptions=False)
    assert json.loads(result.stdout) == sidecar.answer
    assert result.stdout.count("\n") == 1
