"""Syncs all that waits on a harness, and measures the CPU of all processes.

Holds: ``run_sync`` and ``Synced``. Add here: what else a sync costs. Keep out: which mail.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from gmail_ingest.settings import Settings
from gmail_ingest_lab.benchmarks.figure import Progress
from gmail_ingest_lab.benchmarks.harness import BenchmarkError, Harness
from gmail_ingest_lab.benchmarks.proc import resident_bytes

_SAMPLE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Synced:
    """What a worker did. CPU in seconds; ``start_cpu`` is what it took before the first claim,
    and part of ``worker_cpu``. ``resident`` are samples of the worker's memory in bytes.
    """

    stored: int
    units: int
    seconds: float
    worker_cpu: float
    start_cpu: float
    postgres_cpu: float
    peak_bytes: int
    resident: Sequence[int]

    @property
    def messages_a_second(self) -> float:
        """Stored messages a second."""
        return self.stored / self.seconds

    def cpu_ms(self, seconds: float) -> float:
        """CPU seconds as milliseconds a message."""
        return 1000 * seconds / self.stored

    @property
    def working_ms(self) -> float:
        """CPU milliseconds a message, worker and Postgres, without the worker's start."""
        return self.cpu_ms(self.worker_cpu - self.start_cpu + self.postgres_cpu)


def run_sync(
    harness: Harness, expected: int, progress: Progress, settings: Settings | None = None
) -> Synced:
    """Let one worker drain the queue.

    Args:
        harness: with connected mailboxes.
        expected: messages, for the progress.
        progress: is told.
        settings: other than the harness's.

    Raises:
        BenchmarkError: it failed, or not everything was stored.
    """
    resident: list[int] = []
    sampled_at = 0.0
    before = harness.postgres_cpu_seconds()
    running = harness.worker("sync_worker", {}, settings)

    def watch() -> None:
        nonlocal sampled_at
        if time.monotonic() - sampled_at >= _SAMPLE_SECONDS:
            sampled_at = time.monotonic()
            resident.append(resident_bytes(running.child.group))
            progress("syncing", harness.stored(), expected)

    found = running.result(watch)
    # What Postgres still has to write belongs to this sync, too.
    harness.checkpoint()
    if found["errors"]:
        raise BenchmarkError(f"not everything was stored: {found['errors'][:3]}")
    return Synced(
        stored=found["stored"],
        units=found["units"],
        seconds=found["seconds"],
        worker_cpu=found["cpuSeconds"],
        start_cpu=found["startCpuSeconds"],
        postgres_cpu=harness.postgres_cpu_seconds() - before,
        peak_bytes=found["peakBytes"],
        resident=resident,
    )
