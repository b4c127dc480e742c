"""``gmail-ingest exec -- COMMAND``: a command in the environment of the running deployment.

Holds: the command. It is how Dagster's own command line meets an embedded database.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gmail_ingest.cli.options import DEFAULT_DATA_DIR, DataDir
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.runtime.data_directory import DataDirectory


def execute(
    command: Annotated[list[str], typer.Argument(help="The command and its arguments.")],
    *,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Run a command with DATABASE_URL, DAGSTER_HOME and the rest of the running deployment."""
    running = DataDirectory(data_dir).running()
    if running is None:
        raise ConfigurationError(f"nothing runs in {data_dir}: start `gmail-ingest up` first")
    own_programs = str(Path(sys.executable).parent)
    path = os.pathsep.join((own_programs, os.environ.get("PATH", os.defpath)))
    environment = {**os.environ, **running.environment, "PATH": path}
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - this is what was asked for
    except FileNotFoundError:
        raise ConfigurationError(f"no such command: {command[0]}") from None
