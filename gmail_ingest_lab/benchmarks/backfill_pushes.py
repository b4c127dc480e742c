"""Pushes mail into a mailbox during a backfill, and measures how soon it is readable.

Holds: ``Pusher``. Keep out: what happens meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from gmail_ingest_lab.benchmarks.figure import Progress
from gmail_ingest_lab.benchmarks.local_google import LocalGoogle
from gmail_ingest_lab.benchmarks.service import Service
from gmail_ingest_lab.demo.latency import percentile

#: Gmail makes at most one notification a second for a mailbox, and drops the others.
_PAUSE_SECONDS = 1.1


class Pusher:
    """Lets one mail after the other arrive; ``seconds`` grows by one for each."""

    def __init__(self, service: Service, address: str, tenant: str, *, first_seed: int) -> None:
        # It has a connection of its own and does not watch processes: the backfill's watch revives
        # them.
        harness = replace(service.harness, google=LocalGoogle(service.harness.url))
        self._service = replace(service, harness=harness, check=lambda: None)
        self._address = address
        self._tenant = tenant
        self._seed = first_seed
        self.seconds: list[float] = []

    def take(self) -> list[float]:
        """What was measured since the last time."""
        taken, self.seconds = self.seconds, []
        return taken

    def push(self, count: int, progress: Progress) -> None:
        """Let so many mails arrive, one after the other."""
        for number in range(count):
            progress("pushing without a backfill", number, count)
            time.sleep(_PAUSE_SECONDS)
            self._push()

    def _push(self) -> None:
        self._seed += 1
        self.seconds.append(self._service.seconds_to_row(self._address, self._seed, self._tenant))

    @contextmanager
    def every(self, seconds: float) -> Iterator[None]:
        """Push beside the block, so many seconds after each mail was readable."""
        stop, errors = threading.Event(), list[BaseException]()

        def work() -> None:
            try:
                while not stop.wait(seconds):
                    self._push()
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                errors.append(error)

        thread = threading.Thread(target=work, name="pushes", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        if errors:
            raise errors[0]


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and the longest."""
    return {
        "p50": round(percentile(seconds, 0.5) or 0.0, 3),
        "p95": round(percentile(seconds, 0.95) or 0.0, 3),
        "longest": round(max(seconds, default=0.0), 3),
    }
