"""What has become of runs: which of those that rows wait for, or that hold something, are no more.

Holds: questions to Dagster about runs, by id or by the tag of a dispatch. Add here: another one.
Keep out: what follows from it (the sensors).
Source: docs/dagster.md#sensor-ticks: a sensor has one tick at a time, and a tick's runs are created
and submitted before the next tick begins, or never. A run whose submission failed stays NOT_STARTED
for ever, and nothing of Dagster's ends it.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from gmail_ingest.adapters.postgres.queue.sync_queue import Awaited
from gmail_ingest.defs.tags import DISPATCH_TAG

#: Of a run that somebody will work on: one that was created and not submitted is none.
STARTING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING]
IN_FLIGHT = [*STARTING, dg.DagsterRunStatus.STARTED]
ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]
#: How a worker that is a run calls itself in the mail's database.
HOLDER = "run:"
#: Seconds until a run is started anew for rows whose run ended without taking them: none after the
#: first such run, so much after the second, after each further one four times as long, and the
#: most. It is the deployment that is broken then (a setting, the code): every run costs four CPU
#: seconds, and none helps.
FIRST_REST, LONGEST_REST = 5.0, 180.0
#: A run that was not submitted for so many seconds will not be.
SUBMITTED_WITHIN = 60.0
_SENSOR_TAG = "dagster/sensor_name"
_AT_ONCE = 500


def count_runs(instance: dg.DagsterInstance, job: str, statuses: list[dg.DagsterRunStatus]) -> int:
    """How many runs of a job are in one of these states."""
    return instance.get_runs_count(dg.RunsFilter(job_name=job, statuses=statuses))


def lost_runs(instance: dg.DagsterInstance, awaited: Sequence[Awaited]) -> set[str]:
    """Of the runs that rows wait for, those that will not come: the rows are due.

    A run that Dagster does not have was never accepted, or was deleted: its rows are due at once.
    Those of a run that ended without taking them rest for a while (see ``FIRST_REST``).
    """
    holders = [awaited_run.id for awaited_run in awaited if awaited_run.id.startswith(HOLDER)]
    tags = [awaited_run.id for awaited_run in awaited if not awaited_run.id.startswith(HOLDER)]
    found = {f"{HOLDER}{run.run_id}": run for run in _runs_by_id(instance, holders)}
    # Two runs with one tag: somebody has re-executed the first by hand.
    for tagged in _runs_by_tag(instance, tags):
        known = found.get(tagged.tags[DISPATCH_TAG])
        if known is None or known.is_finished:
            found[tagged.tags[DISPATCH_TAG]] = tagged
    return {
        awaited_run.id
        for awaited_run in awaited
        if _is_lost(awaited_run, found.get(awaited_run.id))
    }


def finished_holders(instance: dg.DagsterInstance, holders: Collection[str]) -> list[str]:
    """Of those who hold something, the runs that have ended; what Dagster never knew is none."""
    runs = _runs_by_id(instance, holders)
    return sorted(f"{HOLDER}{run.run_id}" for run in runs if run.is_finished)


def end_unsubmitted(
    instance: dg.DagsterInstance, sensor_name: str, within: float = SUBMITTED_WITHIN
) -> int:
    """End the sensor's runs that were created and not submitted ``within`` so many seconds; returns
    how many there were.
    """
    lost = instance.get_runs(
        dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.NOT_STARTED],
            tags={_SENSOR_TAG: sensor_name},
            created_before=datetime.now(UTC) - timedelta(seconds=within),
        )
    )
    for run in lost:
        instance.report_run_failed(run, "It was created and never submitted to the run queue.")
    return len(lost)


def _is_lost(awaited: Awaited, run: dg.DagsterRun | None) -> bool:
    if run is None or run.status == dg.DagsterRunStatus.NOT_STARTED:
        return True
    if not run.is_finished:
        return False
    if awaited.id.startswith(HOLDER):
        return True
    if awaited.dispatches <= 1:
        return True
    rest: float = min(LONGEST_REST, FIRST_REST * 4.0 ** min(awaited.dispatches - 2, 10))
    return awaited.age >= rest


def _runs_by_id(instance: dg.DagsterInstance, holders: Collection[str]) -> Iterable[dg.DagsterRun]:
    for part in _parts([holder.removeprefix(HOLDER) for holder in holders]):
        yield from instance.get_runs(dg.RunsFilter(run_ids=part))


def _runs_by_tag(instance: dg.DagsterInstance, ids: Sequence[str]) -> Iterable[dg.DagsterRun]:
    for part in _parts(ids):
        yield from instance.get_runs(dg.RunsFilter(tags={DISPATCH_TAG: part}))


def _parts(ids: Sequence[str]) -> Iterable[list[str]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield list(ids[start : start + _AT_ONCE])
