from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import psutil
import psycopg
import psycopg2
import pytest

from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local.embedded_postgres import EmbeddedPostgres

OWNER = """
import sys
from gmail_ingest.local.embedded_postgres import EmbeddedPostgres
with EmbeddedPostgres(sys.argv[1], durable=False) as server:
    print(server._server.pid, flush=True)
    sys.stdin.read()
"""


def plain(url):
    return url.replace("+psycopg2", "").replace("+psycopg", "")


def test_data_survive_a_restart(tmp_path):
    """What was written is there when the server is started again, and both drivers read it."""
    with EmbeddedPostgres(tmp_path / "pg") as server:
        server.create_database("mail")
        server.create_database("mail")
        with psycopg.connect(plain(server.url("mail"))) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS id")
    with EmbeddedPostgres(tmp_path / "pg") as server:
        connection = psycopg2.connect(plain(server.psycopg2_url("mail")))
        cursor = connection.cursor()
        cursor.execute("SELECT id FROM kept")
        assert cursor.fetchall() == [(42,)]
        connection.close()


def test_directory_with_a_long_name_works(tmp_path):
    """A socket does not fit under a long path, and is put elsewhere."""
    with (
        EmbeddedPostgres(tmp_path / ("long" * 30), durable=False) as server,
        psycopg.connect(plain(server.url())) as connection,
    ):
        assert connection.execute("SHOW fsync").fetchone() == ("off",)


def test_port_wants_the_password(tmp_path):
    """On a port, the address works as it is given, and not without its password."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with EmbeddedPostgres(tmp_path / "pg", durable=False, port=port) as server:
        psycopg.connect(plain(server.url())).close()
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgresql://postgres:wrong@127.0.0.1:{port}/postgres")


def test_second_server_on_one_directory_is_refused(tmp_path):
    """Two processes cannot share a directory: the second is told, the first goes on."""
    with EmbeddedPostgres(tmp_path / "pg", durable=False) as server:
        with pytest.raises(ConfigurationError, match="another process"):
            EmbeddedPostgres(tmp_path / "pg", durable=False).start()
        psycopg.connect(plain(server.url())).close()


def test_crashed_server_keeps_its_address_and_what_was_committed(tmp_path):
    """After a crash connections are broken, and a start at the same address recovers the rest
    (edge case 69).
    """
    deep = tmp_path / ("long" * 30)
    with EmbeddedPostgres(deep, durable=True) as server:
        url = plain(server.url())
        connection = psycopg.connect(url, autocommit=True)
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        server.crash()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        connection.close()
        server.start()
        assert plain(server.url()) == url
        with psycopg.connect(url) as again:
            assert again.execute("SELECT one FROM kept").fetchall() == [(1,)]


def test_server_that_does_not_run_cannot_crash(tmp_path):
    """A crash needs a server."""
    with pytest.raises(ConfigurationError, match="does not run"):
        EmbeddedPostgres(tmp_path / "pg").crash()


def test_server_ends_with_a_killed_owner(tmp_path):
    """No process is left behind when the owner had no chance to stop the server."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "pg")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as owner:
        assert owner.stdout is not None
        server = psutil.Process(int(owner.stdout.readline()))
        family = [server, *server.children(recursive=True)]
        os.kill(owner.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=20)
    assert alive == []
