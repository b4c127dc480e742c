"""Every command beside a database that it cannot use: one sentence, no traceback, no password."""

from __future__ import annotations

import json
import socketserver
import subprocess
import sys
import threading

import psycopg
import pytest

from gmail_ingest.cli.main import run
from gmail_ingest.local.environment import variable_names
from gmail_ingest_tests.cli.commands import OWN_WORLDS, every_command, exit_code, own_logging
from gmail_ingest_tests.conftest import plain_url

PASSWORD = "hunter2"
#: Commands that need the mail's database; the others go through the sidecar, or need neither.
OF_THE_DATABASE = {
    ("status",),
    ("tenants", "list"),
    ("verify",),
    ("keys", "create"),
    ("keys", "list"),
    ("keys", "revoke"),
    ("keys", "reseal"),
    ("doctor",),
}
DAGSTERS = """
CREATE TABLE event_logs (id int); CREATE TABLE runs (id int);
CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('29b539ebc72a')
"""
ANOTHERS = """
CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('abc')
"""
#: What makes a database the wrong one, and what every command says of it.
WRONG = {
    "nothing listens": (None, "nothing listens there"),
    "unknown host": (None, "the host's name is not known"),
    "unknown name": (None, "the server has no database of this name"),
    "unknown user": (None, "the server does not know the user"),
    "wrong scheme": (None, "not with mysql://"),
    "no address": (None, "DATABASE_URL must be an address"),
    "wrong port": (None, "DATABASE_URL cannot be read as an address"),
    "unknown option": (None, "has an option after ? that PostgreSQL does not know"),
    "the same for both": (None, "name the same database"),
    "not migrated": ("SELECT", "not migrated: run `gmail-ingest db upgrade`"),
    "older": ("UPDATE alembic_version SET version_num = '0003'", "run `gmail-ingest db upgrade`"),
    "newer": ("UPDATE alembic_version SET version_num = '9999'", "run a newer release"),
    "Dagster's": (DAGSTERS, "names Dagster's own database"),
    "another's": (ANOTHERS, "that another program migrates"),
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    """No setting comes from the machine that runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in (*variable_names().values(), "DAGSTER_PG_URL", "GMAIL_INGEST_API_URL"):
        monkeypatch.delenv(name, raising=False)
    # Nothing of Google is asked for, and nothing else is wrong.
    for name in ("GMAIL_API_ENDPOINT", "GOOGLE_TOKEN_URI", "GOOGLE_CERTS_URI"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("ENCRYPTION_KEY", "A" * 43 + "=")


@pytest.fixture
def wrong(request, monkeypatch):
    """The environment of a wrong database; what commands say of it."""
    name = request.param
    statements, message = WRONG[name]
    socket = "?host=/no/such/socket"
    url = {
        "nothing listens": f"postgresql+psycopg://u:{PASSWORD}@127.0.0.1:1/mail",
        "unknown host": f"postgresql://u:{PASSWORD}@no.such.host.invalid/mail",
        "wrong scheme": f"mysql://u:{PASSWORD}@127.0.0.1/mail",
        "no address": PASSWORD,
        "wrong port": f"postgresql://u:{PASSWORD}@127.0.0.1:port/mail",
        "unknown option": f"postgresql://u:{PASSWORD}@127.0.0.1/mail?{PASSWORD}=1",
        "the same for both": f"postgresql+psycopg://u:{PASSWORD}@DB/mail{socket}",
    }.get(name)
    dagster = f"postgresql+psycopg2://other@DB/dagster{socket}"
    if name == "the same for both":
        dagster = url.replace("+psycopg", "+psycopg2").replace(PASSWORD, "x")
    elif name in {"unknown name", "unknown user"}:
        server = request.getfixturevalue("postgres")
        url = server.url("nowhere")
        if name == "unknown user":
            url = server.url().replace("postgres@", f"ghost:{PASSWORD}@")
    elif name in {"not migrated", "Dagster's", "another's"}:
        url = request.getfixturevalue("empty_database_url")
    elif url is None:
        url = request.getfixturevalue("database_url")
    if statements:
        with psycopg.connect(plain_url(url), autocommit=True) as connection:
            connection.execute(statements)
    monkeypatch.setenv("DATABASE_URL", url)
    if name in {"not migrated", "older"}:
        # `up` and `db upgrade` would mend these: they stop at Dagster's.
        dagster = "postgresql+psycopg2://u@127.0.0.1:1/dagster"
    monkeypatch.setenv("DAGSTER_PG_URL", dagster)
    return message


@pytest.mark.parametrize("wrong", WRONG, indirect=True)
def test_every_command_tells_a_wrong_database_in_one_sentence(wrong, capsys):
    """Each command of the app ends well or in one error line; those of the database say what is
    wrong with it, and what to do (edge case 115).
    """
    seen = set()
    for words, arguments in every_command():
        if words in OWN_WORLDS:
            continue
        seen.add(words)
        code = exit_code(arguments)
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err, words
        assert PASSWORD not in shown.out + shown.err, words
        if words in OF_THE_DATABASE:
            assert code, words
            assert wrong in shown.out + shown.err, (words, shown)
        if code and words != ("doctor",):
            assert shown.err.count("error: ") == 1, (words, shown)
        if words in {("db", "upgrade"), ("up",)}:
            assert code, words
    assert seen >= OF_THE_DATABASE


@pytest.mark.parametrize("wrong", ["nothing listens", "newer"], indirect=True)
def test_json_commands_tell_the_error_as_json(wrong, capsys):
    """With --json the last line of standard output is an object that holds the error."""
    assert exit_code(["status", "--json"]) in {1, 2}
    printed = json.loads(capsys.readouterr().out)
    assert wrong in printed["error"]
    assert printed["exitCode"] in {1, 2}


def test_unforeseen_errors_show_class_and_place_alone(monkeypatch, capsys):
    """Whatever is raised, no text of it and no traceback is shown (edge case 115)."""
    from gmail_ingest.cli import keys

    def fail(_data_dir):
        raise ZeroDivisionError(PASSWORD)

    monkeypatch.setattr(keys, "stores_of", fail)
    assert exit_code(["keys", "list"]) == 1
    shown = capsys.readouterr().err
    assert "unforeseen ZeroDivisionError at test_wrong_databases.py:" in shown
    assert PASSWORD not in shown
    assert "Traceback" not in shown


def test_debug_shows_the_traceback(monkeypatch, capsys):
    """Whoever asks for all of it gets it."""
    from gmail_ingest.cli import keys

    monkeypatch.setattr(keys, "stores_of", lambda _data_dir: 1 / 0)
    monkeypatch.setenv("GMAIL_INGEST_LOG_LEVEL", "debug")
    assert exit_code(["keys", "list"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("127.0.0.1:1", "must begin with http:// or https://"),
        ("http://127.0.0.1:1", "the sidecar at http://127.0.0.1:1 does not answer"),
        ("http://", "cannot be read"),
        ("ftp://127.0.0.1", "must begin with http:// or https://"),
    ],
)
def test_a_sidecar_that_does_not_answer_is_told_in_one_sentence(monkeypatch, capsys, url, message):
    """Commands of the API name its address and where to mend it."""
    monkeypatch.setenv("GMAIL_INGEST_API_URL", url)
    monkeypatch.setenv("GMAIL_INGEST_API_KEY", PASSWORD)
    assert exit_code(["sync", "acme"]) != 0
    shown = capsys.readouterr().err
    assert message in shown
    assert PASSWORD not in shown
    assert shown.count("\n") == 1


def test_version_is_told():
    """``--version`` prints the distribution's."""
    from importlib.metadata import version

    code = "from gmail_ingest.cli.main import run; run()"
    found = subprocess.run(
        [sys.executable, "-c", code, "--version"], capture_output=True, text=True
    )
    assert (found.returncode, found.stdout) == (0, f"gmail-ingest {version('gmail-ingest')}\n")
    assert found.stderr == ""


def test_warnings_of_libraries_stay_out(monkeypatch, capsys):
    """What a library warns of, or logs, is not what a person at the terminal asked for."""
    import logging
    import warnings

    from gmail_ingest.cli import keys

    def noisy(_data_dir):
        warnings.warn("of a library", DeprecationWarning, stacklevel=1)
        warnings.warn("of a library", UserWarning, stacklevel=1)
        logging.getLogger("library").warning("of a library")
        raise SystemExit(0)

    monkeypatch.setattr(keys, "stores_of", noisy)
    # As outside of tests, where no filter makes errors of warnings.
    monkeypatch.setattr(sys, "warnoptions", [])
    with own_logging(), pytest.raises(SystemExit):
        run(["keys", "list"])
    assert capsys.readouterr().err == ""


class Refusing(socketserver.BaseRequestHandler):
    """Answers whatever it is told as a web server does that understands nothing."""

    def handle(self):
        """Answer once."""
        self.request.recv(1024)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_something_else_than_postgresql_is_told(monkeypatch, capsys):
    """A port where another program listens is not taken for a fault of encryption."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        port = server.server_address[1]
        monkeypatch.setenv("DATABASE_URL", f"postgresql://u@127.0.0.1:{port}/mail")
        assert exit_code(["status"]) == 1
        server.shutdown()
        thread.join()
    assert "what listens there is no PostgreSQL" in capsys.readouterr().err


def test_an_address_may_end_in_a_newline(database_url, monkeypatch):
    """As secrets do that were made by echo."""
    monkeypatch.setenv("DATABASE_URL", f"{database_url}\n")
    assert exit_code(["keys", "list"]) == 0
