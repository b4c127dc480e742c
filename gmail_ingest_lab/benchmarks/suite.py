"""All benchmarks by name.

Holds: ``BENCHMARKS``. Add here: a figure's name and its module.
Keep out: measuring. Modules are imported when they are run.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from gmail_ingest_lab.benchmarks.figure import Figure, Progress

Benchmark = Callable[[Progress, float], Figure]

#: name: (module of this room, function). In the order in which ``all`` runs them.
BENCHMARKS = {
    "units": ("units", "run"),
    "cpu": ("cpu", "run"),
    "fleet": ("fleet", "run"),
    "memory": ("memory", "run"),
    "saturation": ("saturation", "run"),
    "limiter": ("limiter", "run"),
    "growth": ("growth", "run"),
    "webhook": ("webhook", "run"),
    "reads": ("reads", "run"),
    "reindex": ("reindex", "run"),
    "push-warm": ("push", "run_warm"),
    "push-cold": ("push", "run_cold"),
    "burst": ("burst", "run"),
    "gaps": ("gaps", "run"),
    "history": ("backfill", "run"),
    "fairness": ("fairness", "run"),
    "partitions": ("partitions", "run"),
}


def find(name: str) -> Benchmark:
    """The benchmark of this name; KeyError if there is none."""
    module, function = BENCHMARKS[name]
    found: Benchmark = getattr(import_module(f"{__package__}.{module}"), function)
    return found
