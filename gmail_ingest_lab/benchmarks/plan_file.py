"""How a worker process is told what to do, and tells what it did: two JSON files.

Holds: ``run_worker``. Add here: what every worker measures of itself. Keep out: its work.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

Answer = dict[str, object]


def cpu_seconds() -> float:
    """User and system CPU of this process since it began, start-up included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run_worker(work: Callable[[Mapping[str, Any]], Answer]) -> None:
    """Read the plan, work it off, and write the answer with this process's CPU and memory."""
    plan, answer = Path(sys.argv[1]), Path(sys.argv[2])
    found = work(json.loads(plan.read_text()))
    found["cpuSeconds"] = cpu_seconds()
    found["peakBytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    # Renamed once it is whole: whoever waits for the file never reads half of it.
    partial = answer.with_suffix(".partial")
    partial.write_text(json.dumps(found))
    partial.replace(answer)


def run_async(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a coroutine on the loop that Dagster's runs have, too."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
