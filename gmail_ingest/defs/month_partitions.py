"""Partitions of backfills: months crossed with tenants.

Holds: the partitions definition. Add here: nothing else. Keep out: its keys (``month_keys.py``).
Source: docs/dagster.md#number-of-partitions, #partition-keys. Dagster asks for partitions while the
code location loads: the first month is read from the environment then.
"""

import dagster as dg

from gmail_ingest.defs.partitions import TENANTS
from gmail_ingest.settings import load_settings

#: The month in which we are is among them: it is complete up to the time at which it was synced.
MONTHS = dg.MonthlyPartitionsDefinition(
    start_date=f"{load_settings().history_start:%Y-%m-01}", end_offset=1
)
MONTHS_BY_TENANT = dg.MultiPartitionsDefinition({"months": MONTHS, "tenants": TENANTS})
