"""``gmail-ingest doctor``: what does not answer, and what is sealed with a key that is gone."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from base64 import b64encode

import psycopg
import pytest

from gmail_ingest.adapters.crypto.key_ring import KeyRing
from gmail_ingest.adapters.crypto.sealing import AesGcmSealer
from gmail_ingest.cli.probes import check_google
from gmail_ingest.local.environment import variable_names
from gmail_ingest.settings import Settings
from gmail_ingest.sync.accounts.credentials import OAuthKeys
from gmail_ingest_tests.cli.commands import exit_code
from gmail_ingest_tests.conftest import plain_url
from gmail_ingest_tests.gmail.integrations import insert_integration

KEYS = {"1": bytes(32), "2": bytes(range(32))}
DAGSTERS = """
CREATE TABLE event_logs (id int); CREATE TABLE runs (id int);
CREATE TABLE daemon_heartbeats (daemon_type text, "timestamp" timestamp);
"""
#: One that the installed Dagster knows, and that is not its newest.
REVISION = """
CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('f495c27d5019')
"""
SILENT = """
INSERT INTO daemon_heartbeats VALUES ('SENSOR', (now() AT TIME ZONE 'utc') - interval '3 hours')
"""


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path, google):
    """A Google that answers, a key, and nothing of the machine that runs the tests."""
    monkeypatch.chdir(tmp_path)
    others = ("DAGSTER_PG_URL", "GMAIL_INGEST_CODE_SERVER_HOST", "GMAIL_INGEST_CODE_SERVER_PORT")
    for name in (*variable_names().values(), *others):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GMAIL_API_ENDPOINT", google)
    monkeypatch.setenv("GOOGLE_TOKEN_URI", google)
    monkeypatch.setenv("ENCRYPTION_KEY", ring("2", "1"))


def ring(*versions: str) -> str:
    """A setting with these keys."""
    return ",".join(f"{version}:{b64encode(KEYS[version]).decode()}" for version in versions)


@pytest.fixture
def doctor(capsys):
    """Run the command; its exit code, and its checks by name."""

    def look():
        code = exit_code(["doctor", "--json"])
        checks = json.loads(capsys.readouterr().out)["checks"]
        return code, {check["name"]: check for check in checks}

    return look


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://127.0.0.1:9", "does not answer: let this machine reach it"),
        ("https://no.such.host.invalid", "its name is not known here"),
        ("gmail.googleapis.com", "is no address: it must be of the form https://host"),
        ("", "is no address"),
    ],
)
def test_doctor_tells_a_google_that_does_not_answer(monkeypatch, doctor, address, message):
    """The variable, the host, the reason and the remedy; exit code 1 (edge case 118)."""
    monkeypatch.setenv("GMAIL_API_ENDPOINT", address)
    code, found = doctor()
    assert code == 1
    assert not found["Google"]["passed"]
    assert found["Google"]["detail"].startswith("GMAIL_API_ENDPOINT")
    assert message in found["Google"]["detail"]


def test_a_google_that_says_nothing_is_told():
    """Whoever accepts connections and never answers is given up (edge case 118)."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = Settings(gmail_api_endpoint=url, google_token_uri=url)
        (check, *_) = check_google(settings, seconds=(0.2, 0.2))
    assert "does not answer in time" in check.detail


class _Refusing(http.server.BaseHTTPRequestHandler):
    """A proxy that lets nobody through."""

    def do_CONNECT(self):
        """Refuse."""
        self.send_error(self.server.answers)

    def log_message(self, *_args):
        """Say nothing."""


@pytest.fixture
def proxy(monkeypatch):
    """A proxy that answers CONNECT with a status, as the environment's."""
    with http.server.HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()

        def answering(status):
            server.answers = status
            monkeypatch.setenv("HTTPS_PROXY", f"http://u:secret@127.0.0.1:{server.server_port}")

        yield answering
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "message"),
    [(403, "answers 403: let it reach this host, or name it in NO_PROXY"), (407, "wants a user")],
)
def test_google_is_asked_by_the_proxy_that_the_service_takes(monkeypatch, proxy, status, message):
    """Case 11: what the proxy does not let through does not answer, and the proxy is named,
    never its password (edge case 107).
    """
    proxy(status)
    gmail = Settings(gmail_api_endpoint="https://gmail.googleapis.com")
    (check,) = check_google(gmail)
    assert not check.passed
    assert check.detail.startswith("GMAIL_API_ENDPOINT (gmail.googleapis.com): the proxy 127.0.0.1")
    assert message in check.detail
    assert "secret" not in check.detail
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    (check,) = check_google(gmail)
    assert "the proxy 127.0.0.1:9 does not answer: correct HTTPS_PROXY" in check.detail
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:9")
    (check,) = check_google(gmail)
    assert "SOCKS is not spoken" in check.detail


