"""``gmail-ingest why`` against a stand-in for the sidecar."""

import json

import pytest
from typer.testing import CliRunner

from gmail_ingest.cli.main import app
from gmail_ingest_tests.cli.conftest import Call

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


@pytest.fixture(autouse=True)
def answer(sidecar):
    """What the sidecar says, unless a test says otherwise."""
    sidecar.answer = ANSWER


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
    query = {"tenantId": "acme", "messageId": "18f2"}
    assert sidecar.requests == [Call("GET", "/api/emails/why", query, None, "gi_key")]


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
    assert [request.query.get("askGoogle") for request in sidecar.requests] == [None, "true"]


def test_why_prints_one_object_for_programs(sidecar):
    """``--json`` is the API's own answer, on one line."""
    result = CliRunner().invoke(app, ["why", "acme", "18f2", "--json"], catch_exceptions=False)
    assert json.loads(result.stdout) == sidecar.answer
    assert result.stdout.count("\n") == 1
