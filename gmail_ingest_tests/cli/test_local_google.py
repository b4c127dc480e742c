"""``gmail-ingest`` with the local Google, and without it."""

import json
import signal
import subprocess
import sys

import pytest

from gmail_ingest_tests.cli.commands import exit_code

PROGRAM = "from gmail_ingest.cli.main import run; run()"


@pytest.mark.parametrize("command", [["demo"], ["rehearse"], ["bench", "units"], ["sandbox"]])
def test_commands_name_what_is_not_installed(command, monkeypatch, capsys):
    """Without gmail-sandbox a command that needs it says so, and starts nothing."""
    monkeypatch.setitem(sys.modules, "gmail_sandbox", None)  # as Python knows what is not there
    assert exit_code(command) == 2
    assert "install gmail-sandbox" in " ".join(capsys.readouterr().err.split())


def test_other_commands_do_without_it(monkeypatch, capsys):
    """Where the service alone is installed, its commands are there."""
    monkeypatch.setitem(sys.modules, "gmail_sandbox", None)
    assert exit_code(["settings", "--format", "env"]) == 0
    assert "DATABASE_URL" in capsys.readouterr().out


def test_sandbox_runs_until_it_is_told_to_end(tmp_path):
    """`gmail-ingest sandbox` is the sandbox itself: its options, its output, its signals."""
    command = [sys.executable, "-c", PROGRAM, "sandbox", "--port", "0", "--seed", "3"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            started = json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
    assert started["url"].startswith("http://127.0.0.1:")
    assert process.returncode == 0
