"""Neither ``.env`` nor anybody's environment changes a demonstration, a rehearsal or a figure."""

import os

import pytest
from pydantic import ValidationError

from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local.consent import OAuthClient
from gmail_ingest.local.data_directory import DataDirectory
from gmail_ingest.local.databases import Databases
from gmail_ingest.local.environment import (
    machine_environment,
    pinned_settings,
    variable_names,
)
from gmail_ingest.local.stack import open_stack
from gmail_ingest.settings import Settings
from gmail_ingest_lab.benchmarks import harness
from gmail_ingest_lab.demo.plan import INITIAL_SYNC_DAYS, DemoOptions
from gmail_ingest_lab.demo.run import demo_settings, open_demo
from gmail_ingest_lab.rehearsal.plan import TUNING, RehearsalOptions

CLIENT = OAuthClient("demo", "secret")
DATABASES = Databases("postgresql+psycopg:///mail", "postgresql+psycopg2:///dagster", embedded=True)
SECRETS = {"ENCRYPTION_KEY", "PUBSUB_VERIFICATION_TOKEN"}
#: What an operator may have exported, or written into .env, for another deployment.
HOSTILE = {
    **dict.fromkeys(variable_names().values(), "3"),
    "gmail_ingest_initial_sync_days": "5",
    "DAGSTER_HOME": "/elsewhere",
    "DAGSTER_PG_URL": "postgresql+psycopg2://elsewhere/dagster",
    "DAGSTER_GRPC_MAX_SEND_BYTES": "1",
    "DAGSTER_PROJECT_ENV_FILE_PATHS": '{"gmail_ingest": "/elsewhere"}',
    "GMAIL_INGEST_CODE_SERVER_HOST": "elsewhere",
    "GMAIL_INGEST_API_KEY": "gi_elsewhere",
    "GOOGLE_APPLICATION_CREDENTIALS": "/elsewhere/key.json",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONWARNINGS": "error",
    "PORT": "1",
}


@pytest.fixture
def hostile(monkeypatch, tmp_path):
    """A working directory and an environment that say otherwise in everything."""
    (tmp_path / ".env").write_text("".join(f"{name}={text}\n" for name, text in HOSTILE.items()))
    monkeypatch.chdir(tmp_path)
    for name, text in HOSTILE.items():
        monkeypatch.setenv(name, text)


def child_environment(root, settings, inherited):
    """All that a child of a pinned deployment gets."""
    machine = machine_environment(inherited)
    with open_stack(DataDirectory(root), lambda _: None, machine) as stack:
        return stack.child_environment(settings, DATABASES)


@pytest.mark.usefixtures("hostile")
def test_demo_children_get_the_pinned_environment_and_nothing_else(tmp_path):
    """With a hostile .env and environment, a child's environment is the same (edge case 112)."""
    hostile_one = child_environment(
        tmp_path / "demo", demo_settings("http://sandbox", CLIENT, DemoOptions()), os.environ
    )
    calm = {name: text for name, text in os.environ.items() if name not in HOSTILE}
    calm_one = child_environment(
        tmp_path / "demo", demo_settings("http://sandbox", CLIENT, DemoOptions()), calm
    )
    assert {k: v for k, v in hostile_one.items() if k not in SECRETS} == {
        k: v for k, v in calm_one.items() if k not in SECRETS
    }
    assert hostile_one["GMAIL_INGEST_INITIAL_SYNC_DAYS"] == str(INITIAL_SYNC_DAYS)
    assert set(variable_names().values()) <= hostile_one.keys(), (
        "what is not given is read from .env"
    )
    assert not {"HTTPS_PROXY", "GMAIL_INGEST_API_KEY", "PORT"} & hostile_one.keys()


@pytest.mark.usefixtures("hostile")
def test_a_child_reads_the_pinned_settings_wherever_it_runs(monkeypatch, tmp_path):
    """Settings read from that environment, beside a hostile .env, are the given (edge case 112)."""
    given = demo_settings("http://sandbox", CLIENT, DemoOptions(quota_scale=2.0))
    environment = child_environment(tmp_path / "demo", given, os.environ)
    for name in HOSTILE:
        monkeypatch.delenv(name)
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    assert Settings() == given.model_copy(update={"database_url": DATABASES.mail})


@pytest.mark.usefixtures("hostile")
def test_settings_of_demo_rehearsal_and_benchmarks_are_pinned():
    """Each has its own values and the defaults of all others (edge case 112)."""
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    demo = demo_settings("http://sandbox", CLIENT, DemoOptions())
    rehearsal = demo_settings("http://sandbox", CLIENT, RehearsalOptions().demo, TUNING)
    benchmark = harness._settings("http://sandbox", "client", "secret")
    for found in (demo, benchmark):
        assert found.drain_runs == defaults["drain_runs"]
        assert found.poll_interval_seconds == defaults["poll_interval_seconds"]
        assert found.database_url == found.encryption_key_secret == ""
    assert {name: getattr(rehearsal, name) for name in TUNING} == dict(TUNING)
    assert pinned_settings() == Settings.model_construct(**defaults)


def test_pinned_settings_are_checked():
    """A value that does not fit is refused, as that of an environment would be."""
    with pytest.raises(ValidationError):
        pinned_settings(lease_seconds="soon")


def test_demo_refuses_a_directory_with_an_env_file(tmp_path):
    """Dagster reads .env where it runs: such a directory is refused before anything starts."""
    (tmp_path / ".env").write_text("A=1\n")
    with (
        pytest.raises(ConfigurationError, match="choose a new directory"),
        open_demo(DemoOptions(), DataDirectory(tmp_path), on_step=print, show=print),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [".env"]
