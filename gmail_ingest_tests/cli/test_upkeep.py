"""Commands of upkeep over the API: dead letters, unlocking, coverage; and who needs a command."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from gmail_ingest.cli import remedies
from gmail_ingest.cli.main import app
from gmail_ingest_tests.cli.commands import exit_code
from gmail_ingest_tests.cli.conftest import Call

LETTER = {
    "gmailId": "18f2",
    "mailbox": "sales@acme.example",
    "threadId": "18f2",
    "attempts": 8,
    "error": "[500]",
    "firstSeenAt": "2026-01-01T00:00:00Z",
    "since": "2026-01-02T00:00:00Z",
}
RANGE = {
    "from": "2026-01-01",
    "to": "2026-01-11",
    "proven": True,
    "days": 10,
    "listed": 5,
    "accounted": 5,
    "pending": 0,
    "missing": 0,
    "vanished": 0,
    "dead": 0,
    "checkedAt": "2026-01-12T00:00:00Z",
}
OPEN = RANGE | {"from": "2026-01-11", "to": "2026-01-13", "proven": False, "days": 2, "missing": 1}


def test_dead_letters_are_listed_with_their_command(sidecar, capsys):
    """The rows, and what tries them again (edge case 117)."""
    sidecar.answer = {"deadLetters": [LETTER], "nextCursor": None}
    assert exit_code(["dead-letters", "list", "acme", "--mailbox", "sales@acme.example"]) == 0
    shown = capsys.readouterr()
    assert "18f2" in shown.out
    assert "[500]" in shown.out
    assert "`gmail-ingest dead-letters retry acme`" in shown.err
    (call,) = sidecar.requests
    assert call.path == "/api/sync/acme/dead-letters"
    assert call.query == {"limit": "100", "mailbox": "sales@acme.example"}


def test_dead_letters_are_read_page_by_page(sidecar, capsys):
    """A limit above a page's is asked for in pages; what is left is said."""
    sidecar.answer = {"deadLetters": [LETTER] * 500, "nextCursor": "next"}
    assert exit_code(["dead-letters", "list", "acme", "--limit", "700", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["more"]
    assert [request.query for request in sidecar.requests] == [
        {"limit": "500"},
        {"limit": "200", "cursor": "next"},
    ]


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ([], {}),
        (["--message", "a", "--message", "b"], {"messageIds": ["a", "b"]}),
        (["--mailbox", "sales@acme.example"], {"mailbox": "sales@acme.example"}),
    ],
)
def test_dead_letters_are_tried_again(sidecar, capsys, options, body):
    """All, those that are named, or those of a mailbox (edge case 117)."""
    sidecar.answer = {"count": 2, "jobId": "j"}
    assert exit_code(["dead-letters", "retry", "acme", *options]) == 0
    assert json.loads(capsys.readouterr().out) == sidecar.answer
    assert sidecar.requests == [
        Call("POST", "/api/sync/acme/dead-letters/retry", {}, body, "gi_key")
    ]


def test_a_message_that_is_no_dead_letter_is_told(sidecar, capsys):
    """Naming what is none changes nothing, and is no success."""
    sidecar.answer = {"count": 0, "jobId": None}
    assert exit_code(["dead-letters", "retry", "acme", "--message", "x"]) == 1
    assert "gmail-ingest why" in capsys.readouterr().err


def test_unlock_frees_a_tenant(sidecar, capsys):
    """What was freed is told (edge case 117)."""
    sidecar.answer = {"tenantId": "acme", "leases": 1, "claims": 2}
    assert exit_code(["sync", "unlock", "acme"]) == 0
    assert json.loads(capsys.readouterr().out) == sidecar.answer
    assert sidecar.requests == [Call("POST", "/api/sync/acme/unlock", {}, None, "gi_key")]


def test_coverage_shows_proven_and_open_days(sidecar, capsys):
    """Ranges as rows, a line a mailbox, and what repairs open days (edge case 117)."""
    boxes = [
        {"address": "sales@acme.example", "ranges": [RANGE, OPEN]},
        {"address": "new@acme.example", "ranges": []},
    ]
    sidecar.answer = {"tenantId": "acme", "mailboxes": boxes}
    assert exit_code(["coverage", "acme", "--from", "2026-01-01"]) == 0
    shown = capsys.readouterr()
    assert "OPEN" in shown.out
    assert "sales@acme.example: 10 days proven complete, 2 open" in shown.err
    assert "new@acme.example: no day was compared yet" in shown.err
    assert "gmail-ingest verify acme --repair" in shown.err
    assert sidecar.requests[0].query == {"from": "2026-01-01"}
    assert exit_code(["coverage", "acme", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == sidecar.answer


DAYS = ["--from", "2026-01-01", "--to", "2026-02-01"]
BACKWARDS = ["--from", "2026-02-01", "--to", "2026-01-01"]


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["coverage", "acme", *BACKWARDS], "--to"),
        (["sync", "history", "acme", *BACKWARDS], "--to"),
        (["sync", "history", "acme", *DAYS, "--dry-run", "--detach"], "--detach"),
        (["sync", "now", "acme", "--initial", "--force"], "--force"),
        (["verify", "acme", *DAYS, "--dry-run", "--repair"], "--repair"),
        (["tenants", "connect", "acme", "--mailbox", "a@acme.example"], "--mailbox"),
        (
            ["tenants", "connect", "acme", "--service-account", __file__, "--port", "1"],
            "--service-account",
        ),
    ],
)
def test_wrong_ranges_and_useless_options_are_refused(sidecar, capsys, command, option):
    """A range that ends before it begins, and an option that another makes void, are errors that
    name it; nothing is asked for.
    """
    assert exit_code(command) == 2
    assert f"error: {option}: " in capsys.readouterr().err
    assert sidecar.requests == []


