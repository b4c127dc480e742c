"""A backfill on its way: watched, its worker and the daemon killed once each, its memory sampled.

Holds: ``BackfillWatch`` and ``Watched``. Add here: a further thing that is sampled.
Keep out: what was asked for, and what is said of it (``backfill.py``).
"""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from gmail_ingest.local.sidecar_api import SidecarApi
from gmail_ingest_lab.benchmarks.dagster_ui import DagsterUi
from gmail_ingest_lab.benchmarks.figure import Progress
from gmail_ingest_lab.benchmarks.harness import BenchmarkError
from gmail_ingest_lab.benchmarks.memory import growth
from gmail_ingest_lab.benchmarks.proc import resident_bytes
from gmail_ingest_lab.benchmarks.service import Service

#: Shares of the messages after which the worker and the daemon are killed.
KILL_WORKER, KILL_DAEMON = 0.35, 0.65
_LONGEST_SECONDS = 7_200.0
_LOOK_SECONDS = 0.5
#: Seconds between questions to Dagster, which take the cores that are measured.
_POLL_SECONDS = 3.0


@dataclass(slots=True)
class Watched:
    """Measurements. ``resident``: samples in bytes by run; ``killed``: how many processes."""

    job: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    resident: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    killed: dict[str, int] = field(default_factory=lambda: {"worker": 0, "daemon": 0})

    @property
    def samples(self) -> Sequence[int]:
        """All samples in their order: runs of a tenant follow each other."""
        return [value for values in self.resident.values() for value in values]

    @property
    def growth(self) -> float:
        """The most that a run has grown from its second quarter to its last."""
        return max((growth(values) for values in self.resident.values()), default=1.0)


class BackfillWatch:
    """Follows one backfill to its end."""

    def __init__(self, service: Service, tenant: str, wanted: int, progress: Progress) -> None:
        self._service = service
        self._api = SidecarApi(service.api, service.api_key)
        self._ui = DagsterUi(service.dagster_url)
        self._tenant = tenant
        self._wanted = wanted
        self._progress = progress
        self._workers: Mapping[str, int] = {}
        self._polled_at = 0.0

    def follow(self, job_id: str) -> Watched:
        """Watch until the job has ended, and kill on the way.

        Raises:
            BenchmarkError: it did not succeed, or takes hours.
        """
        seen, began = Watched(), time.monotonic()
        supervisor = self._service.harness.stack.supervisor
        while seen.job.get("state") != "succeeded":
            supervisor.revive()
            seen.job = self._api.job(self._tenant, job_id)
            done = seen.job["progress"]["stored"] + seen.job["progress"]["excluded"]
            self._progress("backfilling", done, self._wanted)
            seen.seconds = time.monotonic() - began
            if seen.job["state"] in {"failed", "cancelled"} or seen.seconds > _LONGEST_SECONDS:
                raise BenchmarkError(f"the job is {seen.job['state']}: {seen.job['error']}")
            self._sample(seen)
            self._kill(seen, done / max(self._wanted, 1))
            time.sleep(_LOOK_SECONDS)
        supervisor.revive()
        return seen

    def _sample(self, seen: Watched) -> None:
        if time.monotonic() - self._polled_at > _POLL_SECONDS:
            self._workers = self._ui.backfill_workers()
            self._polled_at = time.monotonic()
        for run, pid in self._workers.items():
            if resident := resident_bytes(pid):
                seen.resident[run].append(resident)

    def _kill(self, seen: Watched, share: float) -> None:
        if share >= KILL_WORKER and not seen.killed["worker"] and self._workers:
            for pid in self._workers.values():
                with suppress(ProcessLookupError):  # it may have ended by itself just now
                    os.kill(pid, signal.SIGKILL)
                    seen.killed["worker"] += 1
        if share >= KILL_DAEMON and not seen.killed["daemon"]:
            daemon = self._service.harness.stack.supervisor.child("daemon")
            os.kill(daemon.group, signal.SIGKILL)
            seen.killed["daemon"] += 1
