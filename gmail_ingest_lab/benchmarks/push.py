"""``push-warm`` and ``push-cold``: from a push to a row that the API shows.

Holds: both benchmarks. Baseline: the same service with one run per tenant and no drain runs.
Source: docs/architecture.md#drain-runs.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence

from gmail_ingest_lab.benchmarks.figure import Figure, Progress
from gmail_ingest_lab.benchmarks.service import RUN_PER_TENANT, Service, open_service
from gmail_ingest_lab.demo.latency import percentile

WARM_P50, WARM_P95 = 0.35, 0.8
COLD_P95 = 7.0
_LATENCY_MS = 80
_MAILBOXES = 20
_WARM_PUSHES = 120
_COLD_PUSHES = 12
_PLAIN_PUSHES = 5
#: Bounds of the random seconds between warm pushes, so that they match no interval of the service.
_BETWEEN = (0.2, 0.7)
_BASELINE = "one run for each tenant that is pushed, and no drain runs"


def run_warm(progress: Progress, scale: float = 1.0) -> Figure:
    """Push one mail after the other while a drain run lives."""
    plain = _plain(progress, max(1, round(_PLAIN_PUSHES * scale)))
    count = max(3, round(_WARM_PUSHES * scale))
    addresses = _addresses(_MAILBOXES)
    with open_service({}, latency_ms=_LATENCY_MS) as service:
        service.connect(addresses, progress)
        pushes = Pushes(service, addresses)
        pushes.push()  # the first after connecting may still meet the end of the initial syncs
        seconds = []
        for index in range(count):
            progress("pushing to a living drain run", index, count)
            time.sleep(random.uniform(*_BETWEEN))
            seconds.append(pushes.push())
        runs = service.dagster.runs_by_state()
    p50, p95 = _p(seconds, 0.5), _p(seconds, 0.95)
    return Figure(
        name="push-warm",
        figure=p50,
        unit="s from push to readable row, median",
        goal=f"p50 <= {WARM_P50} s, p95 <= {WARM_P95} s",
        reached=p50 <= WARM_P50 and p95 <= WARM_P95,
        baseline=_p(plain, 0.5),
        baseline_is=f"{_BASELINE}; {len(plain)} pushes",
        conditions=_conditions(seconds, plain, runs),
    )


def run_cold(progress: Progress, scale: float = 1.0) -> Figure:
    """Push one mail after the other, each when no run is alive."""
    plain = _plain(progress, max(1, round(_PLAIN_PUSHES * scale)))
    count = max(2, round(_COLD_PUSHES * scale))
    addresses = _addresses(_MAILBOXES)
    with open_service({"drain_linger_seconds": 1.0}, latency_ms=_LATENCY_MS) as service:
        service.connect(addresses, progress)
        pushes = Pushes(service, addresses)
        seconds = []
        for index in range(count):
            progress("pushing while no run is alive", index, count)
            service.wait_idle()
            seconds.append(pushes.push())
        runs = service.dagster.runs_by_state()
    p95 = _p(seconds, 0.95)
    return Figure(
        name="push-cold",
        figure=p95,
        unit="s from push to readable row, 95th percentile",
        goal=f"p95 <= {COLD_P95} s",
        reached=p95 <= COLD_P95,
        baseline=_p(plain, 0.95),
        baseline_is=f"{_BASELINE}; {len(plain)} pushes",
        conditions=_conditions(seconds, plain, runs),
    )


class Pushes:
    """Mail that arrives in one mailbox after the other: Gmail notifies once a second for each."""

    def __init__(self, service: Service, addresses: Sequence[str]) -> None:
        self._service = service
        self._addresses = addresses
        self._number = 0

    def push(self) -> float:
        """Let one mail arrive; returns the seconds until it is readable."""
        self._number += 1
        address = self._addresses[self._number % len(self._addresses)]
        return self._service.seconds_to_row(address, self._number)


def _plain(progress: Progress, count: int) -> list[float]:
    addresses = _addresses(count)
    with open_service(RUN_PER_TENANT, latency_ms=_LATENCY_MS) as service:
        service.connect(addresses, progress)
        pushes = Pushes(service, addresses)
        seconds = []
        for index in range(count):
            progress("one run per tenant, for comparison", index, count)
            service.wait_idle()
            seconds.append(pushes.push())
    return seconds


def _addresses(count: int) -> list[str]:
    return [f"push{number}@bench.example" for number in range(count)]


def _p(seconds: Sequence[float], share: float) -> float:
    return percentile(seconds, share) or 0.0


def _conditions(
    seconds: Sequence[float], plain: Sequence[float], runs: Mapping[str, int]
) -> dict[str, object]:
    return {
        "p50": round(_p(seconds, 0.5), 3),
        "p95": round(_p(seconds, 0.95), 3),
        "longest": round(max(seconds), 3),
        "pushes": len(seconds),
        "baselineP50": round(_p(plain, 0.5), 3),
        "baselineP95": round(_p(plain, 0.95), 3),
        "latencyMs": _LATENCY_MS,
        "runs": dict(runs),
        "measured": "from before the mail arrives at the sandbox until GET /api/emails shows it",
        "durable": True,
    }
