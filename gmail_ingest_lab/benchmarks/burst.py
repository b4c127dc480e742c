"""``burst``: 1,000 tenants pushed at once, while no run is alive, until all mail is stored.

Holds: the benchmark. Baseline: one run for each of some tenants, scaled to as many.
Source: docs/architecture.md#drain-runs.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from gmail_ingest_lab.benchmarks.figure import Figure, Progress
from gmail_ingest_lab.benchmarks.service import RUN_PER_TENANT, Service, open_service

GOAL_SECONDS = 30.0
GOAL_CPU = 0.03
_TENANTS = 1_000
_PLAIN_TENANTS = 20
_IDLE_SECONDS = 10.0
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _Burst:
    seconds: float
    cpu_seconds: float
    idle_cpu: float


def run(progress: Progress, scale: float = 1.0) -> Figure:
    """Let one mail arrive for each tenant, as fast as the sandbox takes them."""
    tenants = max(5, round(_TENANTS * scale))
    plain_tenants = max(2, round(_PLAIN_TENANTS * scale))
    plain, _ = _burst(RUN_PER_TENANT, plain_tenants, progress, idle=1.0)
    changes = {"drain_linger_seconds": 5.0}
    burst, calls = _burst(changes, tenants, progress, idle=_IDLE_SECONDS * min(1.0, 10 * scale))
    own = (burst.cpu_seconds - burst.idle_cpu * burst.seconds) / tenants
    without_calls = own - calls
    return Figure(
        name="burst",
        figure=burst.seconds,
        unit=f"s until {tenants} tenants are stored",
        goal=f"<= {GOAL_SECONDS:.0f} s, and <= {GOAL_CPU} CPU s a tenant over the API calls' own",
        reached=burst.seconds <= GOAL_SECONDS and without_calls <= GOAL_CPU,
        baseline=plain.seconds * tenants / plain_tenants,
        baseline_is=f"one run per tenant: {plain_tenants} tenants in {plain.seconds:.1f} s, scaled",
        conditions={
            "cpuSecondsATenant": round(without_calls, 4),
            "withTheCalls": round(own, 4),
            "theCallsOwn": round(calls, 4),
            "cpuIs": "sidecar, Dagster, its runs and Postgres, less what they take when idle; the "
            "calls' own by a process that makes the same calls only",
            "idleCores": round(burst.idle_cpu, 3),
            "baselineCpuSecondsATenant": round(plain.cpu_seconds / plain_tenants, 2),
            "tenants": tenants,
            "runsAliveBefore": 0,
            "durable": True,
            "sameCores": "all of it, and the sandbox",
        },
    )


def _burst(
    changes: Mapping[str, object], count: int, progress: Progress, *, idle: float
) -> tuple[_Burst, float]:
    """One burst, and the CPU seconds of a tenant's calls alone."""
    addresses = [f"burst{number}@bench.example" for number in range(count)]
    with open_service(changes, latency_ms=0) as service:
        service.connect(addresses, progress)
        service.wait_idle()
        progress("idle", 0, 1)
        resting = service.cpu_seconds()
        time.sleep(idle)
        resting = (service.cpu_seconds() - resting) / idle
        stored, cpu, began = service.emails(), service.cpu_seconds(), time.monotonic()
        for number, address in enumerate(addresses):
            service.harness.google.arrive(address, number)
        _wait_stored(service, stored, count, progress)
        seconds = time.monotonic() - began
        cpu = service.cpu_seconds() - cpu
        calls = service.harness.worker("calls_worker", {"tenants": addresses}).result()
        own = (calls["cpuSeconds"] - calls["startCpuSeconds"]) / count
    return _Burst(seconds, cpu, resting), own


def _wait_stored(service: Service, before: int, count: int, progress: Progress) -> None:
    def stored() -> bool:
        done = service.emails() - before
        progress("storing", done, count)
        return done >= count

    service.wait(stored, "the burst", _LOOK_SECONDS)
