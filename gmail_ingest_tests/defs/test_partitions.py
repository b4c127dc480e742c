"""Partitions are kept equal to the connected tenants."""

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.defs.partitions import TENANTS, keep_partitions

tenants = st.frozensets(st.sampled_from("abcdefgh"), max_size=8)


@pytest.fixture(scope="module")
def dagster():
    """Dagster without a database."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@given(before=tenants, connected=tenants)
def test_partitions_become_the_connected_tenants(dagster, before, connected):
    """Whatever Dagster knows, afterwards its partitions are the connected tenants."""
    keep_partitions(dagster, before, dagster.get_dynamic_partitions(TENANTS.name))
    known = keep_partitions(dagster, connected, before)
    assert set(dagster.get_dynamic_partitions(TENANTS.name)) == known == connected


def test_partitions_are_added_all_and_removed_a_few_at_a_time(instance):
    """A run may be asked for any connected tenant at once; nobody waits for a removal (edge case
    81).
    """
    few = {"added_at_once": 3, "removed_at_once": 2}
    old = [f"old{number}" for number in range(5)]
    instance.add_dynamic_partitions(TENANTS.name, old)
    new = {f"new{number}" for number in range(10)}
    for left in (4, 2, 0):
        known = instance.get_dynamic_partitions(TENANTS.name)
        assert keep_partitions(instance, new, known, **few) == new
        now = set(instance.get_dynamic_partitions(TENANTS.name))
        assert now >= new
        assert len(now - new) == left
