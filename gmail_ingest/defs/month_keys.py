"""Keys of the partitions of backfills: a month and a tenant.

Holds: writing and reading them. Add here: nothing else. Keep out: the partitions
(``partitions.py``), whose first month is read from the environment: all of Dagster's processes load
this module.
Source: docs/dagster.md#partition-keys: dagster.MultiPartitionsDefinition joins its dimensions,
sorted by name, with a bar, which no tenant's id contains: ``2024-01-01|acme``.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import dagster as dg


class TenantMonth(NamedTuple):
    """What a partition is about; ``month`` is named by its first day."""

    month: date
    tenant: str


class TenantMonths(NamedTuple):
    """What partitions of one tenant are about; its months, oldest first."""

    months: tuple[date, ...]
    tenant: str


def partition_key(month: date, tenant: str) -> str:
    """The key of a tenant's month."""
    return f"{month:%Y-%m-%d}|{tenant}"


def read_key(key: str) -> TenantMonth:
    """The month and the tenant of a key; a tenant's id has no bar."""
    month, _, tenant = key.partition("|")
    return TenantMonth(date.fromisoformat(month), tenant)


def read_keys(keys: Iterable[str]) -> TenantMonths:
    """The months of keys, oldest first, and their tenant.

    Raises:
        dg.Failure: they are of several tenants.
    """
    found = [read_key(key) for key in keys]
    tenants = {key.tenant for key in found}
    if len(tenants) != 1:
        raise dg.Failure("a run is about the months of one tenant: start a backfill for each")
    return TenantMonths(tuple(sorted({key.month for key in found})), tenants.pop())


def months_for(tenant: str, keys: Iterable[str]) -> tuple[date, ...]:
    """The months that keys name for a tenant, oldest first."""
    return tuple(sorted({key.month for key in map(read_key, keys) if key.tenant == tenant}))
