from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from gmail_sandbox.tests.conftest import Http, make_owner


@pytest.fixture
def start(tmp_path):
    """Start the sandbox as a process of its own, and end it with the test."""
    started = []

    def run(*options):
        ready = tmp_path / "ready.json"
        command = [sys.executable, "-m", "gmail_sandbox", "--ready-file", str(ready)]
        process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        line = process.stdout.readline()
        return process, json.loads(line) if line else None, ready

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_process_serves_until_it_is_told_to_end(start, end):
    """The process says where it listens, serves, and ends cleanly on either signal."""
    process, said, ready = start("--seed", "3", "--user-units-per-minute", "0")
    assert json.loads(ready.read_text()) == said
    assert said["url"].startswith("http://127.0.0.1:")
    http_call = Http(said["url"])
    owner = make_owner(http_call, messages=5)
    assert len(owner.get("messages").json()["messages"]) > 0
    assert http_call.admin("GET", "limits")["userPerMinute"] is None
    process.send_signal(end)
    _, errors = process.communicate(timeout=20)
    http_call.connection.close()
    assert (process.returncode, errors) == (0, "")


def test_process_that_cannot_listen_says_so(start):
    """An address that is not this machine's is a short message and exit code 1."""
    process, said, _ = start("--host", "203.0.113.1")
    _, errors = process.communicate(timeout=20)
    assert said is None
    assert process.returncode == 1
    assert errors.startswith("the sandbox cannot start on ")
    assert "choose another --port" in errors


def test_process_pushes_to_the_endpoint_it_was_given(start, receiver):
    """A push endpoint may be given at the start."""
    _, said, _ = start("--push-endpoint", receiver.url, "--push-service-account", "p@x.test")
    http_call = Http(said["url"])
    owner = make_owner(http_call)
    owner.post("watch", {"topicName": "projects/sandbox-project/topics/gmail-push"})
    assert receiver.next().headers["authorization"].startswith("Bearer ")
    http_call.connection.close()
