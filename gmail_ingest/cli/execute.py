"""``gmail-ingest exec -- COMMAND``: a command in the environment of the running deployment.

Holds: the command. With it, Dagster's own command line reaches an embedded database.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gmail_ingest.cli.options import DEFAULT_DATA_DIR, DataDir
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local.data_directory import DataDirectory, Running
from gmail_ingest.local.environment import variable_names


def execute(
    command: Annotated[list[str], typer.Argument(help="The command and its arguments.")],
    *,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Run a command with DATABASE_URL, DAGSTER_HOME and the rest of the running deployment.

    Dagster's programs run in --data-dir if that holds a demonstration and there is a .env here,
    which would overrule the demonstration's settings.
    """
    running = DataDirectory(data_dir).running()
    if running is None:
        raise ConfigurationError(f"nothing runs in {data_dir}: start `gmail-ingest up` first")
    own_programs = str(Path(sys.executable).parent)
    path = os.pathsep.join((own_programs, os.environ.get("PATH", os.defpath)))
    environment = {**os.environ, **running.environment, "PATH": path}
    if _is_pinned(running) and Path(".env").exists() and _is_dagster(command[0]):
        # Dagster's programs let a .env in their working directory overrule the environment.
        os.chdir(data_dir)
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - this is what was asked for
    except FileNotFoundError:
        raise ConfigurationError(f"no such command: {command[0]}") from None


def _is_pinned(running: Running) -> bool:
    """Whether the deployment has all its settings from its launcher, as a demonstration does."""
    return set(variable_names().values()) <= running.environment.keys()


def _is_dagster(program: str) -> bool:
    return Path(program).name.startswith("dagster")
