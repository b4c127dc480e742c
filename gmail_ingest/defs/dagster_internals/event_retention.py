"""What of Dagster's own tables and logs goes after some days.

Holds: ``purge_events``, ``purge_checks``, ``purge_runs``. Keep out: our tables
(``adapters/postgres/queue/retention.py``).
Source: docs/dagster.md#retention: Dagster's retention covers ticks only. ``delete_run`` would take
the newest materializations of a drain run's tenants along, and partitions would be "missing" again;
so events go one by one, and a run only when nothing of it is kept.

Kept for ever, of each asset and partition: the newest event of each type, and of each check the
newest evaluation with the event that it speaks of. That is all that Dagster shows as a state.
Unnecessary with: a retention of events,
https://github.com/dagster-io/dagster/issues/33785.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import NamedTuple

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)

BATCH = 1_000

_Connect = Callable[[], AbstractContextManager[sa.Connection]]


def purge_events(instance: dg.DagsterInstance, before: datetime, batch: int = BATCH) -> int:
    """Delete events of assets that a newer one of the same partition has replaced.

    Args:
        instance: whose storage is SQL.
        before: UTC; younger events stay.
        batch: deleted in one transaction.

    Returns:
        How many were deleted.
    """
    event, newer, check = (
        SqlEventLogStorageTable.alias("event"),
        SqlEventLogStorageTable.alias("newer"),
        AssetCheckExecutionsTable,
    )
    same_partition = sa.or_(
        newer.c.partition == event.c.partition,
        sa.and_(newer.c.partition.is_(None), event.c.partition.is_(None)),
    )
    replaced = sa.exists().where(
        newer.c.asset_key == event.c.asset_key,
        newer.c.dagster_event_type == event.c.dagster_event_type,
        same_partition,
        newer.c.id > event.c.id,
    )
    spoken_of = [
        sa.exists().where(column == event.c.id)
        for column in (
            check.c.evaluation_event_storage_id,
            check.c.materialization_event_storage_id,
        )
    ]
    old = (
        sa.select(event.c.id)
        .where(event.c.asset_key.is_not(None), event.c.timestamp < _naive(before))
        .where(replaced, *(~mention for mention in spoken_of))
        .order_by(event.c.id)
    )
    gone, last = 0, 0
    connect = _connect(instance)
    while True:
        with connect() as connection:
            ids = list(connection.execute(old.where(event.c.id > last).limit(batch)).scalars())
            if not ids:
                return gone
            _delete_events(connection, ids)
        gone, last = gone + len(ids), ids[-1]


def purge_checks(instance: dg.DagsterInstance, before: datetime, batch: int = BATCH) -> int:
    """Delete executions of asset checks that a newer one of the same partition has replaced.

    Their events are then replaced as well: call ``purge_events`` behind.
    """
    old, newer = (AssetCheckExecutionsTable.alias(name) for name in ("old", "newer"))
    same_partition = sa.or_(
        newer.c.partition == old.c.partition,
        sa.and_(newer.c.partition.is_(None), old.c.partition.is_(None)),
    )
    # By evaluated ones: one that is only planned must not hide what the last one said.
    replaced = sa.exists().where(
        newer.c.asset_key == old.c.asset_key,
        newer.c.check_name == old.c.check_name,
        same_partition,
        newer.c.evaluation_event.is_not(None),
        newer.c.id > old.c.id,
    )
    query = (
        sa.select(old.c.id)
        .where(old.c.evaluation_event_timestamp < _naive(before), replaced)
        .limit(batch)
    )
    gone = 0
    connect = _connect(instance)
    while True:
        with connect() as connection:
            ids = list(connection.execute(query).scalars())
            if not ids:
                return gone
            table = AssetCheckExecutionsTable
            connection.execute(table.delete().where(table.c.id.in_(ids)))
        gone += len(ids)


class PurgedRuns(NamedTuple):
    """Runs that were deleted, and runs of which something is kept."""

    deleted: int
    kept: int


def purge_runs(instance: dg.DagsterInstance, before: datetime) -> PurgedRuns:
    """Delete runs that ended before, or what nobody needs of them.

    A run goes if nothing of an asset or check is kept of it. Of the others the log goes, but for
    how the run went. The files of what they printed go in either case.
    """
    deleted = kept = 0
    for run_id in _ended_runs(instance, before):
        if _is_needed(instance, run_id):
            _delete_log(instance, run_id)
            kept += 1
        else:
            instance.delete_run(run_id)
            deleted += 1
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    return PurgedRuns(deleted, kept)


def _ended_runs(instance: dg.DagsterInstance, before: datetime) -> list[str]:
    """Ids of 36 characters: those of all runs are read before any is deleted."""
    wanted = dg.RunsFilter(statuses=list(FINISHED_STATUSES), updated_before=before)
    found: list[str] = []
    cursor: str | None = None
    while page := instance.get_run_records(wanted, limit=BATCH, cursor=cursor, ascending=True):
        found += [record.dagster_run.run_id for record in page]
        cursor = found[-1]
    return found


def _is_needed(instance: dg.DagsterInstance, run_id: str) -> bool:
    events, checks = SqlEventLogStorageTable, AssetCheckExecutionsTable
    queries = (
        sa.select(events.c.id).where(events.c.run_id == run_id, events.c.asset_key.is_not(None)),
        sa.select(checks.c.id).where(checks.c.run_id == run_id),
    )
    with _connect(instance)() as connection:
        return any(connection.execute(query.limit(1)).first() for query in queries)


def _delete_log(instance: dg.DagsterInstance, run_id: str) -> None:
    events = SqlEventLogStorageTable
    with _connect(instance)() as connection:
        connection.execute(
            events.delete().where(
                events.c.run_id == run_id,
                events.c.asset_key.is_(None),
                sa.or_(
                    events.c.dagster_event_type.is_(None),
                    # Dagster's name of how a run begins and ends.
                    ~events.c.dagster_event_type.startswith("PIPELINE_"),
                ),
                # What a check evaluation is read from.
                ~sa.exists().where(
                    AssetCheckExecutionsTable.c.evaluation_event_storage_id == events.c.id
                ),
            )
        )


def _delete_events(connection: sa.Connection, ids: list[int]) -> None:
    events, tags = SqlEventLogStorageTable, AssetEventTagsTable
    connection.execute(tags.delete().where(tags.c.event_id.in_(ids)))
    connection.execute(events.delete().where(events.c.id.in_(ids)))


def _connect(instance: dg.DagsterInstance) -> _Connect:
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        raise TypeError(f"Dagster's events are in no SQL storage, but in {type(storage).__name__}")
    return storage.index_connection


def _naive(moment: datetime) -> datetime:
    """As Dagster stores times: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)
