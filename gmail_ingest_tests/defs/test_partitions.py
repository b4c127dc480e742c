import dagster as dg
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.defs.partitions import TENANTS
from gmail_ingest.defs.sensors import plan_partitions

tenants = st.frozensets(st.text(min_size=1, max_size=8), max_size=8)


@given(tenants, tenants)
def test_plan_partitions_makes_both_sets_equal(connected, known):
    """Whatever Dagster knows, afterwards its partitions are the connected tenants."""
    after = set(known)
    for change in plan_partitions(connected, known):
        assert change.partitions_def_name == TENANTS.name
        if isinstance(change, dg.AddDynamicPartitionsRequest):
            assert after.isdisjoint(change.partition_keys)
            after |= set(change.partition_keys)
        else:
            assert after >= set(change.partition_keys)
            after -= set(change.partition_keys)
    assert after == connected


@given(tenants)
def test_plan_partitions_asks_for_nothing_when_both_are_equal(connected):
    """A tick without news changes nothing."""
    assert plan_partitions(connected, connected) == []


def test_plan_partitions_is_ordered():
    """The same tenants make the same requests, whatever order the sets have."""
    (change,) = plan_partitions(frozenset("cab"), frozenset())
    assert list(change.partition_keys) == ["a", "b", "c"]
