"""Dagster's backfills, as far as they are started, looked at and cancelled from here.

Keep out: when to do it (``gmail_ingest.sync.backfill.backfill_plan``).
Source: docs/dagster.md#adding-backfills; the webserver does the same for its own mutations
launchPartitionBackfill and cancelPartitionBackfill. It is done without the webserver, so that a
request survives that being down. Asset backfills only: Dagster cancels job backfills while a code
location is away (#kinds-of-backfills).
Unnecessary with: backfills that a sensor may request,
https://github.com/dagster-io/dagster/issues/13852.
"""

import time
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus, PartitionBackfill
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.tags import BACKFILL_ID_TAG
from dagster._core.utils import make_new_backfill_id

from gmail_ingest.sync.backfill.backfill_plan import DagsterBackfill, DagsterView

#: The tag of a backfill's runs.
BACKFILL_TAG = BACKFILL_ID_TAG
AssetGraph = BaseAssetGraph[Any]
_CANCELLED = {BulkActionStatus.CANCELED, BulkActionStatus.CANCELING}


def new_backfill_id() -> str:
    """An id that no backfill has."""
    return make_new_backfill_id()


def add_backfill(
    instance: dg.DagsterInstance,
    graph: AssetGraph,
    asset_key: dg.AssetKey,
    *,
    backfill_id: str,
    partitions: Sequence[str],
    tags: Mapping[str, str],
    title: str,
) -> None:
    """Ask the daemon for a backfill of these partitions; it starts within half a minute."""
    with warnings.catch_warnings():
        # Dagster calls a function of its own that it has deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        backfill = PartitionBackfill.from_asset_partitions(
            backfill_id=backfill_id,
            asset_graph=graph,
            partition_names=list(partitions),
            asset_selection=[asset_key],
            backfill_timestamp=time.time(),
            tags=tags,
            dynamic_partitions_store=instance,
            all_partitions=False,
            title=title,
            description=None,
            run_config=None,
        )
    instance.add_backfill(backfill)


def cancel_backfill(instance: dg.DagsterInstance, backfill_id: str) -> None:
    """Cancel a backfill that goes on; the daemon ends its runs within half a minute."""
    backfill = instance.get_backfill(backfill_id)
    if backfill is not None and backfill.status == BulkActionStatus.REQUESTED:
        cancelling: PartitionBackfill = backfill.with_status(BulkActionStatus.CANCELING)  # type: ignore[no-untyped-call]  # Dagster's
        instance.update_backfill(cancelling)


def open_backfills(instance: dg.DagsterInstance, tags: Mapping[str, str]) -> list[str]:
    """Ids of the backfills with these tags that go on."""
    filters = BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED], tags=dict(tags))
    with warnings.catch_warnings():
        # SQLAlchemy does not like Dagster's query for tags.
        warnings.simplefilter("ignore")
        return [backfill.backfill_id for backfill in instance.get_backfills(filters=filters)]


def look_at_backfill(instance: dg.DagsterInstance, backfill_id: str) -> DagsterView:
    """What Dagster has of a backfill."""
    backfill = instance.get_backfill(backfill_id)
    if backfill is None:
        return DagsterView("none")
    tags = {BACKFILL_TAG: backfill_id}
    if backfill.status in _CANCELLED:
        return DagsterView("cancelled")
    is_open = backfill.status == BulkActionStatus.REQUESTED
    return look_at_runs(instance, tags, "open" if is_open else "ended")


def look_at_runs(
    instance: dg.DagsterInstance, tags: Mapping[str, str], backfill: DagsterBackfill = "none"
) -> DagsterView:
    """What Dagster has of the runs with these tags."""

    def count(statuses: Sequence[dg.DagsterRunStatus] | None = None) -> int:
        return instance.get_runs_count(dg.RunsFilter(tags=dict(tags), statuses=statuses))

    alive = count(NOT_FINISHED_STATUSES) > 0
    return DagsterView(
        backfill,
        alive=alive,
        cancelled=not alive and count([dg.DagsterRunStatus.CANCELED]) > 0,
        started=count() > 0,
    )


class TargetedKeys(NamedTuple):
    """The keys of a backfill's partitions, and when (UTC) it was asked for."""

    keys: list[str]
    requested_at: datetime


def targeted_keys(
    instance: dg.DagsterInstance, graph: AssetGraph, asset_key: dg.AssetKey, backfill_id: str
) -> TargetedKeys | None:
    """The partitions of a backfill; None if it is not known."""
    backfill = instance.get_backfill(backfill_id)
    if backfill is None:
        return None
    at = datetime.fromtimestamp(backfill.backfill_timestamp, UTC)
    if not backfill.is_asset_backfill:
        return TargetedKeys(list(backfill.partition_names or ()), at)
    target = backfill.get_asset_backfill_data(graph).target_subset
    return TargetedKeys(list(target.get_partitions_subset(asset_key).get_partition_keys()), at)


def runs_to_come(instance: dg.DagsterInstance, backfill_id: str) -> Sequence[Mapping[str, str]]:
    """Tags of the runs that the daemon is just submitting for a backfill, submitted ones too."""
    backfill = instance.get_backfill(backfill_id)
    if backfill is None:
        return ()
    return [request.tags for request in backfill.submitting_run_requests]
