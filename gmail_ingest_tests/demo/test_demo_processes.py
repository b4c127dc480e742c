import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from pathlib import Path

import psutil
import pytest
import requests

from gmail_ingest.local.data_directory import DataDirectory
from gmail_ingest.local.environment import variable_names
from gmail_ingest.local.readiness import http_ok, loopback_session
from gmail_ingest_tests.cli.processes_of import processes_mentioning

pytestmark = [
    pytest.mark.daemon,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]

PROGRAM = (sys.executable, "-c", "from gmail_ingest.cli.main import run; run()")
START_SECONDS = 120


@pytest.fixture
def directory():
    """A directory with a short name, since a socket's path must be short."""
    root = Path(tempfile.mkdtemp(prefix="gi-"))
    yield root
    shutil.rmtree(root)


@pytest.fixture
def start(directory):
    """Start the program in a session of its own; it is killed if the test leaves it running."""
    started = []

    def run(*arguments, **environment):
        process = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=directory,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def command(directory, *arguments):
    """Run the program to its end, and return what it printed on standard output."""
    done = subprocess.run([*PROGRAM, *arguments], cwd=directory, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def eventually(found, process=None, seconds=START_SECONDS):
    """Wait, with a deadline, until something is found, and return it."""
    deadline = time.monotonic() + seconds
    while not (result := found()):
        if process is not None and process.poll() is not None:
            pytest.fail(process.stdout.read())
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)
    return result


def test_demo_once_stores_everything_and_leaves_nothing_behind(start, directory):
    """Three tenants, initial sync, pushes and changes, beside a .env that says otherwise in
    everything: no mail is missing, no process is left (edge case 112).
    """
    hostile = "".join(f"{name}=1\n" for name in (*variable_names().values(), "DAGSTER_HOME"))
    (directory / ".env").write_text(hostile)
    process = start(
        *("demo", "--once", "--json", "--keep", str(directory / "demo")),
        *("--messages", "48", "--pushed", "12", "--seed", "7"),
    )
    output, _ = process.communicate(timeout=400)
    found = json.loads(output.splitlines()[-1])
    assert process.returncode == 0, output
    assert (found["tenants"], found["mailboxes"]) == (3, 4)
    # Of the 48, nineteen are older than what the initial sync lists.
    assert found["stored"] == found["atGoogle"] > 29
    assert found["older"]["atGoogle"] > found["older"]["stored"] == 0
    began = found["initialSyncBeganSeconds"]
    assert began["max"] == max(began[tenant] for tenant in ("acme", "globex", "initech"))
    assert "Warning" not in output
    counts = re.findall(r"(\d+) of (\d+) stored", output)
    assert counts
    assert all(int(stored) <= int(wanted) for stored, wanted in counts), output
    assert [found[name] for name in ("missing", "doubled", "wrongThreads", "unfindable")] == [0] * 4
    assert set(found["pushToRowSeconds"]) == {"p50", "p95"}
    assert found["runs"]["SUCCESS"] >= 3
    assert processes_mentioning(str(directory)) == {}


def test_demo_takes_a_hand_and_ends_on_interrupt(start, directory):
    """While it runs, a tenant can be materialized by Dagster's command line; Ctrl-C ends all."""
    home = directory / "demo"
    process = start("demo", "--keep", str(home), "--messages", "12")
    running = eventually(DataDirectory(home).running, process)
    partition = eventually(lambda: _partitions(running.addresses.dagster), process)
    assert "acme" in partition
    command(
        directory,
        *("exec", "--data-dir", str(home), "dagster", "asset", "materialize"),
        *("--select", "gmail/emails", "--partition", "acme", "-m", "gmail_ingest.definitions"),
    )
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert DataDirectory(home).running() is None
    assert processes_mentioning(str(directory)) == {}


def test_up_serves_and_dies_whole_when_killed(start, directory):
    """The service starts from the environment alone, starts a sidecar that was killed again, and
    logs one form; after SIGKILL no process of it is left.
    """
    process = start("up", ENCRYPTION_KEY=b64encode(secrets.token_bytes(32)).decode())
    running = eventually(DataDirectory(directory / ".gmail-ingest").running, process)
    key = command(directory, "keys", "create", "crm").strip()
    answer = requests.get(
        f"{running.addresses.api}/api/emails",
        params={"tenantId": "nobody"},
        headers={"X-API-Key": key},
        timeout=20,
    )
    assert answer.status_code == 404
    status = json.loads(command(directory, "status", "--json"))
    assert status["running"]["api"] == running.addresses.api
    (sidecar,) = (
        child
        for child in psutil.Process(process.pid).children()
        if "webhook_api" in child.cmdline()
    )
    sidecar.kill()
    eventually(lambda: not sidecar.is_running())
    eventually(lambda: http_ok(loopback_session(), f"{running.addresses.api}/readyz"), process)
    logs = directory / ".gmail-ingest" / "logs"
    lines = [
        json.loads(line) for log in logs.glob("*.log") for line in log.read_text().splitlines()
    ]
    assert all({"event", "level", "timestamp", "process"} <= line.keys() for line in lines)
    assert {"up", "sidecar", "postgres", "daemon", "webserver", "code-server"} <= {
        line["process"] for line in lines
    }
    process.kill()
    process.wait()
    eventually(lambda: not processes_mentioning(str(directory)), seconds=30)


def test_up_refuses_to_start_without_a_key(start):
    """Without an encryption key nothing is started, and the text says what to do."""
    process = start("up", ENCRYPTION_KEY="")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "gmail-ingest keys generate-encryption" in output


def _partitions(url):
    """The tenants that Dagster knows."""
    query = (
        '{ assetNodeOrError(assetKey: {path: ["gmail", "emails"]}) '
        "{ ... on AssetNode { partitionKeys } } }"
    )
    answer = requests.post(f"{url}/graphql", json={"query": query}, timeout=20).json()
    return answer["data"]["assetNodeOrError"].get("partitionKeys")
