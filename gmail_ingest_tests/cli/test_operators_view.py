"""What an operator sees and does on the database: standstills, resealing, both migrations."""

from __future__ import annotations

import json
from base64 import b64encode

import psycopg
import pytest

from gmail_ingest.adapters.crypto.key_ring import KeyRing
from gmail_ingest.adapters.crypto.sealing import AesGcmSealer
from gmail_ingest.adapters.postgres.accounts.credentials import PostgresCredentials
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local.dagster_migration import is_behind, newest_dagster_revision
from gmail_ingest.local.data_directory import DataDirectory
from gmail_ingest.local.databases import Databases, require_two_databases
from gmail_ingest.local.environment import pinned_settings, variable_names
from gmail_ingest.local.stack import open_stack
from gmail_ingest.sync.accounts.credentials import OAuthKeys
from gmail_ingest_tests.cli.commands import exit_code
from gmail_ingest_tests.conftest import plain_url
from gmail_ingest_tests.gmail.integrations import insert_integration

KEYS = {"1": bytes(32), "2": bytes(range(32)), "3": bytes([7]) * 32}
#: The revision before the newest changes nothing of PostgreSQL's.
OLDER_DAGSTER = "UPDATE alembic_version SET version_num = 'f495c27d5019'"
FAILURES = """
INSERT INTO tenants (id) VALUES ('acme'), ('zeta');
INSERT INTO integrations (tenant_id, auth_type, subject)
VALUES ('acme', 'oauth', 's'), ('zeta', 'oauth', 's');
INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint, state, cause, last_error,
                       failed_at)
SELECT tenant_id, id, 'sales@acme.example', 1, 'needs_reauth', 'grant_dead',
       'Google no longer accepts the grant (invalid_grant)', '2026-01-02 03:04:05+00'
FROM integrations WHERE tenant_id = 'acme';
INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)
SELECT tenant_id, id, 'info@zeta.example', 1 FROM integrations WHERE tenant_id = 'zeta';
INSERT INTO sync_jobs (id, tenant_id, kind, error)
VALUES ('8d2f4b0e-3f0b-4f0e-9f43-7a1f0f6f9d11', 'zeta', 'incremental', 'throttled by Google');
INSERT INTO sync_queue (tenant_id, kind, job_id, attempts, enqueued_at, not_before)
VALUES ('zeta', 'incremental', '8d2f4b0e-3f0b-4f0e-9f43-7a1f0f6f9d11', 3,
        now() - interval '3 hours', now() + interval '1 hour');
"""


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path, database_url):
    """The test's own database, and nothing of the machine that runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in (*variable_names().values(), "DAGSTER_PG_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", database_url)


@pytest.fixture
def failures(database_url):
    """A mailbox whose grant is dead, and another tenant's work that was put back."""
    with psycopg.connect(plain_url(database_url), autocommit=True) as connection:
        connection.execute(FAILURES)


@pytest.mark.usefixtures("failures")
def test_status_tells_what_stands_still_and_what_to_do(capsys):
    """State, since when, why, the remedy and its command; what was put back, and the queue's age
    (edge case 118).
    """
    assert exit_code(["status"]) == 0
    shown = capsys.readouterr().err
    assert "1 waiting in the queue, the oldest for 3 hours" in shown
    (dead,) = [line for line in shown.splitlines() if line.startswith("acme ")]
    assert "sales@acme.example: needs_reauth since 2026-01-02 03:04:05 UTC (grant_dead)" in dead
    assert "(invalid_grant)" in dead
    assert "Connect this mailbox again" in dead
    assert "`gmail-ingest tenants connect acme`" in dead
    (back,) = [line for line in shown.splitlines() if line.startswith("zeta: ")]
    assert "was put back after 3 attempts (throttled by Google)" in back
    assert "tried again by itself from" in back