def test_certificates_are_asked_for_only_with_pushes():
    """Who polls needs no certificates of Pub/Sub's."""
    silent = {"google_certs_uri": "http://127.0.0.1:9"}
    settings = Settings(**silent)
    assert [check.passed for check in check_google(settings)] == [True]
    pushing = Settings(**silent, pubsub_topic="projects/p/topics/t")
    assert "GOOGLE_CERTS_URI" in check_google(pushing)[0].detail


def test_doctor_tells_a_malformed_topic_beside_what_is_missing(monkeypatch, capsys):
    """Both are told at once."""
    monkeypatch.setenv("PUBSUB_TOPIC", "gmail")
    assert exit_code(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "projects/PROJECT/topics/TOPIC" in shown
    assert "PUBSUB_AUDIENCE" in shown


def test_doctor_tells_an_unreadable_encryption_key(monkeypatch, doctor):
    """The remedy is named, the key is not."""
    monkeypatch.setenv("ENCRYPTION_KEY", "hunter2")
    code, found = doctor()
    assert code == 1
    assert "keys generate-encryption" in found["encryption key"]["detail"]
    assert "hunter2" not in found["encryption key"]["detail"]


@pytest.mark.parametrize(
    ("statements", "name", "message"),
    [
        (None, "Dagster's database", "nothing listens there"),
        ("SELECT", "Dagster's database", "no tables yet: run `gmail-ingest db upgrade`"),
        (
            DAGSTERS + REVISION,
            "Dagster's database",
            "is at revision f495c27d5019, the installed Dagster needs",
        ),
        (DAGSTERS, "Dagster's daemon", "never ran: no sync starts without it"),
        (
            DAGSTERS + SILENT,
            "Dagster's daemon",
            "no heartbeat for 3 hours",
        ),
    ],
)
def test_doctor_tells_what_is_wrong_with_dagster(
    monkeypatch, doctor, empty_database_url, database_url, statements, name, message
):
    """Its database away or without tables, its daemon never started or silent (edge case 118)."""
    url = "postgresql+psycopg2://u@127.0.0.1:1/dagster"
    if statements:
        url = empty_database_url.replace("+psycopg", "+psycopg2")
        with psycopg.connect(plain_url(empty_database_url), autocommit=True) as connection:
            connection.execute(statements)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DAGSTER_PG_URL", url)
    code, found = doctor()
    assert code == 1
    assert not found[name]["passed"]
    assert message in found[name]["detail"]


def test_doctor_sees_a_daemon_that_lives(monkeypatch, doctor, empty_database_url, database_url):
    """A heartbeat of this minute is life."""
    with psycopg.connect(plain_url(empty_database_url), autocommit=True) as connection:
        connection.execute(DAGSTERS)
        connection.execute(
            "INSERT INTO daemon_heartbeats VALUES ('SENSOR', now() AT TIME ZONE 'utc')"
        )
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DAGSTER_PG_URL", empty_database_url.replace("+psycopg", "+psycopg2"))
    code, found = doctor()
    assert code == 0
    assert found["Dagster's daemon"]["passed"]


def test_doctor_tells_a_code_server_that_is_not_there(monkeypatch, doctor, database_url):
    """Nothing listens where workspace.yaml looks (edge case 118)."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DAGSTER_PG_URL", "postgresql+psycopg2://u@127.0.0.1:1/dagster")
    monkeypatch.setenv("GMAIL_INGEST_CODE_SERVER_HOST", "127.0.0.1")
    monkeypatch.setenv("GMAIL_INGEST_CODE_SERVER_PORT", "9")
    code, found = doctor()
    assert code == 1
    assert "dagster api grpc" in found["code location"]["detail"]


@pytest.mark.parametrize(
    ("configured", "sealed", "code", "message"),
    [
        (("2", "1"), "2", 0, "1 open"),
        (("2", "1"), "1", 0, "`gmail-ingest keys reseal` moves them to 2"),
        (("2",), "1", 1, "1 with version 1 of the encryption key, which is not configured"),
    ],
)
def test_doctor_tells_credentials_of_other_keys(
    monkeypatch, doctor, run, engine, database_url, configured, sealed, code, message
):
    """A key that was dropped too early is found before a sync fails (edge case 117)."""
    sealer = AesGcmSealer(KeyRing(sealed, {sealed: KEYS[sealed]}))
    run(insert_integration(engine, sealer, "acme", OAuthKeys("a", "r", None)))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("ENCRYPTION_KEY", ring(*configured))
    ended, found = doctor()
    assert ended == code
    assert message in found["sealed credentials"]["detail"]
