"""The whole service on one machine: in which order its processes start, and when it is ready.

Holds: ``Stack`` (what runs) and ``open_stack``. Add here: an order or a wait. Keep out: commands
(``process_commands``), variables (``environment``), what a person sees (``cli``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from gmail_ingest.adapters.postgres.schema.database_state import look_at
from gmail_ingest.adapters.postgres.schema.migrate import upgrade
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local import environment as variables
from gmail_ingest.local import process_commands
from gmail_ingest.local.dagster_api import DagsterApi
from gmail_ingest.local.dagster_migration import is_behind, migrate_dagster
from gmail_ingest.local.data_directory import Addresses, DataDirectory, Running
from gmail_ingest.local.databases import Databases
from gmail_ingest.local.process import Child, ProcessSpec
from gmail_ingest.local.readiness import (
    free_ports,
    http_ok,
    loopback_session,
    port_open,
    wait_until,
)
from gmail_ingest.local.signals import uninterrupted
from gmail_ingest.local.supervisor import Supervisor
from gmail_ingest.settings import Settings

#: Generous: on a cold disk and busy cores Dagster imports for tens of seconds.
START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports on loopback that people type; 0 takes a free one."""

    api: int = 0
    dagster: int = 0


@dataclass(slots=True)
class Stack:
    """A deployment on one machine, from ``open_stack``; ``inherited``: the environment that its
    processes get beside their settings.
    """

    data: DataDirectory
    on_step: Callable[[str], None]
    supervisor: Supervisor
    inherited: Mapping[str, str]
    cleanup: ExitStack = field(default_factory=ExitStack)

    def start(self, spec: ProcessSpec) -> Child:
        """Start one process."""
        self.on_step(f"starting {spec.name}")
        return self.supervisor.start(spec)

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        """Wait until a service is ready, or a child has died."""
        wait_until(ready, what=what, seconds=START_SECONDS, check=self.supervisor.check)

    def child_environment(self, settings: Settings, databases: Databases) -> dict[str, str]:
        """All variables of the children, but for the code server's address."""
        return {
            **variables.base_environment(self.inherited, self.data.bytecode),
            **variables.settings_variables(settings),
            **self.made_up(databases),
        }

    def made_up(self, databases: Databases) -> dict[str, str]:
        """The variables that this launcher chose; no operator's environment has them."""
        chosen = {variables.DAGSTER_HOME: str(self.data.dagster_home.resolve())}
        return chosen | {
            "DATABASE_URL": databases.mail,
            variables.DAGSTER_PG_URL: databases.dagster,
        }

    def start_services(
        self,
        environment: Mapping[str, str],
        ports: Ports = Ports(),
    ) -> Addresses:
        """Migrate, start the sidecar and Dagster, and wait until all of them are ready.

        Raises:
            ChildDiedError, NotReadyError, CodeLocationError: what did not come up, and why.
            DagsterMigrationError: Dagster's database could not be migrated.
        """
        free = free_ports(3)
        code_port, api_port, dagster_port = free[0], ports.api or free[1], ports.dagster or free[2]
        env = {
            **environment,
            variables.CODE_SERVER_HOST: process_commands.LOOPBACK,
            variables.CODE_SERVER_PORT: str(code_port),
        }
        self._migrate_dagster(env)
        self.start(process_commands.code_server(env, code_port))
        self.on_step("migrating the database")
        upgrade(env["DATABASE_URL"])
        self.start(process_commands.sidecar(env, api_port))
        self.wait(lambda: port_open(process_commands.LOOPBACK, code_port), "code-server")
        self._start_dagster(env, dagster_port)
        api = f"http://{process_commands.LOOPBACK}:{api_port}"
        session = loopback_session()
        self.wait(lambda: http_ok(session, f"{api}/readyz"), "sidecar")
        return Addresses(
            dagster=f"http://{process_commands.LOOPBACK}:{dagster_port}",
            api=api,
            database=env["DATABASE_URL"],
            sandbox=None,
        )

    def publish(self, addresses: Addresses, environment: Mapping[str, str]) -> None:
        """Let other commands find this deployment while it runs."""
        self.data.write_running(Running(os.getpid(), addresses, environment))
        self.cleanup.callback(self.data.forget_running)

    def _migrate_dagster(self, env: Mapping[str, str]) -> None:
        """Migrate what an older Dagster left; in an empty database the webserver makes tables."""
        url = env[variables.DAGSTER_PG_URL]
        if is_behind(look_at(url, variables.DAGSTER_PG_URL).revision):
            self.on_step("migrating Dagster's database")
            migrate_dagster(url, env)

    def _start_dagster(self, env: Mapping[str, str], port: int) -> None:
        # The webserver makes Dagster's tables; a daemon that did so at the same time would fail.
        self.start(process_commands.webserver(env, port))
        url = f"http://{process_commands.LOOPBACK}:{port}"
        session = loopback_session()
        self.wait(lambda: http_ok(session, f"{url}/server_info"), "webserver")
        self.start(process_commands.daemon(env))
        dagster = DagsterApi(url)
        self.wait(dagster.location_loaded, "Dagster's code location")
        self.wait(dagster.sensors_run, "Dagster's daemon")


def require_unused(data: DataDirectory) -> None:
    """Raise ConfigurationError if a deployment runs on this data directory."""
    if (running := data.running()) is not None:
        raise ConfigurationError(
            f"{data.root} is in use by process {running.pid}: stop it, or choose another --data-dir"
        )


@contextmanager
def open_stack(
    data: DataDirectory,
    on_step: Callable[[str], None],
    inherited: Mapping[str, str] = os.environ,
) -> Iterator[Stack]:
    """A stack to start processes in; whatever happens, it leaves none behind.

    Args:
        data: where it keeps its things.
        on_step: is told what is being done.
        inherited: the environment that processes get beside their settings; demo and benchmarks
            pass ``machine_environment`` of it, so that nobody's settings change them.

    Raises:
        ConfigurationError: another deployment runs on this data directory.
    """
    require_unused(data)
    data.create()
    cleanup = ExitStack()
    supervisor = Supervisor(logs=data.logs, directory=data.root)
    # Last in, first out; each is done even if one before it fails.
    ending = ExitStack()
    ending.push(cleanup)  # databases: they stop after those who use them
    ending.callback(supervisor.close)
    ending.callback(on_step, "stopping")
    try:
        yield Stack(data, on_step, supervisor, inherited, cleanup)
    finally:
        with uninterrupted():
            ending.close()
