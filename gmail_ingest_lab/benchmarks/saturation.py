"""``saturation``: the share of a mailbox's allowed units that several processes use together.

Holds: the benchmark: three processes on one mailbox and project through the shared limiter, at the
same time one worker's initial sync of another mailbox, and three processes without a limiter on a
third: the baseline. Source: docs/google.md#limits (6,000 units in a sliding minute).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from gmail_ingest.local.readiness import wait_until
from gmail_ingest_lab.benchmarks.figure import Figure, Progress
from gmail_ingest_lab.benchmarks.harness import Harness, Running, open_harness
from gmail_ingest_lab.benchmarks.mail import connect

GOAL = 97.0
GOAL_REJECTIONS = 1.0
_PROCESSES = 3
_SECONDS = 180.0
#: Seconds after the first call of all processes: on busy cores they take seconds to start.
_WARM_UP = 5.0
_START = 60.0
_ALLOWED_A_SECOND = 100.0
_LATENCY_MS = 80
_SHARED, _SINGLE, _PLAIN = (f"{name}@bench.example" for name in ("shared", "single", "plain"))


@dataclass(frozen=True, slots=True)
class _Reading:
    at: float
    units: dict[str, int]


def run(progress: Progress, scale: float = 1.0) -> Figure:
    """Spend for three minutes, and compare with what Google allows."""
    seconds = max(5.0, _SECONDS * scale)
    with open_harness(durable=True, sandbox=("--latency-ms", str(_LATENCY_MS))) as harness:
        for index, address in enumerate((_SHARED, _PLAIN, _SINGLE)):
            harness.google.create_mailbox(address, messages=round(seconds * 14), seed=index)
        connect(harness, (_SHARED, _PLAIN))
        _forget_queue(harness)
        connect(harness, (_SINGLE,))
        before, after, limited, plain = _spend(harness, seconds, progress)
        rejections = harness.google.rejections() - sum(result["rejected"] for result in plain)
    elapsed = after.at - before.at
    share = {
        address: 100
        * (after.units[address] - before.units[address])
        / (elapsed * _ALLOWED_A_SECOND)
        for address in (_SHARED, _SINGLE, _PLAIN)
    }
    a_minute = rejections / (elapsed / 60)
    return Figure(
        name="saturation",
        figure=share[_SHARED],
        unit="% of the allowed units used",
        goal=f">= {GOAL} %, and <= {GOAL_REJECTIONS:.0f} rejection a minute",
        reached=share[_SHARED] >= GOAL and a_minute <= GOAL_REJECTIONS,
        baseline=share[_PLAIN],
        baseline_is="the same processes without a limiter, backing off when Google refuses",
        conditions={
            "rejectionsAMinute": round(a_minute, 2),
            "baselineRejectionsAMinute": round(
                sum(result["rejected"] for result in plain) / (elapsed / 60), 2
            ),
            "oneWorkersInitialSync": f"{share[_SINGLE]:.1f} %",
            "processes": _PROCESSES,
            "seconds": round(elapsed, 1),
            "calls": sum(result["calls"] for result in limited),
            "latencyMs": _LATENCY_MS,
            "limits": "the sandbox at 6,000 units a minute a mailbox, 10 calls at a time",
            "mail": "seeded mail",
        },
    )


def _spend(
    harness: Harness, seconds: float, progress: Progress
) -> tuple[_Reading, _Reading, list[dict[str, int]], list[dict[str, int]]]:
    stop = harness.stack.data.root / "stop"
    limited, plain = (
        [
            harness.worker(
                "spend_worker", {"tenant": tenant, "stop": str(stop), "limiter": limiter}
            )
            for _ in range(_PROCESSES)
        ]
        for tenant, limiter in ((_SHARED, True), (_PLAIN, False))
    )
    harness.worker("sync_worker", {})
    wait_until(
        lambda: all(_read(harness).units.values()), what="workers", seconds=_START, check=_ok
    )
    _wait(_WARM_UP, "starting processes", progress)
    before = _read(harness)
    _wait(seconds, "spending", progress)
    after = _read(harness)
    stop.touch()
    return before, after, _results(limited), _results(plain)


def _ok() -> None:
    """A worker that dies is noticed when its result is asked for."""


def _results(workers: list[Running]) -> list[dict[str, int]]:
    return [worker.result() for worker in workers]


def _read(harness: Harness) -> _Reading:
    units = {address: harness.google.units_of(address) for address in (_SHARED, _SINGLE, _PLAIN)}
    return _Reading(time.monotonic(), units)


def _wait(seconds: float, step: str, progress: Progress) -> None:
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        progress(step, passed, seconds)
        time.sleep(min(0.5, seconds - passed))


def _forget_queue(harness: Harness) -> None:
    """Only the third mailbox is synced by the worker that drains the queue."""
    harness.execute("DELETE FROM sync_queue")