@pytest.mark.parametrize(
    "problem",
    [
        {"detail": "no mailbox can be synced. Connect this mailbox again."},
        {"detail": "no mailbox can be synced", "action": "Connect this mailbox again."},
    ],
)
def test_a_past_of_a_dead_mailbox_is_refused_with_what_to_do(sidecar, capsys, problem):
    """The API's 409 is one sentence of the command, with its action (edge case 117)."""
    sidecar.status, sidecar.answer = 409, {"title": "Conflict", **problem}
    days = ["--from", "2026-01-01", "--to", "2026-02-01"]
    assert exit_code(["sync", "history", "acme", *days]) == 1
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "the API answered 409: no mailbox can be synced" in shown
    assert shown.count("Connect this mailbox again.") == 1


def finding(verdict, rule=None, state="active", **ledger):
    """A finding as the API gives it."""
    entry = {"rule": rule, **ledger} if rule or ledger else None
    return {"verdict": verdict, "gmailId": "18f2", "ledger": entry, "state": state}


@pytest.mark.parametrize(
    ("found", "command"),
    [
        (finding("dead_letter"), "gmail-ingest dead-letters retry 'a b' --message 18f2"),
        (finding("excluded", rule="no ads"), "gmail-ingest tenants rules list 'a b'"),
        (finding("excluded", rule="spam"), None),
        (
            finding("excluded", rule="outside_range"),
            "gmail-ingest sync history 'a b' --from DAY --to DAY",
        ),
        (finding("disconnected"), "gmail-ingest tenants connect 'a b'"),
        (finding("not_known", state="needs_reauth"), "gmail-ingest tenants connect 'a b'"),
        (finding("not_known"), "gmail-ingest sync 'a b'"),
        (
            finding("retrying", state="suspended", fate="pending"),
            "gmail-ingest tenants connect 'a b'",
        ),
        (finding("retrying", fate="pending"), None),
        (finding("stored"), None),
        (finding("gone"), None),
    ],
)
def test_why_names_the_command_that_helps(found, command):
    """As something to type, quoted for a shell; nothing where nothing helps (edge case 117)."""
    assert remedies.of_finding("a b", found) == command


def test_why_prints_action_and_command(sidecar, capsys):
    """The API's action stays, and the command comes after it."""
    found = finding("not_known", state="needs_reauth") | {
        "mailbox": "sales@acme.example",
        "explanation": "The mailbox was not synced yet.",
        "next": "Nothing.",
        "action": "Connect this mailbox again.",
    }
    sidecar.answer = {"found": False, "mailboxes": [found], "askGoogleUnits": 0, "google": None}
    assert exit_code(["why", "acme", "18f2"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "Connect this mailbox again." in lines
    assert "What helps: gmail-ingest tenants connect acme" in lines


@pytest.mark.parametrize(
    ("state", "cause", "command"),
    [
        ("needs_reauth", "grant_dead", "gmail-ingest tenants connect acme"),
        (
            "needs_reauth",
            "key_refused",
            "gmail-ingest tenants connect acme --service-account KEY.json --mailbox ADDRESS",
        ),
        (
            "needs_reauth",
            "address_moved",
            "gmail-ingest tenants connect acme --service-account KEY.json --mailbox ADDRESS",
        ),
        ("active", "operator", "gmail-ingest doctor"),
        ("active", None, None),
    ],
)
def test_states_name_their_command(state, cause, command):
    """A mailbox that somebody must act on has a command."""
    assert remedies.of_mailbox("acme", state, cause) == command


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        (("coverage", "acme", "--from", "2024"), "must be a day, as 2024-01-31"),
        (("verify", "acme", "--to", "2024-13-01"), "must be a day, as 2024-01-31"),
        (("sync", "history", "acme", "--from", "x", "--to", "2024-02-01"), "or a moment"),
    ],
)
def test_a_day_that_is_none_is_told_in_plain_words(command, wanted):
    """Neither the pattern of a date nor a library's own words are shown."""
    ran = CliRunner().invoke(app, command)
    assert ran.exit_code == 2
    message = " ".join(ran.output.replace("│", " ").split())
    assert wanted in message
    assert "%Y" not in message
