"""``gmail-ingest tenants disconnect`` against a stand-in for the sidecar."""

import json

import pytest
from typer.testing import CliRunner

from gmail_ingest.cli.main import app
from gmail_ingest.errors import InvalidInputError

ANSWER = {"mailbox": "ann@acme.example", "tenantState": "connected", "complete": True}


def disconnect(*arguments):
    """Run ``tenants disconnect``; it must succeed."""
    command = ["tenants", "disconnect", "acme", *arguments]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_one_mailbox_is_disconnected_by_its_address(sidecar):
    """The option narrows the call to the mailbox (case 21, edge case 101)."""
    sidecar.answer = ANSWER
    shown = json.loads(disconnect("--mailbox", "ann@acme.example").stdout)
    assert shown == ANSWER
    disconnect()
    path = "/api/integrations/acme"
    requests = [(request.verb, request.path) for request in sidecar.requests]
    assert requests == [("DELETE", f"{path}/mailboxes/ann%40acme.example"), ("DELETE", path)]


def test_an_empty_mailbox_is_not_all_of_them(sidecar):
    """A script's variable that is empty, or no address, disconnects nobody (edge case 101)."""
    for given in ("", " ", "..", "ann"):
        with pytest.raises(InvalidInputError, match="--mailbox"):
            disconnect("--mailbox", given)
    assert sidecar.requests == []
