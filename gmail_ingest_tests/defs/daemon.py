"""Dagster's sensor daemon in the test's own process, and a way to break each of its exchanges.

Holds: ``Daemon``, which evaluates sensors with Dagster's own code, from the tick to the runs in the
queue, and ``at_statement``. Keep out: what the sensors are given to do.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.scheduler.instigation import InstigatorTick
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import WorkspaceLoadTarget
from dagster._daemon.sensor import execute_sensor_iteration

from gmail_ingest.defs.partitions import TENANTS
from gmail_ingest.defs.tags import TENANT_TAG

COORDINATOR = {"module": "dagster.core.run_coordinator", "class": "QueuedRunCoordinator"}
ALIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


#: Statements that only SQLite needs, or that come before the first use of a database.
_OF_SQLITE = ("PRAGMA", "sqlite_master", "alembic_version", "CREATE ", "secondary_indexes")


class _Target(WorkspaceLoadTarget):
    def create_origins(self) -> list[InProcessCodeLocationOrigin]:
        module = "gmail_ingest_tests.defs.quick_location"
        loadable = LoadableTargetOrigin(
            executable_path=sys.executable, module_name=module, attribute="defs"
        )
        return [InProcessCodeLocationOrigin(loadable, location_name="gmail_ingest")]


class Daemon:
    """One sensor, evaluated as the daemon does; runs are queued, and nobody starts them."""

    def __init__(self, directory: Path, sensor: str, cleanup: ExitStack) -> None:
        self.instance = cleanup.enter_context(
            dg.DagsterInstance.local_temp(
                str(directory),
                overrides={"run_coordinator": COORDINATOR, "telemetry": {"enabled": False}},
            )
        )
        self._sensor = sensor
        self._workspace = cleanup.enter_context(
            create_test_daemon_workspace_context(_Target(), self.instance)
        )
        self._logger = logging.getLogger("daemon")
        self._time = datetime.now(UTC)
        (location,) = self._workspace.create_request_context().code_locations
        (repository,) = location.get_repositories().values()
        for remote_sensor in repository.get_sensors():
            if remote_sensor.name != sensor:
                self.instance.stop_sensor(
                    remote_sensor.get_remote_origin().get_id(),
                    remote_sensor.selector_id,
                    remote_sensor,
                )
            else:
                self._remote = remote_sensor

    def tick(self) -> InstigatorTick:
        """One iteration of the daemon, a minute after the last; what became of the tick."""
        self.iterate()
        return self.ticks()[0]

    def iterate(self) -> None:
        """One iteration of the daemon, a minute after the last, with nothing read afterwards."""
        self._time += timedelta(minutes=1)
        # The daemon's own loop goes on after an error, and another daemon after its death.
        with freeze_time(self._time), contextlib.suppress(Exception, Died):
            list(execute_sensor_iteration(self._workspace, self._logger, None, None))

    def end_runs(self) -> None:
        """End all living runs."""
        for run in self.runs(*ALIVE, dg.DagsterRunStatus.NOT_STARTED):
            self.instance.report_run_canceled(run)

    def ticks(self) -> list[InstigatorTick]:
        """All ticks, the newest first."""
        origin = self._remote.get_remote_origin().get_id()
        return list(self.instance.get_ticks(origin, self._remote.selector_id))

    def runs(self, *statuses: dg.DagsterRunStatus) -> list[dg.DagsterRun]:
        """Runs in these states, the newest first; of living ones if none is named."""
        return list(self.instance.get_runs(dg.RunsFilter(statuses=list(statuses or ALIVE))))

    def tenants(self) -> list[str]:
        """The tenants of the living runs."""
        return sorted(run.tags.get(TENANT_TAG, "") for run in self.runs())

    @property
    def partitions(self) -> set[str]:
        """The tenants that Dagster knows."""
        return set(self.instance.get_dynamic_partitions(TENANTS.name or ""))


class Died(BaseException):
    """The daemon's process is no more; nothing of Dagster's handles that."""


@contextmanager
def at_statement(
    number: int, work: Callable[[], None], *, lasting: bool = False
) -> Iterator[Callable[[], int]]:
    """Let something happen before the ``number``-th statement (from 1) of SQLAlchemy, which is how
    Dagster talks to its database; our own code does not. Yields what counts them.

    ``lasting``: before each later one, too.
    """
    count = 0

    def before(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal count
        if any(word in statement for word in _OF_SQLITE):
            return
        count += 1
        if count == number or (lasting and count > number):
            work()

    sa.event.listen(sa.Engine, "before_cursor_execute", before)
    try:
        yield lambda: count
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", before)


def lose_database() -> None:
    """What a lost database raises."""
    raise sa.exc.OperationalError("lost", None, Exception("the connection was lost"))


def die() -> None:
    """What stands for the end of the daemon's process, if it is lasting: nothing more is written,
    neither what was begun nor what would clean up.
    """
    raise Died
