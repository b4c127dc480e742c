"""Keeps a deployment running: what ended by itself is started again, or the deployment ends.

Holds: ``Keeper``. Keep out: when (``restarts``), starting and stopping (``supervisor``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from gmail_ingest.errors import GmailIngestError
from gmail_ingest.local.embedded_postgres import EmbeddedPostgres
from gmail_ingest.local.log_writer import RotatingFile
from gmail_ingest.local.process import how_it_ended
from gmail_ingest.local.restarts import Restarts
from gmail_ingest.local.supervisor import Supervisor

_POSTGRES = "postgres"
_NAME = "up"


class CrashLoopError(GmailIngestError):
    """A process ended again and again: its failure does not pass by itself."""

    def __init__(self, name: str, times: int, window_seconds: float, tail: str) -> None:
        super().__init__(
            f"{name} ended {times} times within {window_seconds / 60:.0f} minutes and is not "
            f"started again: fix what its log says, then start again. The end of its log:\n{tail}"
        )
        self.name = name


class Keeper:
    """Looks after the processes of a supervisor, and an embedded PostgreSQL if there is one.

    Args:
        notify: is told what ended and what was started again; so is the log ``up.log``.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        logs: Path,
        *,
        notify: Callable[[str], None],
        server: EmbeddedPostgres | None = None,
        restarts: Restarts | None = None,
    ) -> None:
        self._supervisor, self._server = supervisor, server
        self._logs, self._notify = logs, notify
        self._restarts = restarts or Restarts()
        self._log = RotatingFile(logs / f"{_NAME}.log")
        self._due: dict[str, float] = {}

    def look(self, now: float) -> None:
        """Look once; ``now`` is in seconds of any one clock.

        Raises:
            CrashLoopError: a process has ended too often.
            ConfigurationError: the embedded PostgreSQL does not start again.
        """
        server = self._server
        if server is not None and (code := server.exit_code()) is not None:
            # The others cannot do without it, and wait for it meanwhile.
            self._ended(_POSTGRES, code, now, self._tail_of_server)
            if self._is_due(_POSTGRES, now):
                server.start_again()
                self._say("restarted", _POSTGRES, "started postgres again", "info")
        for child in self._supervisor.ended():
            self._ended(child.name, child.exit_code() or 0, now, child.tail)
            if self._is_due(child.name, now):
                self._supervisor.revive(child.name)
                self._say("restarted", child.name, f"started {child.name} again", "info")

    def _ended(self, name: str, code: int, now: float, tail: Callable[[], str]) -> None:
        if name in self._due:
            return
        pause = self._restarts.died(name, now)
        how = how_it_ended(name, code)
        times = self._restarts.crashes(name)
        if pause is None:
            self._say("gave_up", name, f"{how}: it is not started again", "critical", crashes=times)
            raise CrashLoopError(name, times, self._restarts.window_seconds, tail())
        self._due[name] = now + pause
        again = f"starting it again in {pause:g} s ({times} of {self._restarts.limit})"
        self._say("ended", name, f"{how}; {again}", "error", exit_code=code, crashes=times)

    def _is_due(self, name: str, now: float) -> bool:
        if now < self._due[name]:
            return False
        del self._due[name]
        return True

    def _tail_of_server(self) -> str:
        return f"see {self._logs / _POSTGRES}.log"

    def _say(self, event: str, name: str, text: str, level: str, **more: object) -> None:
        self._notify(text)
        moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        line = {"event": event, "what": name, **more, "level": level}
        self._log.write([{**line, "timestamp": moment, "process": _NAME}])
