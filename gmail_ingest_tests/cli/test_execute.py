import os
import subprocess
import sys

import pytest

from gmail_ingest.local.data_directory import Addresses, DataDirectory, Running
from gmail_ingest.local.environment import pinned_settings, settings_variables

PROGRAM = (sys.executable, "-c", "from gmail_ingest.cli.main import run; run()")
PINNED = settings_variables(pinned_settings(database_url="postgresql+psycopg:///demo"))


@pytest.fixture
def checkout(tmp_path):
    """A working directory with a .env, and a program that says where it runs and with what."""
    place = tmp_path / "checkout"
    place.mkdir()
    (place / ".env").write_text("DATABASE_URL=postgresql+psycopg:///elsewhere\n")
    for name in ("dagster-where", "where"):
        program = tmp_path / name
        program.write_text('#!/bin/sh\necho "$PWD $DATABASE_URL"\n')
        program.chmod(0o755)
    return place


@pytest.mark.parametrize(
    ("program", "environment", "moved"),
    [
        ("dagster-where", PINNED, True),
        ("where", PINNED, False),
        ("dagster-where", {"DATABASE_URL": PINNED["DATABASE_URL"]}, False),
    ],
)
def test_exec_keeps_a_demonstration_from_the_env_file_here(
    checkout, tmp_path, program, environment, moved
):
    """Dagster's programs, which let ./.env overrule the environment, run beside the deployment if
    that is pinned; all others run here (edge case 112).
    """
    home = tmp_path / "demo"
    home.mkdir()
    DataDirectory(home).write_running(Running(os.getpid(), Addresses("d", "a", "p"), environment))
    done = subprocess.run(
        [*PROGRAM, "exec", "--data-dir", "../demo", str(tmp_path / program)],
        cwd=checkout,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    where = home if moved else checkout
    assert done.stdout.split() == [str(where), PINNED["DATABASE_URL"]]
