"""The run launcher of dagster.yaml: runs are children of the code server, and it is asked for them.

Holds: ``WatchedRunLauncher``. Add here: nothing that another launcher (Kubernetes) would not do
itself. Keep out: what a dead run leaves behind (``dead_runs.py``).
Source: docs/dagster.md#dead-workers: Dagster's own launcher cannot tell whether a worker lives, so
that a run that died with its code server stayed STARTED until max_runtime_seconds, and kept its
place among the runs for two hours.
Unnecessary with: a default launcher that can be asked whether a worker lives; or with another
launcher that can (Kubernetes, Docker, ECS).
"""

import os

from dagster import DagsterRun, DefaultRunLauncher
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

#: Where workspace.deployment.yaml finds the code server; each start of ``gmail-ingest up`` takes a
#: free port.
_HOST, _PORT = "GMAIL_INGEST_CODE_SERVER_HOST", "GMAIL_INGEST_CODE_SERVER_PORT"
_TIMEOUT_SECONDS = 10

_ALIVE = CheckRunHealthResult(WorkerStatus.RUNNING)


class WatchedRunLauncher(DefaultRunLauncher):
    """Dagster's default launcher, with health: run monitoring ends what died with its server.

    A run that is called dead by mistake can write nothing more (its claims and leases are taken
    from it), so that a mistake costs work and no mail.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether run monitoring may ask."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Ask the code server that started a run whether it still has it."""
        client = self._get_grpc_client_for_termination(run.run_id)  # type: ignore[no-untyped-call]
        if client is None:
            # Executed by a command line, or ended meanwhile: nothing that this launcher started.
            return _ALIVE
        try:
            if _has(client, run.run_id):
                return _ALIVE
        except DagsterUserCodeUnreachableError:
            if _is_present(client):
                # Perhaps it is only busy, or on its way back: then it will know.
                return _ALIVE
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "its code server has no such run")


def _has(client: DagsterGrpcClient, run_id: str) -> bool:
    request = CanCancelExecutionRequest(run_id=run_id)
    answer = client.can_cancel_execution(request, timeout=_TIMEOUT_SECONDS)
    return deserialize_value(answer, CanCancelExecutionResult).can_cancel


def _is_present(client: DagsterGrpcClient) -> bool:
    """Whether a client speaks to the code server of today's workspace, as far as that is known."""
    host, port = os.environ.get(_HOST), os.environ.get(_PORT)
    return None in (host, port) or (client.host, str(client.port)) == (host, port)
