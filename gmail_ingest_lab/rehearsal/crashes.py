"""Crashes of our own processes: each is killed by SIGKILL, and started again by the supervisor.

Holds: ``Crashes``. Add here: a further process that may die. Keep out: starting processes again
(the supervisor does), when to crash (``rehearsal``).
Source: edge cases 68 to 71.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random

import psutil

from gmail_ingest.local.embedded_postgres import EmbeddedPostgres
from gmail_ingest.local.supervisor import Supervisor
from gmail_ingest_lab.rehearsal.mailboxes import MailboxChanges

#: multiprocessing keeps one such process beside the run workers.
_TRACKER = "resource_tracker"
_LONGEST_OUTAGE_SECONDS = 2.0


class Crashes:
    """Kills processes; ``counted`` says how many of each kind."""

    def __init__(
        self,
        supervisor: Supervisor,
        server: EmbeddedPostgres,
        changes: MailboxChanges,
        dice: Random,
    ) -> None:
        self._supervisor, self._server = supervisor, server
        self._changes, self._dice = changes, dice
        self.counted: Counter[str] = Counter()
        self.kinds: Mapping[str, Callable[[], bool]] = {
            "worker": self._kill_worker,
            "sidecar": self._kill_sidecar,
            "daemon": lambda: self._kill("daemon"),
            "codeServer": lambda: self._kill("code-server"),
            "postgres": self._crash_postgres,
        }

    def crash(self, kind: str) -> bool:
        """Crash one of this kind; False if none runs now."""
        crashed = self.kinds[kind]()
        self.counted[kind] += crashed
        return crashed

    def workers(self) -> list[psutil.Process]:
        """The processes that execute a Dagster run now: children of the code server."""
        try:
            server = psutil.Process(self._supervisor.child("code-server").group)
            return [child for child in server.children() if _TRACKER not in str(child.cmdline())]
        except psutil.Error:
            return []

    def _kill(self, name: str) -> bool:
        child = self._supervisor.child(name)
        if child.exit_code() is not None:
            return False
        os.kill(child.group, signal.SIGKILL)
        return True

    def _kill_worker(self) -> bool:
        workers = self.workers()
        if not workers:
            return False
        try:
            self._dice.choice(workers).kill()
        except psutil.Error:
            return False  # it ended by itself meanwhile
        return True

    def _kill_sidecar(self) -> bool:
        """Kill the sidecar while Pub/Sub delivers to it."""
        self._changes.arrive_everywhere()
        killed = self._kill("sidecar")
        self._changes.arrive_everywhere()
        return killed

    def _crash_postgres(self) -> bool:
        """Take the database away for a moment, in which mail arrives and is pushed."""
        self._server.crash()
        self._changes.arrive_everywhere()
        time.sleep(self._dice.uniform(0, _LONGEST_OUTAGE_SECONDS))
        self._server.start()
        return True
