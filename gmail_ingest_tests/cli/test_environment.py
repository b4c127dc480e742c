import json
import os
import re
import stat
from pathlib import Path

import pytest

from gmail_ingest.cli.settings import env_example, markdown
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local.data_directory import Addresses, DataDirectory, Running
from gmail_ingest.local.databases import given_databases
from gmail_ingest.local.environment import (
    base_environment,
    settings_variables,
    variable_names,
)
from gmail_ingest.settings import Settings

ROOT = Path(__file__).parents[2]


def test_env_example_lists_every_setting():
    """The file .env.example is what the settings say."""
    remedy = "gmail-ingest settings --format env > .env.example"
    assert (ROOT / ".env.example").read_text() == env_example(), remedy
    named = re.findall(r"^#([A-Z][A-Z_]+)=", env_example(), re.MULTILINE)
    assert set(variable_names().values()) <= set(named)


def test_configuration_page_lists_every_setting():
    """The page docs/configuration.md is what the settings say."""
    remedy = "gmail-ingest settings > docs/configuration.md"
    assert (ROOT / "docs" / "configuration.md").read_text() == markdown(), remedy


def test_settings_variables_read_back_as_the_same_settings(monkeypatch, tmp_path):
    """A child that reads the variables has the very settings of its parent."""
    monkeypatch.chdir(tmp_path)
    given = Settings(
        google_client_id="client", encryption_key="a2V5", initial_sync_days=7, log_format="json"
    )
    for name, value in settings_variables(given).items():
        monkeypatch.setenv(name, value)
    assert Settings() == given


def test_base_environment_drops_settings_and_keeps_the_rest(tmp_path):
    """What the caller exported for another deployment does not reach the children."""
    inherited = {"ENCRYPTION_KEY": "x", "DAGSTER_HOME": "/elsewhere", "LANG": "C", "PATH": "/bin"}
    found = base_environment(inherited, tmp_path)
    assert "ENCRYPTION_KEY" not in found
    assert "DAGSTER_HOME" not in found
    assert found["LANG"] == "C"
    assert found["PATH"].endswith(f"{os.pathsep}/bin")


def test_base_environment_lets_bytecode_be_written(tmp_path):
    """Children write bytecode whatever the caller's environment says."""
    assert "PYTHONDONTWRITEBYTECODE" not in base_environment(
        {"PYTHONDONTWRITEBYTECODE": "1"}, tmp_path
    )


def test_given_databases_need_one_for_dagster():
    """With a database of one's own, Dagster's must be named, and for psycopg2."""
    with pytest.raises(ConfigurationError, match="DAGSTER_PG_URL is not set"):
        given_databases("postgresql://host/mail", {})
    with pytest.raises(ConfigurationError, match=re.escape("postgresql+psycopg2://")):
        given_databases("postgresql://host/mail", {"DAGSTER_PG_URL": "postgresql://host/dagster"})


def test_data_directory_publishes_for_its_owner_only(tmp_path):
    """The state of a running deployment is readable by its owner alone, and read back whole."""
    data = DataDirectory(tmp_path)
    running = Running(os.getpid(), Addresses("d", "a", "p", "s"), {"DAGSTER_HOME": "h"})
    data.write_running(running)
    assert stat.S_IMODE((tmp_path / "running.json").stat().st_mode) == 0o600
    assert data.running() == running


def test_data_directory_ignores_a_deployment_that_is_gone(tmp_path):
    """A state file left behind by a killed process does not count as running."""
    data = DataDirectory(tmp_path)
    data.write_running(Running(os.getpid(), Addresses("d", "a", "p"), {}))
    state = tmp_path / "running.json"
    gone = json.loads(state.read_text()) | {"pid": 2**22 + 1}
    state.write_text(json.dumps(gone))
    assert data.running() is None


def test_data_directory_without_state_runs_nothing(tmp_path):
    """An empty data directory is nobody's."""
    assert DataDirectory(tmp_path).running() is None


WHOLE = {"pid": 1, "addresses": {"dagster": "d", "api": "a", "database": "p"}, "environment": {}}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        "\xff",
        json.dumps(WHOLE | {"pid": "1"}),
        json.dumps(WHOLE | {"pid": -1}),
        json.dumps(WHOLE | {"addresses": {"dagster": "d"}}),
        json.dumps(WHOLE | {"addresses": ["d", "a", "p"]}),
        json.dumps(WHOLE | {"environment": {"DATABASE_URL": 1}}),
        json.dumps(WHOLE | {"environment": None}),
    ],
)
def test_a_damaged_state_file_is_told_with_its_remedy(tmp_path, text):
    """A half of a file, or another program's, is one sentence that names it (edge case 115)."""
    (tmp_path / "running.json").write_text(text, encoding="latin-1")
    with pytest.raises(ConfigurationError, match=r"running.json is damaged: .* delete the file"):
        DataDirectory(tmp_path).running()
