"""How waiting tenants become runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.sync.live.dispatch import DispatchPolicy, Plan, plan_runs

POLICY = DispatchPolicy(tenant_runs=4, flow=3, drain_runs=2, tenants_per_drain=500)


@pytest.mark.parametrize(
    ("waiting", "alive", "drains", "lately", "plan"),
    [
        (0, 0, 0, 9, Plan()),
        (1, 0, 0, 0, Plan(tenant_runs=1)),
        (4, 0, 0, 2, Plan(tenant_runs=4)),
        (3, 2, 0, 0, Plan(tenant_runs=2)),
        (2, 4, 0, 0, Plan(drain_runs=1)),
        (5, 0, 0, 0, Plan(drain_runs=1)),
        (1, 0, 0, 3, Plan(drain_runs=1)),
        (1, 0, 1, 0, Plan()),
        (600, 0, 1, 0, Plan(drain_runs=1)),
        (1000, 0, 0, 0, Plan(drain_runs=2)),
        (99_999, 0, 2, 0, Plan()),
    ],
)
def test_plan_runs_starts_drains_when_many_wait_or_pushes_keep_coming(
    waiting, alive, drains, lately, plan
):
    """Few waiting tenants get a run each; many, or a steady flow, get drains; a living drain
    has been notified already.
    """
    found = plan_runs(
        POLICY,
        waiting=waiting,
        tenant_runs_alive=alive,
        drains_alive=drains,
        started_lately=lately,
    )
    assert found == plan


@given(*[st.integers(0, 2000)] * 4)
def test_plan_runs_never_exceeds_its_limits_nor_leaves_work_to_nobody(
    waiting, alive, drains, lately
):
    """Whatever the figures, the limits hold, and what waits has somebody to work it off."""
    plan = plan_runs(
        POLICY,
        waiting=waiting,
        tenant_runs_alive=alive,
        drains_alive=drains,
        started_lately=lately,
    )
    assert plan.drain_runs == 0 or plan.drain_runs + drains <= POLICY.drain_runs
    assert plan.tenant_runs == 0 or plan.tenant_runs + alive <= POLICY.tenant_runs
    if waiting and not drains and not alive:
        assert plan.tenant_runs or plan.drain_runs
