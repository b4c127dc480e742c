"""How a worker process is told what to do, and tells what it did: two JSON files.

Holds: ``run_worker``. Add here: what every worker measures of itself. Keep out: its work.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import uvloop

Work = Callable[[Mapping[str, Any]], Awaitable[dict[str, object]]]


def cpu_seconds() -> float:
    """User and system CPU of this process since it began, start-up included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run_worker(work: Work) -> None:
    """Read the plan, work it off, and write the answer with this process's CPU and memory."""
    plan, answer = Path(sys.argv[1]), Path(sys.argv[2])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(_told(work, json.loads(plan.read_text())))
    found["cpuSeconds"] = cpu_seconds()
    found["peakBytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    answer.write_text(json.dumps(found))


async def _told(work: Work, plan: Mapping[str, Any]) -> dict[str, object]:
    return await work(plan)
