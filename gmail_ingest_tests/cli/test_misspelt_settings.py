"""Settings that nobody reads, or that cannot be read: told by name, and never by value."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import gmail_ingest
from gmail_ingest.cli.settings import DAGSTER_VARIABLES, variables
from gmail_ingest.defs.dagster_internals import code_server
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.settings import Settings, load_settings, variable_names
from gmail_ingest.variables import known_names, misspelt, value_of
from gmail_ingest_tests.cli.commands import exit_code, own_logging


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    """No setting comes from the machine that runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in variable_names().values():
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("GMAIL_INGEST_LEASE_SECOND", "GMAIL_INGEST_LEASE_SECONDS"),
        ("GMAIL_INGEST_POLL_SECONDS", "GMAIL_INGEST_POLL_INTERVAL_SECONDS"),
        ("gmail_ingest_loglevel", "GMAIL_INGEST_LOG_LEVEL"),
        ("GMAIL_INGES_LOG_LEVEL", "GMAIL_INGEST_LOG_LEVEL"),
        ("GMAIL_INGEST_API_KEYS", "GMAIL_INGEST_API_KEY"),
        ("GMAIL_INGEST_CODE_SERVER_PROT", "GMAIL_INGEST_CODE_SERVER_PORT"),
        ("GMAIL_INGEST_DATABASE_URL", "DATABASE_URL"),
        ("GMAIL_INGEST_PUBSUB_TOPICS", "PUBSUB_TOPIC"),
        ("PUBSUB_TOPICS", "PUBSUB_TOPIC"),
        ("GOOGLE_CLIENTID", "GOOGLE_CLIENT_ID"),
        ("ENCRYPTON_KEY", "ENCRYPTION_KEY"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("DAGSTER_PG_URI", "DAGSTER_PG_URL"),
        ("GMAIL_INGEST_HISTORY_START", "GMAIL_INGEST_BACKFILL_START"),
    ],
)
def test_misspelt_names_the_nearest(given, meant):
    """What was meant is named, for our own prefix and for names that Google's users know
    (edge case 116).
    """
    (warning,) = misspelt({given: "hunter2"})
    assert warning.startswith(f"{given} in the environment is read by nothing")
    assert f"did you mean {meant}?" in warning
    assert "hunter2" not in warning


def test_misspelt_names_what_is_like_nothing():
    """Our prefix makes it a mistake even if nothing is near."""
    (warning,) = misspelt({"GMAIL_INGEST_XYZ": "1"})
    assert "`gmail-ingest settings`" in warning


def test_misspelt_says_nothing_of_what_is_read():
    """Settings in any capitals, options of commands, Dagster's and Google's own variables."""
    read = dict.fromkeys(known_names(), "") | {name.lower(): "" for name in known_names()}
    others = ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "LOG_LEVEL", "HOME", "PATH")
    assert misspelt(read | dict.fromkeys(others, "")) == []


def test_every_documented_variable_is_known():
    """What the reference names is in the registry."""
    assert {variable.name for variable in (*variables(), *DAGSTER_VARIABLES)} <= known_names()


def test_every_variable_of_the_code_is_known():
    """A variable that the code reads beside its settings is in the registry."""
    root = Path(gmail_ingest.__file__).parents[1]
    files = [*root.glob("gmail_ingest/**/*.py"), *root.glob("webhook_api/**/*.py")]
    text = "\n".join(file.read_text() for file in (*files, *root.glob("*.yaml")))
    assert set(re.findall(r"\bGMAIL_INGEST_[A-Z_]*[A-Z]\b", text)) <= known_names()


def test_misspelt_reads_the_env_file(tmp_path):
    """Names in .env are told too, also those that only lack our prefix; each once."""
    (tmp_path / ".env").write_text("LOG_LEVEL=hunter2\nGMAIL_INGEST_LOGLEVEL=x\nDATABASE_URL=y\n")
    warnings = misspelt({"GMAIL_INGEST_LOGLEVEL": "x"})
    assert [warning.partition(" is read")[0] for warning in warnings] == [
        "GMAIL_INGEST_LOGLEVEL in the environment",
        "LOG_LEVEL in .env",
    ]
    assert "GMAIL_INGEST_LOG_LEVEL?" in warnings[1]


def test_value_of_reads_the_env_file_below_the_environment(tmp_path):
    """Dagster's variables are found where settings are."""
    (tmp_path / ".env").write_text("DAGSTER_PG_URL=file\n")
    assert value_of("DAGSTER_PG_URL", {}) == "file"
    assert value_of("DAGSTER_PG_URL", {"DAGSTER_PG_URL": "environment"}) == "environment"
    assert value_of("DAGSTER_HOME", {}) == ""


def test_commands_warn_of_misspelt_names_and_go_on(monkeypatch, capsys):
    """A warning on standard error; the command does what it was asked for."""
    monkeypatch.setenv("GMAIL_INGEST_LOGLEVEL", "DEBUG")
    assert exit_code(["settings"]) == 0
    shown = capsys.readouterr()
    assert "warning: GMAIL_INGEST_LOGLEVEL" in shown.err
    assert shown.out.startswith("# Configuration")


