"""What a backfill job needs of Dagster next: a Dagster backfill, the end of one, or nothing.

Holds: ``next_step``, pure. Add here: a further case. Keep out: looking at Dagster and at the job
(the backfill_sensor), doing it.
Source: docs/dagster.md#states-of-backfills (they may be wrong for good), #run-monitoring; edge
cases 34, 35, 68 and 70. The job's own rows decide when it is done; Dagster only says whether
anybody works on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from gmail_ingest.core.ledger.windows import Window

#: Dagster backfills that got nothing done, one after the other, after which a job has failed.
MOST_ASKS = 5
#: Seconds of silence after which work that Dagster calls running, without a run, is given up.
STUCK = 600.0
#: Seconds of silence after which a run that belongs to no backfill will not be retried any more.
SILENT = 180.0


#: What became of a job's backfill in Dagster; ``none`` if there is none.
DagsterBackfill = Literal["none", "open", "cancelled", "ended"]


@dataclass(frozen=True, slots=True)
class JobView:
    """A backfill job as the sensor sees it.

    ``resumes`` by itself after a pause, and ``waits`` until that is over; ``silent`` is the seconds
    since its worker's last word; ``asks`` Dagster's backfills that got nothing done, one after the
    other; ``months`` are those that are not complete; ``shared`` that other open jobs belong to
    the same backfill.
    """

    id: UUID
    tenant_id: str
    state: str
    window: Window
    months: tuple[date, ...]
    backfill_id: str | None
    run_id: str | None
    error: str | None
    resumes: bool
    waits: bool
    silent: float
    asks: int
    shared: bool


@dataclass(frozen=True, slots=True)
class DagsterView:
    """What Dagster has of a job: its backfill, if it is one, and its runs.

    ``alive`` and ``cancelled`` tell whether it has a run that is not finished, or that a person
    cancelled; ``started`` whether it has any.
    """

    backfill: DagsterBackfill
    alive: bool = False
    cancelled: bool = False
    started: bool = False


@dataclass(frozen=True, slots=True)
class StartBackfill:
    """Start a backfill of the months that are left; cancel the one there is if it is ``stuck``."""

    stuck: bool = False


@dataclass(frozen=True, slots=True)
class ResubmitBackfill:
    """Start the backfill that was announced, and is not there."""


@dataclass(frozen=True, slots=True)
class CancelBackfill:
    """Cancel the backfill of a job that has ended."""


@dataclass(frozen=True, slots=True)
class EndJob:
    """The job ends in this state, with this error."""

    state: Literal["failed", "cancelled"]
    error: str | None


@dataclass(frozen=True, slots=True)
class CloseJob:
    """Dagster has nothing to do for the job any more."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do now."""


Step = StartBackfill | ResubmitBackfill | CancelBackfill | EndJob | CloseJob | Wait


def next_step(job: JobView, dagster: DagsterView) -> Step:
    """Decide what a job needs; asked again and again, it comes to an end whatever has crashed."""
    if job.state not in {"queued", "running"}:
        return _after_the_end(job, dagster)
    if job.backfill_id is None and job.run_id is None:
        return StartBackfill()
    if job.backfill_id is not None and dagster.backfill == "none":
        return ResubmitBackfill()
    if dagster.backfill == "cancelled":
        return EndJob("cancelled", None)
    if dagster.alive:
        return Wait()
    if dagster.backfill == "open":
        return StartBackfill(stuck=True) if dagster.started and job.silent > STUCK else Wait()
    if dagster.backfill == "none" and job.silent < SILENT:
        return Wait()
    return _after_its_runs(job, dagster)


def _after_the_end(job: JobView, dagster: DagsterView) -> Step:
    goes_on = dagster.backfill == "open" and job.state != "succeeded" and not job.shared
    return CancelBackfill() if goes_on else CloseJob()


def _after_its_runs(job: JobView, dagster: DagsterView) -> Step:
    if dagster.cancelled:
        return EndJob("cancelled", None)
    if job.waits:
        return Wait()
    if job.error is not None and not job.resumes:
        return EndJob("failed", job.error)
    if job.asks >= MOST_ASKS:
        last = f" (the last: {job.error})" if job.error else ": see the failed runs' logs"
        return EndJob("failed", f"{job.asks} backfills ended without getting anything done{last}")
    return StartBackfill()
