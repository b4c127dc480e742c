import json
import os
import signal
import sys

import psycopg
import pytest

from gmail_ingest.local.databases import embedded_server
from gmail_ingest.local.embedded_postgres import EmbeddedPostgres
from gmail_ingest.local.keeper import CrashLoopError, Keeper
from gmail_ingest.local.process import ProcessSpec
from gmail_ingest.local.restarts import Restarts
from gmail_ingest.local.supervisor import Supervisor
from gmail_ingest_tests.cli.waiting import eventually


def test_restarts_wait_longer_each_time_and_end():
    """The pause doubles, has a longest, and after the limit there is none."""
    restarts = Restarts(limit=4, window_seconds=100, first_pause_seconds=1, longest_pause_seconds=3)
    assert [restarts.died("x", at) for at in range(5)] == [1, 2, 3, 3, None]
    assert restarts.crashes("x") == 5


def test_restarts_forget_deaths_of_long_ago_and_tell_processes_apart():
    """A process that dies once a day is started again for ever; one does not count for another."""
    restarts = Restarts(limit=1, window_seconds=100, first_pause_seconds=1)
    assert [restarts.died("x", at) for at in (0, 200, 400)] == [1, 1, 1]
    assert restarts.died("y", 400) == 1


@pytest.fixture
def supervisor(tmp_path):
    made = Supervisor(logs=tmp_path, directory=tmp_path)
    yield made
    made.close()


def ended(supervisor, name):
    """Wait until a child has ended."""
    eventually(lambda: supervisor.child(name).exit_code() is not None)


def test_keeper_starts_what_died_again_after_a_pause(supervisor, tmp_path):
    """A killed process is told of, and is back after its pause; the others are left alone."""
    child = supervisor.start(
        ProcessSpec("sidecar", (sys.executable, "-c", "import time; time.sleep(600)"), {})
    )
    other = supervisor.start(
        ProcessSpec("daemon", (sys.executable, "-c", "import time; time.sleep(600)"), {})
    )
    reported = []
    keeper = Keeper(
        supervisor, tmp_path, notify=reported.append, restarts=Restarts(first_pause_seconds=10)
    )
    keeper.look(0.0)
    assert reported == []
    os.kill(child.group, signal.SIGKILL)
    ended(supervisor, "sidecar")
    keeper.look(1.0)
    keeper.look(10.9)
    assert supervisor.child("sidecar") is child
    keeper.look(11.0)
    assert supervisor.child("sidecar").group != child.group
    assert supervisor.child("daemon") is other
    assert reported == [
        "sidecar was ended by signal 9; starting it again in 10 s (1 of 5)",
        "started sidecar again",
    ]
    lines = [json.loads(line) for line in (tmp_path / "up.log").read_text().splitlines()]
    assert [(line["event"], line["what"]) for line in lines] == [
        ("ended", "sidecar"),
        ("restarted", "sidecar"),
    ]


def test_keeper_ends_with_the_log_of_a_process_that_keeps_dying(supervisor, tmp_path):
    """After the limit the deployment ends, with the process, the number and what its log says."""
    code = "import sys; print('no such table'); sys.exit(3)"
    supervisor.start(ProcessSpec("daemon", (sys.executable, "-c", code), {}))
    keeper = Keeper(supervisor, tmp_path, notify=lambda _: None, restarts=Restarts(limit=2))
    for now in (0.0, 10.0, 20.0, 30.0):
        ended(supervisor, "daemon")
        keeper.look(now)
        keeper.look(now + 5)
        if now == 10.0:
            break
    ended(supervisor, "daemon")
    with pytest.raises(CrashLoopError, match=r"daemon ended 3 times(?s:.*)no such table"):
        keeper.look(20.0)


def test_keeper_starts_postgres_again_where_it_was(supervisor, tmp_path):
    """An embedded PostgreSQL that was killed is back at its address, with what was committed."""
    with embedded_server(tmp_path / "postgres", durable=True) as server:
        address = server.url().replace("+psycopg", "")
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        keeper = Keeper(supervisor, tmp_path, notify=lambda _: None, server=server)
        keeper.look(0.0)
        os.kill(_server_pid(tmp_path), signal.SIGKILL)
        eventually(lambda: server.exit_code() is not None)
        keeper.look(1.0)
        keeper.look(2.0)
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
        assert isinstance(server, EmbeddedPostgres)
    log = [
        json.loads(line) for line in (tmp_path / "logs" / "postgres.log").read_text().splitlines()
    ]
    assert {entry["process"] for entry in log} == {"postgres"}


def _server_pid(root) -> int:
    """The process id of the server."""
    return int((root / "postgres" / "cluster" / "postmaster.pid").read_text().partition("\n")[0])
