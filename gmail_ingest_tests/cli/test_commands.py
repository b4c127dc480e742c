import json
import os
import subprocess
import sys
from importlib.metadata import version

import psycopg
import pytest
from typer.testing import CliRunner

from gmail_ingest.adapters.crypto.key_ring import parse_key_ring
from gmail_ingest.cli.main import app, run
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local.data_directory import Addresses, DataDirectory, Running
from gmail_ingest.local.environment import variable_names
from gmail_ingest_tests.cli.commands import exit_code
from gmail_ingest_tests.conftest import plain_url

runner = CliRunner()


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    """No setting comes from the machine that runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in variable_names().values():
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def configured(monkeypatch, database_url, google):
    """A migrated database, an encryption key and a Google that answers, in the environment."""
    monkeypatch.setenv("GMAIL_API_ENDPOINT", google)
    monkeypatch.setenv("GOOGLE_TOKEN_URI", f"{google}/token")
    key = runner.invoke(app, ["keys", "generate-encryption"]).output.strip()
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("ENCRYPTION_KEY", key)


def invoke(*arguments):
    """Run a command that must succeed, and return the JSON object that it printed."""
    result = runner.invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def test_generate_encryption_prints_a_usable_key():
    """The printed value is one that the service accepts, and another each time."""
    first, second = (
        runner.invoke(app, ["keys", "generate-encryption"]).output.strip() for _ in range(2)
    )
    assert first != second
    assert len(parse_key_ring(first.encode()).keys["1"]) == 32


@pytest.mark.usefixtures("configured")
def test_keys_create_shows_the_key_once():
    """A new key is printed when it is made, and by no later command."""
    key = invoke("keys", "create", "crm")["key"]
    listed = runner.invoke(app, ["keys", "list", "--json"]).output
    assert key.startswith("gi_")
    assert key not in listed
    assert json.loads(listed)["keys"][0]["name"] == "crm"


@pytest.mark.usefixtures("configured")
def test_keys_revoke_marks_the_key():
    """A revoked key stays in the list, with the time of its end."""
    invoke("keys", "create", "crm")
    assert runner.invoke(app, ["keys", "revoke", "crm"]).exit_code == 0
    (key,) = invoke("keys", "list")["keys"]
    assert key["revokedAt"] is not None


@pytest.mark.usefixtures("configured")
def test_doctor_finds_a_whole_deployment_healthy():
    """Key, database and schema are there: what is missing else are notes."""
    found = invoke("doctor")
    assert found["healthy"]
    passed = {check["name"] for check in found["checks"] if check["passed"]}
    assert passed == {
        *("encryption key", "database", "migrations", "Google", "proxy", "transactions"),
    }
    assert found["version"] == version("gmail-ingest")


def test_doctor_fails_without_an_encryption_key():
    """What the service cannot do without makes the doctor exit with 1."""
    result = runner.invoke(app, ["doctor", "--json"])
    assert result.exit_code == 1
    assert not json.loads(result.stdout)["healthy"]


def test_doctor_tells_an_unmigrated_database(monkeypatch, empty_database_url):
    """A database without the schema is found, and the remedy named."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    result = runner.invoke(app, ["doctor", "--json"])
    (check,) = [c for c in json.loads(result.stdout)["checks"] if c["name"] == "migrations"]
    assert result.exit_code == 1
    assert "gmail-ingest db upgrade" in check["detail"]


