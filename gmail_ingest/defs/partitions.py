"""Partition sets: tenants, and months crossed with tenants.

Holds: definitions of partitions, and how those of the tenants are kept. Add here: another set.
Keep out: keys of months (``month_keys.py``), which tenants are connected.
Source: docs/dagster.md#dynamic-partitions: the daemon adds the partitions that a tick asks for one
by one, two statements each on a connection of its own; here it is one for thousands.
#number-of-partitions, #partition-keys: Dagster asks for partitions while the code location loads:
the first month is read from the environment then.
"""

from collections.abc import Collection

import dagster as dg

from gmail_ingest.settings import load_settings

TENANTS = dg.DynamicPartitionsDefinition(name="tenants")
#: The month in which we are is among them: it is complete up to the time at which it was synced.
MONTHS = dg.MonthlyPartitionsDefinition(
    start_date=f"{load_settings().backfill_start:%Y-%m-01}", end_offset=1
)
MONTHS_BY_TENANT = dg.MultiPartitionsDefinition({"months": MONTHS, "tenants": TENANTS})
#: Partitions added by one statement.
ADDED_AT_ONCE = 5_000
#: Partitions removed by one tick, each by a statement: nobody waits for them.
REMOVED_AT_ONCE = 100


def keep_partitions(
    instance: dg.DagsterInstance,
    connected: Collection[str],
    known: Collection[str],
    *,
    added_at_once: int = ADDED_AT_ONCE,
    removed_at_once: int = REMOVED_AT_ONCE,
) -> set[str]:
    """Make Dagster's partitions equal to the connected tenants; returns those that Dagster has.

    All that are missing are added, so that a run for any of ``connected`` is accepted afterwards;
    what is left to remove is for the next call.
    """
    name = TENANTS.name or ""
    add, remove = sorted(set(connected) - set(known)), sorted(set(known) - set(connected))
    for start in range(0, len(add), added_at_once):
        instance.add_dynamic_partitions(name, add[start : start + added_at_once])
    for key in remove[:removed_at_once]:
        instance.delete_dynamic_partition(name, key)
    return set(connected)
