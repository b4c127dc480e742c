"""The command line's upkeep against the sidecar itself, not a stand-in."""

from __future__ import annotations

import json

import pytest

from gmail_ingest_tests.cli.commands import exit_code


@pytest.fixture
def command(api, google, monkeypatch, tmp_path, capsys):
    """Run a command against a sidecar with a mailbox, a dead letter and compared days."""
    api.connect("acme", google.mailbox("kim@crm.test"))
    api.database.execute(
        "INSERT INTO message_ledger (mailbox_id, gmail_id, thread_id, origin, fate, attempts,"
        " error, decided_at) SELECT id, 'dead1', 't', 'listing', 'dead', 8, '[500]', now()"
        " FROM mailboxes"
    )
    api.database.execute(
        "INSERT INTO coverage (mailbox_id, day, ids_listed, ids_accounted, ids_pending,"
        " ids_missing, ids_vanished, ids_dead, checked_at, proven_at)"
        " SELECT m.id, date '2026-05-01' + n, 1, 1, 0, 0, 0, 0, now(),"
        " CASE WHEN n <> 3 THEN now() END FROM mailboxes m, generate_series(0, 5) n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GMAIL_INGEST_API_URL", api.url)
    monkeypatch.setenv("GMAIL_INGEST_API_KEY", api.key)

    def run(*words, code=0):
        assert exit_code(list(words)) == code
        return capsys.readouterr()

    return run


def test_upkeep_reads_what_the_sidecar_says(command):
    """Each command understands the API's own answer (edge case 117)."""
    listed = command("dead-letters", "list", "acme")
    assert "dead1" in listed.out
    retry = "gmail-ingest dead-letters retry acme --message dead1"
    assert retry in command("why", "acme", "dead1").out
    days = command("coverage", "acme", "--from", "2026-05-02").err
    assert "kim@crm.test: 4 days proven complete, 1 open" in days
    retried = json.loads(command("dead-letters", "retry", "acme", "--message", "dead1").out)
    assert retried["count"] == 1
    assert json.loads(command("dead-letters", "list", "acme", "--json").out)["deadLetters"] == []
    assert json.loads(command("sync", "unlock", "acme").out)["tenantId"] == "acme"


def test_upkeep_of_an_unknown_tenant_is_one_sentence(command):
    """The API's 404 is the command's error."""
    for words in (["dead-letters", "list"], ["dead-letters", "retry"], ["coverage"], ["sync"]):
        message = command(*words, "nobody", code=1).err
        assert message.startswith("error: the API answered 404: ")
        assert message.count("\n") == 1
