"""The directory of a local deployment, and the state file that other commands read there.

Holds: ``DataDirectory`` and ``Running`` (the state file). Add here: a path that a person may want
to look into. Keep out: what is in Postgres.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gmail_ingest.errors import ConfigurationError

#: Files beside the package, in a checkout and in the image alike.
PROJECT_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the running services answer."""

    dagster: str
    api: str
    database: str
    sandbox: str | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A running deployment: its process, its addresses, and the environment made for it.

    ``environment`` holds the variables that the launcher chose (paths, ports, the sandbox's
    addresses and keys). Those of the operator are not written to disk.
    """

    pid: int
    addresses: Addresses
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """The directory of one local deployment."""

    root: Path

    @property
    def postgres(self) -> Path:
        """The embedded PostgreSQL's cluster."""
        return self.root / "postgres"

    @property
    def dagster_home(self) -> Path:
        """Dagster's home: its configuration, and compute logs."""
        return self.root / "dagster"

    @property
    def logs(self) -> Path:
        """One log for each child process."""
        return self.root / "logs"

    @property
    def bytecode(self) -> Path:
        """Compiled bytecode, used only if it cannot be written beside the packages."""
        return self.root / "bytecode"

    @property
    def _state(self) -> Path:
        return self.root / "running.json"

    def create(self) -> None:
        """Make the directories, and put the project's dagster.yaml into Dagster's home."""
        for path in (self.root, self.dagster_home, self.logs):
            path.mkdir(parents=True, exist_ok=True)
        (self.dagster_home / "dagster.yaml").write_bytes(project_file("dagster.yaml").read_bytes())

    def write_running(self, running: Running) -> None:
        """Publish the running deployment, readable by its owner only."""
        text = json.dumps(asdict(running), indent=2)
        # Renamed once it is whole: another command may read it at any moment.
        part = self._state.with_suffix(".part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as state:
            state.write(text)
        part.replace(self._state)

    def forget_running(self) -> None:
        """Delete the state file: nothing runs any more."""
        self._state.unlink(missing_ok=True)

    def running(self) -> Running | None:
        """The deployment that runs on this directory; None if its process is gone.

        Raises:
            ConfigurationError: the state file is not what ``write_running`` writes.
        """
        try:
            found = _read(json.loads(self._state.read_bytes()))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, TypeError, LookupError):
            raise ConfigurationError(
                f"{self._state} is damaged: make sure that no `gmail-ingest up` or `demo` runs on "
                "this directory, then delete the file"
            ) from None
        return found if _alive(found.pid) else None


def _read(raw: Any) -> Running:  # noqa: ANN401 - whatever a file may hold
    """Raises TypeError or LookupError for what is no state."""
    found = Running(raw["pid"], Addresses(**raw["addresses"]), dict(raw["environment"]))
    addresses = [address for address in asdict(found.addresses).values() if address is not None]
    texts = [*addresses, *found.environment.values()]
    if type(found.pid) is not int or found.pid <= 0 or not all(isinstance(t, str) for t in texts):
        raise TypeError
    return found


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def project_file(name: str) -> Path:
    """A configuration file of the project's top level.

    Raises:
        ConfigurationError: the package was installed without the files beside it.
    """
    path = PROJECT_ROOT / name
    if not path.is_file():
        raise ConfigurationError(
            f"{name} is not beside the package: run from a checkout (pip install -e .) or the image"
        )
    return path
