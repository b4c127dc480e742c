"""The lines of the README work as they stand."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
ADDRESS = "ann@shop.example"


def blocks(kind):
    """The README's blocks of a language, in order."""
    return re.findall(rf"^```{kind}\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)


def output_of(command, folder, url):
    """What a command prints, which must not fail."""
    environment = {"PATH": os.environ["PATH"], "SANDBOX": url}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_thread_of_the_readme_runs(tmp_path):
    """A sandbox in a thread is as short as the README says."""
    in_thread, _ = blocks("python")
    program = [sys.executable, "-c", in_thread]
    environment = {"PYTHONPATH": str(README.parents[1])}
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.startswith("http://127.0.0.1:"), done.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's lines are for curl")
def test_clients_of_the_readme_read_a_mailbox(sandbox, tmp_path):
    """A mailbox made with curl is read with curl and with Google's client for Python."""
    head = 'set -eu; curl() { command curl -fsS --noproxy "*" "$@"; }\n'
    listed = output_of(["sh", "-c", head + "".join(blocks("sh"))], tmp_path, sandbox.url)
    assert json.loads((tmp_path / "ann.json").read_text())["address"] == ADDRESS
    assert len(json.loads(listed)["messages"]) == 3
    _, client = blocks("python")
    assert "'messages': [{'id': '" in output_of(
        [sys.executable, "-c", client], tmp_path, sandbox.url
    )
