"""What a backfill job needs of Dagster next: a Dagster backfill, the end of one, or nothing.

Holds: ``next_step``, pure. Add here: a further case. Keep out: looking at Dagster and at the job
(the backfill_sensor), doing it.
Source: docs/dagster.md#states-of-backfills (they may stay wrong for ever), #run-monitoring; edge
cases 34, 35, 68 and 70. The job's own rows decide when it is done; Dagster only says whether
anybody works on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from gmail_ingest.core.ledger.windows import Window

#: A job has failed after so many Dagster backfills in a row that got nothing done.
MOST_ASKS = 5
#: Work that is running in Dagster without a run is given up after so many seconds of silence.
STUCK = 600.0
#: A run of no backfill is not retried any more after so many seconds of silence.
SILENT = 180.0


#: What became of a job's backfill in Dagster; ``none`` if there is none.
DagsterBackfill = Literal["none", "open", "cancelled", "ended"]


@dataclass(frozen=True, slots=True)
class JobView:
    """A backfill job as the sensor sees it.

    ``resumes``: it goes on by itself after a pause; ``waits``: the pause is not over. ``silent``:
    seconds since its worker last wrote. ``asks``: Dagster backfills in a row that got nothing done.
    ``months``: those that are not complete. ``shared``: other open jobs belong to the same
    backfill.
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

    ``alive``: it has a run that is not finished; ``cancelled``: one that a person cancelled;
    ``started``: any.
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
    """Start again a backfill that the job names and Dagster does not have."""


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
    """Decide what a job needs. Called repeatedly, it brings the job to its end after any crash."""
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
