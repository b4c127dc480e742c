"""Dagster's code server, whose check for orphaned runs goes on after an error.

Holds: ``retry_orphan_checks``, and what its log says at the start. Add here: nothing. Keep out:
what a dead run leaves behind (``dead_runs.py``), runs that died with their code server
(``run_launcher.py``).
Source: docs/dagster.md#dead-workers: the thread that reports dead workers ends with its first
error. Workers die when the database is away, and just then they cannot be reported: in a rehearsal
such a run, and each one that died after it, stayed STARTED until max_runtime_seconds.
Unnecessary with: a check in Dagster that outlives an error.
"""

import sys
from functools import wraps
from typing import Any

import structlog

from gmail_ingest.variables import misspelt

log = structlog.get_logger(__name__)

_SERVER = "dagster._grpc.server"


def retry_orphan_checks() -> None:
    """Let a check for orphaned runs that failed be repeated, if this process is a code server."""
    module = sys.modules.get(_SERVER)
    if module is None:
        return
    check = module.DagsterApiServer._check_for_orphaned_runs  # noqa: SLF001 - there is no other way

    @wraps(check)
    def check_again(server: Any) -> None:  # noqa: ANN401 - Dagster's own class
        try:
            check(server)
        except Exception as error:  # noqa: BLE001 - half a second later it is tried again
            log.warning("run_workers_not_checked", error=type(error).__name__)

    module.DagsterApiServer._check_for_orphaned_runs = check_again  # noqa: SLF001 - as above


def warn_of_misspelt_settings() -> None:
    """Log each variable that was meant as a setting and is read by nothing, once a code server."""
    if _SERVER in sys.modules:
        for sentence in misspelt():
            log.warning("setting_not_read", reason=sentence)
