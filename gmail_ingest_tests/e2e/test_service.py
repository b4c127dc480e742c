"""The service as its users meet it: HTTP on both sides, a real Dagster daemon in between."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.daemon

SALES = "sales@acme.example"
HELLO = "hello@initech.example"


def test_crm_stays_equal_to_gmail_from_connect_to_disconnect(crm):
    """Initial mail, 200 pushed messages, deletions and labels arrive; after the disconnect nothing
    more does, though the mailbox gets mail that another tenant receives (edge cases 7, 22, 72
    and 73).
    """
    crm.new_mailbox(SALES, 60)
    connected = crm.connect("acme", SALES)
    assert [mailbox["watch"] for mailbox in connected["mailboxes"]] == ["active"]
    crm.until_equal("acme", SALES)
    assert crm.partitions() == {"acme"}

    for burst in range(8):
        crm.deliver(SALES, 25, seed=100 + burst)
    crm.until_equal("acme", SALES)

    ids = sorted(crm.at_google(SALES))
    crm.google("POST", f"mailboxes/{SALES}/delete", {"ids": ids[:5]})
    crm.relabel(SALES, ids[5:10], addLabelIds=["STARRED"], removeLabelIds=["INBOX"])
    crm.relabel(SALES, ids[10:13], addLabelIds=["TRASH"])
    crm.until_equal("acme", SALES)

    crm.connect("globex", SALES)
    crm.until_equal("globex", SALES)

    crm.api("DELETE", "integrations/acme")
    before = crm.in_crm("acme")
    crm.deliver(SALES, 5, seed=999)
    crm.until_equal("globex", SALES)
    assert len(crm.at_google(SALES)) > len(before)
    crm.until(lambda: crm.partitions() == {"globex"}, "the partition's end")
    assert crm.in_crm("acme") == before
    status = crm.api("GET", "sync/acme/status")
    assert status["queue"] == []
    assert {job["state"] for job in status["jobs"]} <= {"succeeded", "cancelled"}


def test_partition_is_materialized_from_the_command_line(crm):
    """A data engineer materializes a tenant's partition by Dagster's own command."""
    crm.new_mailbox(HELLO, 10)
    crm.connect("initech", HELLO)
    crm.until_equal("initech", HELLO)
    crm.until(lambda: "initech" in crm.partitions(), "the partition")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "dagster", "asset", "materialize"),
            *("--select", "gmail/emails", "--partition", "initech"),
            *("-m", "gmail_ingest.definitions"),
        ],
        env=dict(crm.environment),
        cwd=crm.stack.data.root,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    assert "RUN_SUCCESS" in done.stderr
    crm.until_equal("initech", HELLO)


def test_logs_of_all_processes_hold_nothing_private(crm):
    """No address and no token is in any log that the service wrote (promise 8)."""
    logs = "".join(
        path.read_text(errors="replace")
        for path in crm.stack.data.logs.iterdir()
        if path.name.partition(".")[0] != "sandbox"
    )
    assert "sync_ended" in logs
    for private in (SALES, HELLO, crm.key, crm.environment["ENCRYPTION_KEY"], "ya29.", "1//0"):
        assert private not in logs
