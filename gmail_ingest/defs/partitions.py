"""Partitions of the email assets.

Holds: partition definitions. Add here: a further way to cut the assets.
Keep out: what happens in a partition. Source: docs of Dagster's dynamic partitions; design.md.
"""

import dagster as dg

#: One partition for each connected tenant; the sync_queue_sensor keeps both sets equal.
TENANTS = dg.DynamicPartitionsDefinition(name="tenants")