def test_db_upgrade_migrates(monkeypatch, empty_database_url):
    """After the upgrade the doctor has nothing to say about the schema."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    assert runner.invoke(app, ["db", "upgrade"], catch_exceptions=False).exit_code == 0
    checks = json.loads(runner.invoke(app, ["doctor", "--json"]).stdout)["checks"]
    assert [c["passed"] for c in checks if c["name"] == "migrations"] == [True]


@pytest.mark.usefixtures("configured")
def test_status_and_tenants_show_every_mailbox(run, engine):
    """A connected mailbox is in both lists, with its state and counts."""
    run(_connect(engine))
    (mailbox,) = invoke("status")["mailboxes"]
    assert (mailbox["tenant_id"], mailbox["state"], mailbox["stored"]) == ("acme", "active", 0)
    assert mailbox["fates"] == {"pending": 2}
    (tenant,) = invoke("tenants", "list")["tenants"]
    assert tenant["mailboxes"] == [
        {"address": "sales@acme.example", "state": "active", "authType": "oauth"}
    ]
    assert "sales@acme.example" in runner.invoke(app, ["status"]).output


@pytest.mark.usefixtures("configured")
def test_doctor_and_status_tell_a_transaction_that_is_open_too_long(monkeypatch, database_url):
    """Both name who keeps a transaction open, and what to do; the deployment stays healthy (edge
    case 109).
    """
    monkeypatch.setenv("GMAIL_INGEST_LONGEST_TRANSACTION_SECONDS", "1")
    assert invoke("status")["oldTransactions"] == ""
    with psycopg.connect(plain_url(database_url), application_name="report") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("SELECT pg_sleep(1.1)")
        assert "application report" in invoke("status")["oldTransactions"]
        checks = json.loads(runner.invoke(app, ["doctor", "--json"]).stdout)["checks"]
    (check,) = [check for check in checks if check["name"] == "transactions"]
    assert (check["passed"], check["required"]) == (False, False)
    assert "application report" in check["detail"]


MAILBOX = """
WITH integration AS (
    INSERT INTO integrations (tenant_id, auth_type, subject) VALUES ('acme', 'oauth', 's')
    RETURNING id
), mailbox AS (
    INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)
    SELECT 'acme', id, 'sales@acme.example', 1 FROM integration RETURNING id
)
INSERT INTO message_ledger (mailbox_id, gmail_id, thread_id, origin)
SELECT id, m, m, 'push' FROM mailbox, unnest(ARRAY['a', 'b']) m
"""


async def _connect(engine):
    """Write a tenant with a mailbox and two ids in its ledger."""
    async with engine.begin() as connection:
        await connection.exec_driver_sql("INSERT INTO tenants (id) VALUES ('acme')")
        await connection.exec_driver_sql(MAILBOX)


def test_commands_without_a_database_say_what_to_do():
    """With no database named and nothing running, the error names both ways out."""
    with pytest.raises(ConfigurationError, match="set DATABASE_URL, or run `gmail-ingest up`"):
        runner.invoke(app, ["status"], catch_exceptions=False)


def test_sync_needs_a_key():
    """A command that goes through the API says how to get a key."""
    with pytest.raises(ConfigurationError, match="gmail-ingest keys create NAME"):
        runner.invoke(
            app, ["sync", "acme", "--api-url", "http://127.0.0.1:9"], catch_exceptions=False
        )


def test_run_shows_wrong_settings_without_their_values(monkeypatch, capsys):
    """A setting of the wrong type ends in one line that does not repeat it, and exit code 2."""
    monkeypatch.setenv("GMAIL_INGEST_LEASE_SECONDS", "hunter2")
    monkeypatch.setattr(sys, "argv", ["gmail-ingest", "status"])
    with pytest.raises(SystemExit) as ended:
        run()
    shown = capsys.readouterr().err
    assert ended.value.code == 2
    assert "GMAIL_INGEST_LEASE_SECONDS" in shown.upper()
    assert "hunter2" not in shown


def test_exec_gives_the_environment_of_what_runs(tmp_path):
    """A command gets the variables that the running deployment made up."""
    made_up = {"DAGSTER_HOME": "/made/up"}
    DataDirectory(tmp_path).write_running(Running(os.getpid(), Addresses("", "", ""), made_up))
    code = "from gmail_ingest.cli.main import run; run()"
    command = ["exec", "--data-dir", str(tmp_path), "sh", "-c", "echo $DAGSTER_HOME --help"]
    found = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True)
    assert found.stdout == "/made/up --help\n"


def test_exec_without_anything_running_refuses(tmp_path):
    """There is no environment to give when nothing runs."""
    with pytest.raises(ConfigurationError, match="nothing runs"):
        runner.invoke(app, ["exec", "--data-dir", str(tmp_path), "true"], catch_exceptions=False)


@pytest.mark.parametrize("option", [["--json"], ["--history"], ["--begin-within", "10"]])
def test_demo_refuses_what_only_a_judged_one_can_do(capsys, option):
    """Nothing is started, and nothing that was asked for is silently left out."""
    assert exit_code(["demo", *option]) == 2
    assert f"{option[0]}: goes with --once only" in capsys.readouterr().err
