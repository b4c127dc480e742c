import subprocess
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from gmail_ingest.local.data_directory import Addresses, DataDirectory
from gmail_ingest_lab.commands.demo_view import export_line, line, variables
from gmail_ingest_lab.demo.counting import Count
from gmail_ingest_lab.demo.plan import range_of_the_past
from gmail_ingest_lab.demo.snapshot import MailboxState, Snapshot

ADDRESSES = Addresses("http://dagster", "http://api", "postgresql://db", "http://sandbox")


@pytest.mark.parametrize("name", ["demo", "my demo's $HOME"])
def test_the_printed_line_gives_a_shell_all_it_needs(tmp_path, name):
    """One line, copied into a shell, is the environment of the README's first hour."""
    demo = SimpleNamespace(addresses=ADDRESSES, api_key="gi_key")
    printed = export_line(variables(demo, DataDirectory(tmp_path / name)))
    assert "\n" not in printed
    shown = subprocess.run(
        ["sh", "-c", f"{printed}; env"], env={}, capture_output=True, text=True, check=True
    )
    found = dict(line.split("=", 1) for line in shown.stdout.splitlines())
    start, end = range_of_the_past(datetime.now(UTC).date())
    wanted = {
        "API": "http://api",
        "KEY": "gi_key",
        "SANDBOX": "http://sandbox",
        "FROM": str(start),
        "TO": str(end),
        "GMAIL_INGEST_DATA_DIR": str(tmp_path / name),
        "GMAIL_INGEST_API_URL": "http://api",
        "GMAIL_INGEST_API_KEY": "gi_key",
    }
    assert wanted.items() <= found.items()


def test_a_line_tells_older_mail_apart():
    """What a backfill would bring is shown, and is no part of what is awaited."""
    boxes = (
        MailboxState("acme", "a@x.example", Count(3, 3, older=4, older_stored=1)),
        MailboxState("acme", "b@x.example", Count(2, 1, older=1)),
    )
    assert "4 of 5 stored (1 of 5 older)" in line(Snapshot("initial sync", boxes))
    whole = MailboxState("acme", "a@x.example", Count(3, 3))
    assert "3 of 3 stored, " in line(Snapshot("initial sync", (whole,)))
