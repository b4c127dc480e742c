"""How waiting tenants become runs: a run for each while they are few, drain runs when many.

Holds: ``plan_runs``, pure. Add here: what else the choice depends on.
Keep out: looking at the queue and at Dagster (the sensor).
Source: docs/dagster.md#starting-a-run: 30 tenants as 30 runs took 47 s and 2.6 CPU seconds each;
one run that drained 1,000 tenants took 36 s and 0.02 CPU seconds each.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class DispatchPolicy:
    """Thresholds of the sensor. ``flow``: so many tenant runs within a minute call for a drain."""

    tenant_runs: int = 4
    flow: int = 3
    drain_runs: int = 2
    tenants_per_drain: int = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """How many runs to start: of one tenant's partition each, and of drains."""

    tenant_runs: int = 0
    drain_runs: int = 0


def plan_runs(
    policy: DispatchPolicy,
    *,
    waiting: int,
    tenant_runs_alive: int,
    drains_alive: int,
    started_lately: int,
) -> Plan:
    """Decide what to start.

    Args:
        policy: the thresholds.
        waiting: queue rows that somebody could claim now, and no run was started for.
        tenant_runs_alive: runs of one tenant that are queued or running.
        drains_alive: drain runs that are starting, or whose heartbeat is fresh.
        started_lately: runs of one tenant that were started within the last minute.
    """
    if waiting == 0:
        return Plan()
    steady = started_lately >= policy.flow
    if drains_alive == 0 and not steady and waiting <= policy.tenant_runs:
        free = policy.tenant_runs - tenant_runs_alive
        # With no place free (four long listings) a drain takes the work, or it would wait for
        # hours.
        if free > 0:
            return Plan(tenant_runs=min(waiting, free))
    # A living drain was notified: start more only if there is more work than its share.
    wanted = min(policy.drain_runs, max(1, ceil(waiting / policy.tenants_per_drain)))
    return Plan(drain_runs=max(0, wanted - drains_alive))