@pytest.mark.usefixtures("failures")
def test_status_tells_programs_the_same(capsys):
    """The same as fields."""
    assert exit_code(["status", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert 3 * 3600 <= printed["queueOldestSeconds"] < 3 * 3600 + 60
    (dead,) = printed["troubled"]
    assert (dead["tenantId"], dead["state"], dead["cause"]) == (
        "acme",
        "needs_reauth",
        "grant_dead",
    )
    assert dead["command"] == "gmail-ingest tenants connect acme"
    (back,) = printed["putBack"]
    assert (back["tenantId"], back["attempts"]) == ("zeta", 3)
    assert back["error"] == "throttled by Google"


def test_status_of_an_idle_service_names_no_failure(capsys):
    """Nothing waits, nothing stands still."""
    assert exit_code(["status", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["queueOldestSeconds"], printed["troubled"], printed["putBack"]) == (
        None,
        [],
        [],
    )


#: What nobody asked for has no job: a poll whose worker died, a second look that waits.
WITHOUT_A_JOB = """
INSERT INTO tenants (id) VALUES ('acme'), ('zeta');
INSERT INTO sync_queue (tenant_id, kind, attempts) VALUES ('acme', 'incremental', 2);
INSERT INTO sync_queue (tenant_id, kind, not_before, priority)
VALUES ('zeta', 'incremental', now() + interval '1 minute', 1)
"""


def test_status_tells_a_poll_that_was_put_back(capsys, database_url):
    """What was tried is told, though nobody asked for it; what waits for its time is no news
    (edge case 118).
    """
    with psycopg.connect(plain_url(database_url), autocommit=True) as connection:
        connection.execute(WITHOUT_A_JOB)
    assert exit_code(["status", "--json"]) == 0
    (back,) = json.loads(capsys.readouterr().out)["putBack"]
    assert (back["tenantId"], back["attempts"], back["error"]) == ("acme", 2, None)
    assert exit_code(["status"]) == 0
    assert "was put back after 2 attempts; it is tried again" in capsys.readouterr().err


def sealer(*versions: str) -> AesGcmSealer:
    """A sealer with these keys, newest first."""
    return AesGcmSealer(KeyRing(versions[0], {version: KEYS[version] for version in versions}))


def ring(*versions: str) -> str:
    """The setting with these keys."""
    return ",".join(f"{version}:{b64encode(KEYS[version]).decode()}" for version in versions)


def test_keys_reseal_moves_everything_to_the_newest_key(monkeypatch, capsys, run, engine):
    """How many, which versions are in use, and which may go; again it has nothing to do
    (edge case 117).
    """
    keys = OAuthKeys("access", "refresh", None)
    ids = [
        run(insert_integration(engine, sealer(version), "acme", keys))
        for version in ("1", "1", "2")
    ]
    monkeypatch.setenv("ENCRYPTION_KEY", ring("2", "1"))
    assert exit_code(["keys", "reseal", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == {"resealed": 2, "current": "2", "inUse": {"2": 3}, "removable": ["1"]}
    assert exit_code(["keys", "reseal"]) == 0
    shown = capsys.readouterr()
    assert "0 credentials were sealed again, with version 2" in shown.err
    assert "may be removed: version 1" in shown.err
    alone = PostgresCredentials(engine, sealer("2"))
    assert [run(alone.load(integration_id)).keys for integration_id in ids] == [keys] * 3


def test_keys_reseal_does_the_others_when_one_does_not_open(monkeypatch, capsys, run, engine):
    """A credential whose key is gone is counted and named by its version, the rest is done."""
    keys = OAuthKeys("access", "refresh", None)
    for version in ("3", "1"):
        run(insert_integration(engine, sealer(version), "acme", keys))
    monkeypatch.setenv("ENCRYPTION_KEY", ring("2", "1"))
    assert exit_code(["keys", "reseal"]) == 1
    shown = capsys.readouterr().err
    assert "1 of 2 credentials stay under an older key, the others are done" in shown
    assert "'3'" in shown
    with psycopg.connect(plain_url(str(engine.url))) as connection:
        rows = connection.execute("SELECT key_version FROM integrations ORDER BY 1").fetchall()
    assert rows == [("2",), ("3",)]


def test_reseal_waits_for_a_refresh_and_keeps_its_tokens(run, engine):
    """A refresh that holds the row when it is resealed is not undone (edge case 117)."""
    import asyncio

    integration = run(insert_integration(engine, sealer("1"), "acme", OAuthKeys("old", "r", None)))
    rotated = PostgresCredentials(engine, sealer("2", "1"))
    fresh = OAuthKeys("fresh", "r", None)

    async def both():
        async with rotated.locked(integration) as held:
            resealing = asyncio.create_task(rotated.reseal())
            await held.save_tokens(fresh)
        await resealing

    run(both())
    assert run(PostgresCredentials(engine, sealer("2")).load(integration)).keys == fresh


def test_db_upgrade_migrates_dagsters_database_too(monkeypatch, capsys, empty_database_url):
    """Fresh tables for Dagster, and what was done for each (edge case 115)."""
    monkeypatch.setenv("DAGSTER_PG_URL", empty_database_url.replace("+psycopg", "+psycopg2"))
    assert exit_code(["db", "status"]) == 1
    assert "gmail-ingest db upgrade" in capsys.readouterr().err
    assert exit_code(["db", "upgrade"]) == 0
    shown = capsys.readouterr().err
    assert "the database of DATABASE_URL: is at revision" in shown
    assert "Dagster's database, DAGSTER_PG_URL: made, at revision" in shown
    with psycopg.connect(plain_url(empty_database_url)) as connection:
        (made,) = connection.execute("SELECT to_regclass('event_logs') IS NOT NULL").fetchone()
    assert made
    assert exit_code(["db", "status", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["current"]
    assert printed["mail"]["revision"] == printed["mail"]["newest"]
    assert printed["dagster"]["revision"] == printed["dagster"]["newest"]
    with psycopg.connect(plain_url(empty_database_url), autocommit=True) as connection:
        connection.execute(OLDER_DAGSTER)
    assert exit_code(["db", "status"]) == 1
    assert "f495c27d5019" in capsys.readouterr().out


def test_up_migrates_what_an_older_dagster_left(
    monkeypatch, capsys, tmp_path, empty_database_url, database_url
):
    """Dagster's own database is brought to the installed Dagster before it starts; one that is
    current, or has no tables yet, is left to Dagster (edge case 115).
    """
    url = empty_database_url.replace("+psycopg", "+psycopg2")
    databases = Databases(database_url, url, embedded=False)
    steps = []
    with open_stack(DataDirectory(tmp_path), steps.append) as stack:
        environment = stack.child_environment(pinned_settings(), databases)
        stack._migrate_dagster(environment)
        assert steps == []
        monkeypatch.setenv("DAGSTER_PG_URL", url)
        assert exit_code(["db", "upgrade"]) == 0
        stack._migrate_dagster(environment)
        assert steps == []
        with psycopg.connect(plain_url(empty_database_url), autocommit=True) as connection:
            connection.execute(OLDER_DAGSTER)
        stack._migrate_dagster(environment)
        assert steps == ["migrating Dagster's database"]
    assert exit_code(["db", "status"]) == 0
    capsys.readouterr()


def test_dagsters_revisions_are_read_without_dagster():
    """The newest is one that all others lead to; a foreign one is neither older nor newer."""
    assert newest_dagster_revision()
    assert not is_behind(newest_dagster_revision())
    assert is_behind("f495c27d5019")
    assert not is_behind(None)
    assert not is_behind("unheard-of")


def test_db_upgrade_without_dagsters_address_says_so(capsys):
    """What was not looked at is said."""
    assert exit_code(["db", "upgrade"]) == 0
    assert "DAGSTER_PG_URL is not set: Dagster's database was not looked at" in (
        capsys.readouterr().err
    )


def test_db_upgrade_refuses_an_address_for_psycopg_3(monkeypatch, capsys, empty_database_url):
    """Dagster's storage would fail on it; nothing is changed."""
    monkeypatch.setenv("DAGSTER_PG_URL", empty_database_url)
    assert exit_code(["db", "upgrade"]) == 2
    assert "must begin with postgresql+psycopg2://" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("mail", "dagster"),
    [
        ("postgresql://a@db/x", "postgresql+psycopg2://b@db:5432/x"),
        ("postgresql://a:p@localhost/x", "postgresql+psycopg2://127.0.0.1/x"),
        ("postgresql://a@/x?host=/run/pg", "postgresql+psycopg2:///x?host=/run/pg&sslmode=allow"),
        ("postgresql://a@[::1]:5432/x", "postgresql+psycopg2://localhost/x"),
    ],
)
def test_one_database_for_both_is_seen_however_it_is_written(mail, dagster):
    """User, password, driver and options make no other database (edge case 115)."""
    with pytest.raises(ConfigurationError, match="the same database"):
        require_two_databases(mail, dagster)
    require_two_databases(mail, dagster.replace("/x", "/y"))
    require_two_databases(mail, "")
