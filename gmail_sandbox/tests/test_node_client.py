"""A client in another language: Google's own for Node reads a mailbox of the sandbox."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "node"
#: What the client needs.
OLDEST_NODE = 18
#: To fetch the client, once in a checkout; to read the mailbox.
INSTALL_SECONDS, READ_SECONDS = 15, 15


@pytest.fixture
def node_modules(request, tmp_path):
    """A folder in which Node finds the client: fetched once, and kept in pytest's cache."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    if int(re.match(r"v(\d+)", version)[1]) < OLDEST_NODE:
        pytest.skip(f"Node {version.strip()} is older than {OLDEST_NODE}, which the client needs")
    kept = request.config.cache.mkdir("gmail-sandbox-node")
    wanted = (PROGRAM / "package.json").read_text()
    described = kept / "package.json"
    if not (described.exists() and described.read_text() == wanted):
        fetched = tmp_path / "client"
        fetch(fetched, wanted)
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(fetched, kept, symlinks=True, dirs_exist_ok=True)
    return kept


def fetch(folder, described):
    """Let npm fetch the client, or skip the test."""
    folder.mkdir()
    (folder / "package.json").write_text(described)
    options = ["--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(
            ["npm", "install", *options],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not fetch @googleapis/gmail within {INSTALL_SECONDS} s")
    if done.returncode != 0:
        pytest.skip(f"npm cannot fetch @googleapis/gmail: {done.stderr.strip()[:200]}")


def test_node_client_reads_a_mailbox(node_modules, sandbox, owner):
    """With ``rootUrl`` alone, the client lists page by page, gets a message, its attachment, its
    thread and the history since, and understands a refusal.
    """
    older = [owner.deliver(subject) for subject in ("One", "Two")]
    since = owner.get("profile").json()["historyId"]
    first = owner.deliver("Three")
    raw = (
        "From: Ann <ann@shop.test>\r\nTo: kim@crm.test\r\nSubject: Re: Three\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nHere it is.\r\n"
        '--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename="list.csv"\r\n'
        "\r\na,b\r\n--b--\r\n"
    )
    thread_id = owner.get(f"messages/{first}", format="minimal").json()["threadId"]
    delivered = owner.http.admin(
        "POST",
        f"mailboxes/{owner.address}/deliver?threadId={thread_id}",
        raw.encode(),
        content_type="message/rfc822",
    )
    answer = delivered["messages"][0]["id"]
    done = subprocess.run(
        ["node", "--input-type=module", "-"],
        cwd=node_modules,
        input=(PROGRAM / "read_mailbox.mjs").read_text(),
        env={
            "PATH": os.environ["PATH"],
            "SANDBOX": sandbox.url,
            "TOKEN": owner.tokens["accessToken"],
            "SINCE": since,
        },
        capture_output=True,
        text=True,
        timeout=READ_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "listed": [answer, first, *reversed(older)],
        "subject": "Re: Three",
        "filename": "list.csv",
        "content": "a,b",
        "thread": [first, answer],
        "added": [first, answer],
        "missing": 404,
    }
