"""A checkout without any environment, as somebody finds it who has just cloned it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
import yaml
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster_postgres import DagsterPostgresStorage

from gmail_ingest.defs.dagster_internals.instance_storage import InstanceStorage
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local.data_directory import PROJECT_ROOT
from gmail_ingest.local.process_commands import WORKSPACE
from gmail_ingest.local.readiness import free_ports

CONFIG = {"environment": "DAGSTER_PG_URL"}


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A copy of what a clone has."""
    for name in ("gmail_ingest", "webhook_api"):
        shutil.copytree(PROJECT_ROOT / name, tmp_path / name)
    for name in ("pyproject.toml", "dagster.yaml", "workspace.yaml", WORKSPACE):
        shutil.copy(PROJECT_ROOT / name, tmp_path)
    return tmp_path


def nothing(checkout) -> dict[str, str]:
    """The environment of somebody who set nothing; the package is that of the copy."""
    return {
        "PATH": os.defpath,
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONPATH": str(checkout),
    }


def test_bare_checkout_is_valid(checkout):
    """`dagster definitions validate` in a fresh clone finds the code location and its assets."""
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate"],
        cwd=checkout,
        env=nothing(checkout),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Validation successful for code location gmail_ingest" in done.stderr + done.stdout


@pytest.mark.daemon
def test_bare_checkout_serves_dagster_dev(checkout):
    """`dagster dev` in a fresh clone comes up with the code location loaded."""
    (port,) = free_ports(1)
    with (checkout / "dev.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "--port", str(port)],
            cwd=checkout,
            env=nothing(checkout),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 120
        while not _loaded(port):
            assert process.poll() is None, (checkout / "dev.log").read_text()
            assert time.monotonic() < deadline, (checkout / "dev.log").read_text()
            time.sleep(0.3)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _loaded(port) -> bool:
    """Whether the webserver has the code location."""
    query = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"
    try:
        answer = requests.post(
            f"http://127.0.0.1:{port}/graphql", json={"query": query}, timeout=20
        ).json()
    except requests.RequestException:
        return False
    return bool(answer["data"]["repositoriesOrError"].get("nodes"))


def test_storage_is_postgres_where_the_environment_names_one(monkeypatch, empty_database_url):
    """With DAGSTER_PG_URL, dagster.yaml's storage is that PostgreSQL."""
    address = empty_database_url.partition("://")[2]
    monkeypatch.setenv("DAGSTER_PG_URL", f"postgresql+psycopg2://{address}")
    assert isinstance(InstanceStorage.from_config_value(None, CONFIG), DagsterPostgresStorage)


def test_storage_of_a_checkout_is_a_file(monkeypatch, tmp_path):
    """Without it, a checkout has SQLite in a directory that git ignores."""
    monkeypatch.delenv("DAGSTER_PG_URL", raising=False)
    config = CONFIG | {"checkout_directory": str(tmp_path / "bare")}
    for home in (None, str(PROJECT_ROOT)):
        if home is None:
            monkeypatch.delenv("DAGSTER_HOME", raising=False)
        else:
            monkeypatch.setenv("DAGSTER_HOME", home)
        made = InstanceStorage.from_config_value(None, config)
        assert isinstance(made, DagsterSqliteStorage)
        assert made.base_dir == str(tmp_path / "bare")


def test_storage_of_a_deployment_must_be_named(monkeypatch, tmp_path):
    """A DAGSTER_HOME of its own is a deployment's: its processes never get a file each."""
    monkeypatch.delenv("DAGSTER_PG_URL", raising=False)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with pytest.raises(ConfigurationError, match="DAGSTER_PG_URL is not set"):
        InstanceStorage.from_config_value(None, CONFIG)
    assert list(tmp_path.iterdir()) == []


def test_dagster_yaml_names_the_storage():
    """dagster.yaml is read by Dagster, and its storage is ours."""
    reference = InstanceRef.from_dir(str(PROJECT_ROOT), config_dir=str(PROJECT_ROOT))
    assert reference.storage_data.class_name == "InstanceStorage"


def test_both_workspaces_name_one_code_location():
    """What a checkout serves and what a deployment serves has one name, and so one history."""
    names = [
        next(iter(entry.values()))["location_name"]
        for file in ("workspace.yaml", WORKSPACE)
        for entry in yaml.safe_load((PROJECT_ROOT / file).read_text())["load_from"]
    ]
    assert names == ["gmail_ingest", "gmail_ingest"]


@pytest.mark.parametrize("file", ["README.md", "Dockerfile"])
def test_commands_of_a_deployment_name_its_workspace(file):
    """Every command that is given a workspace is given that of deployments, which the image has."""
    named = re.findall(r" -w (\S+?)[`\s]", (PROJECT_ROOT / file).read_text())
    assert len(named) == 2
    assert set(named) == {WORKSPACE}
    assert f"!{WORKSPACE}\n" in (PROJECT_ROOT / ".dockerignore").read_text()
