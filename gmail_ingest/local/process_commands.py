"""The processes of a deployment: the command of each.

Holds: one function for each process. Add here: a process that a deployment runs.
Keep out: their order (``stack``), and options of production (the image has them).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from gmail_ingest.local.data_directory import project_file
from gmail_ingest.local.process import ProcessSpec

LOOPBACK = "127.0.0.1"
#: Dagster's own programs log in colours unless told otherwise.
_JSON = ("--log-format", "json")
WORKSPACE = "workspace.deployment.yaml"


def _spec(name: str, environment: Mapping[str, str], *arguments: str) -> ProcessSpec:
    return ProcessSpec(name, (sys.executable, "-m", *arguments), environment)


def sidecar(environment: Mapping[str, str], port: int) -> ProcessSpec:
    """The HTTP API."""
    return _spec("sidecar", environment, "webhook_api", "--host", LOOPBACK, "--port", str(port))


def code_server(environment: Mapping[str, str], port: int) -> ProcessSpec:
    """Dagster's code location; run workers are its children."""
    return _spec(
        "code-server",
        environment,
        *("dagster", "api", "grpc", "--module-name", "gmail_ingest.definitions"),
        *("--location-name", "gmail_ingest", "--host", LOOPBACK, "--port", str(port)),
        *("--use-python-environment-entry-point", *_JSON),
    )


def webserver(environment: Mapping[str, str], port: int) -> ProcessSpec:
    """Dagster's UI and GraphQL."""
    return _spec(
        "webserver",
        environment,
        *("dagster_webserver", "--host", LOOPBACK, "--port", str(port)),
        *("--workspace", str(project_file(WORKSPACE)), *_JSON),
    )


def daemon(environment: Mapping[str, str]) -> ProcessSpec:
    """Dagster's daemon: sensors, schedules, the run queue."""
    return _spec(
        "daemon",
        environment,
        *("dagster._daemon", "run", "--workspace", str(project_file(WORKSPACE)), *_JSON),
    )
