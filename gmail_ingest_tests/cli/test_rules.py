"""``gmail-ingest tenants rules`` against a stand-in for the sidecar."""

import json

from typer.testing import CliRunner

from gmail_ingest.cli.main import app

RULE = {
    "name": "news",
    "enabled": True,
    "mailbox": None,
    "addresses": [],
    "senders": ["list", "no_reply"],
    "domains": ["shop.example"],
    "hiddenMails": 12,
}
RULES = {"rules": [RULE], "undecidedMailboxes": 2}
DRY_RUN = {
    "total": 12,
    "alreadyHidden": 3,
    "byMailbox": [{"mailbox": "sales@acme.example", "mails": 12}],
    "samples": [
        {
            "gmailId": "18f2",
            "mailbox": "sales@acme.example",
            "date": "2026-05-01T10:00:00Z",
            "sender": "news@shop.example",
            "subject": "This week",
        }
    ],
}
PATH = "/api/tenants/acme/exclusion-rules"


def invoke(*arguments):
    """Run ``tenants rules``; it must succeed."""
    result = CliRunner().invoke(app, ["tenants", "rules", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_rules_are_listed_with_what_they_hide(sidecar):
    """A line for each rule, with its criteria and how many mails it hides."""
    sidecar.answer = RULES
    result = invoke("list", "acme")
    (line,) = [line for line in result.stdout.splitlines() if "news" in line]
    for part in ("yes", "all", "senders: list, no_reply; domains: shop.example", "12"):
        assert part in line
    assert "2 mailboxes" in result.stderr
    assert json.loads(invoke("list", "acme", "--json").stdout) == RULES
    assert [(request.verb, request.path) for request in sidecar.requests] == [("GET", PATH)] * 2


def test_a_rule_is_put_as_the_options_say(sidecar):
    """Options that are not given are empty lists."""
    sidecar.answer = {"rule": RULE, "jobId": "1"}
    result = invoke(
        *("set", "acme", "news", "--sender", "list", "--sender", "no_reply"),
        *("--internal-domain", "acme.example", "--mailbox", "sales@acme.example", "--disabled"),
    )
    assert json.loads(result.stdout) == sidecar.answer
    (call,) = sidecar.requests
    assert (call.verb, call.path, call.key) == ("PUT", f"{PATH}/news", "gi_key")
    assert call.body == {
        "addresses": [],
        "domains": [],
        "internalDomains": ["acme.example"],
        "internalAddresses": [],
        "categories": [],
        "labels": [],
        "senders": ["list", "no_reply"],
        "mailbox": "sales@acme.example",
        "enabled": False,
    }


def test_a_dry_run_shows_counts_and_samples(sidecar):
    """Nothing is put; the newest mails are shown."""
    sidecar.answer = DRY_RUN
    command = ("set", "acme", "news", "--domain", "shop.example", "--dry-run")
    result = invoke(*command)
    assert "12 stored mails; 3 of them" in result.stderr
    for part in ("sales@acme.example", "news@shop.example", "This week", "18f2"):
        assert part in result.stdout
    assert json.loads(invoke(*command, "--json").stdout) == DRY_RUN
    calls = [(request.verb, request.path) for request in sidecar.requests]
    assert calls == [("POST", f"{PATH}/dry-run")] * 2


def test_a_rule_is_deleted(sidecar):
    """By its name."""
    sidecar.answer = {"jobId": None}
    assert json.loads(invoke("delete", "acme", "news").stdout) == {"jobId": None}
    assert [(request.verb, request.path) for request in sidecar.requests] == [
        ("DELETE", f"{PATH}/news")
    ]
