"""Materializations of many partitions, stored together.

Holds: ``store_materializations``. Add here: nothing. Keep out: what a materialization says
(``metadata.py``).
Source: docs/dagster.md#cost-of-an-event: ``store_event_batch`` of the event log storages, which
Dagster itself uses for an output of several partitions. ``context.log_event`` stores one event at a
time, in three statements and two transactions, and logs a line: 11 ms of CPU, a third of all that
the sync of a pushed tenant cost. A test holds what is stored against what ``log_event`` stores.
Unnecessary with: many materializations in one write,
https://github.com/dagster-io/dagster/issues/19829.
"""

import logging
import os
import time
from collections.abc import Sequence

import dagster as dg
from dagster._core.events import DagsterEventType, StepMaterializationData
from dagster._core.events.log import EventLogEntry

#: Materializations of so many seconds are stored together. Mail is readable before, at once.
GATHER_SECONDS = 0.2


def store_materializations(
    context: dg.OpExecutionContext, materializations: Sequence[dg.AssetMaterialization]
) -> None:
    """Store an event for each, all of one asset; as ``context.log_event`` does for each."""
    if not materializations:
        return
    step = context.get_step_execution_context()
    entries = [
        EventLogEntry(  # type: ignore[no-untyped-call] # Dagster has no types here
            error_info=None,
            level=logging.DEBUG,
            user_message=_message(materialization),
            run_id=context.run_id,
            timestamp=time.time(),
            step_key=step.step.key,
            job_name=context.job_name,
            dagster_event=dg.DagsterEvent(
                event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
                job_name=context.job_name,
                step_handle=step.step.handle,
                node_handle=step.step.node_handle,
                step_kind_value=step.step.kind.value,
                logging_tags=step.event_tags,
                event_specific_data=StepMaterializationData(materialization),
                message=_message(materialization),
                pid=os.getpid(),
            ),
        )
        for materialization in materializations
    ]
    context.instance.event_log_storage.store_event_batch(entries)


def _message(materialization: dg.AssetMaterialization) -> str:
    return f"Materialized value {materialization.label}."