def test_doctor_finds_misspelt_names(monkeypatch, capsys):
    """Ours are wrong, one that is only like ours is a note."""
    for name in ("GMAIL_API_ENDPOINT", "GOOGLE_TOKEN_URI"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("GMAIL_INGEST_LOGLEVEL", "DEBUG")
    monkeypatch.setenv("PUBSUB_TOPICS", "x")
    assert exit_code(["doctor", "--json"]) == 1
    checks = json.loads(capsys.readouterr().out)["checks"]
    found = {check["detail"].split()[0]: check for check in checks if check["name"] == "settings"}
    assert found["GMAIL_INGEST_LOGLEVEL"]["required"]
    assert not found["PUBSUB_TOPICS"]["required"]


def test_code_server_logs_misspelt_names(monkeypatch):
    """A code server says so when it starts; a run worker does not repeat it (edge case 116)."""
    monkeypatch.setenv("GMAIL_INGEST_LOGLEVEL", "DEBUG")
    monkeypatch.delitem(sys.modules, "dagster._grpc.server", raising=False)
    with capture_logs() as silent:
        code_server.warn_of_misspelt_settings()
    monkeypatch.setitem(sys.modules, "dagster._grpc.server", sys)
    with capture_logs() as logged:
        code_server.warn_of_misspelt_settings()
    assert silent == []
    assert [entry["event"] for entry in logged] == ["setting_not_read"]
    assert "GMAIL_INGEST_LOG_LEVEL?" in logged[0]["reason"]


def test_sidecar_logs_misspelt_names_and_tells_wrong_settings(monkeypatch, capsys):
    """The sidecar's log has a line for each name; a wrong value is one line and exit code 2
    (edge case 116).
    """
    from webhook_api.__main__ import main

    monkeypatch.setenv("GMAIL_INGEST_LEASE_SECOND", "1")
    with own_logging():
        assert main([]) == 2
        logged = capsys.readouterr().err
        monkeypatch.setenv("GMAIL_INGEST_LEASE_SECONDS", "hunter2")
        assert main([]) == 2
        refused = capsys.readouterr()
    assert "GMAIL_INGEST_LEASE_SECONDS?" in logged
    assert "GMAIL_INGEST_LEASE_SECONDS must be a whole number" in refused.err + refused.out
    assert "hunter2" not in refused.err + refused.out


@pytest.mark.parametrize(
    ("variable", "value", "wanted"),
    [
        ("GMAIL_INGEST_LEASE_SECONDS", "hunter2", "must be a whole number (without it: 60)"),
        ("GMAIL_INGEST_LEASE_SECONDS", "1.5", "must be a whole number"),
        ("GMAIL_INGEST_LEASE_SECONDS", "", "must be a whole number"),
        ("GMAIL_INGEST_LEASE_SECONDS", "1", "must be 5 or more"),
        ("GMAIL_INGEST_LIVE_RESERVE", "hunter2", "must be a number (without it: 0.02)"),
        ("GMAIL_INGEST_LIVE_RESERVE", "1", "must be less than 0.9"),
        ("GMAIL_INGEST_LIVE_RESERVE", "0", "must be more than 0"),
        ("GMAIL_INGEST_CALLS_PER_MAILBOX", "11", "must be 10 or less"),
        ("GMAIL_INGEST_BACKFILL_START", "hunter2", "must be a day, as 2004-04-01"),
        ("GMAIL_INGEST_LOG_LEVEL", "WRANING", "WARNING or ERROR (did you mean WARNING?)"),
        ("GMAIL_INGEST_LOG_LEVEL", "", "must be DEBUG, INFO, WARNING or ERROR"),
        ("GMAIL_INGEST_LOG_FORMAT", "jsn", "must be auto, json or console (did you mean json?)"),
    ],
)
def test_wrong_settings_name_variable_and_remedy(monkeypatch, capsys, variable, value, wanted):
    """One sentence in our words, without the value, from commands and processes alike
    (edge case 116).
    """
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert str(caught.value).startswith(variable)
    assert wanted in str(caught.value)
    assert exit_code(["status"]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith(f"error: {variable} ")
    assert shown.count("\n") == 1
    assert "hunter2" not in shown
    assert "WRANING" not in shown


def test_level_is_told_by_commands_without_settings(monkeypatch, capsys):
    """A command of the API needs no setting, and says so all the same; the reference is shown."""
    monkeypatch.setenv("GMAIL_INGEST_LOG_LEVEL", "WRANING")
    assert exit_code(["sync", "acme"]) == 2
    assert "did you mean WARNING?" in capsys.readouterr().err
    assert exit_code(["settings"]) == 0


def test_levels_are_read_in_any_capitals(monkeypatch):
    """``warning`` is a level, and ``JSON`` a format."""
    monkeypatch.setenv("GMAIL_INGEST_LOG_LEVEL", "warning")
    monkeypatch.setenv("GMAIL_INGEST_LOG_FORMAT", "JSON")
    assert (Settings().log_level, Settings().log_format) == ("WARNING", "json")


def test_env_file_that_is_not_text_is_told(tmp_path, capsys):
    """A file in another encoding is named with the remedy."""
    (tmp_path / ".env").write_bytes(b"DATABASE_URL=\xff\xfe\n")
    assert exit_code(["status"]) == 2
    assert "UTF-8" in capsys.readouterr().err
