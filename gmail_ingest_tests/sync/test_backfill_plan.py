from dataclasses import replace
from uuid import uuid4

import pytest

from gmail_ingest.sync.backfill.backfill_plan import (
    MOST_ASKS,
    SILENT,
    STUCK,
    CancelBackfill,
    CloseJob,
    DagsterView,
    EndJob,
    JobView,
    ResubmitBackfill,
    StartBackfill,
    Wait,
    next_step,
)
from gmail_ingest_tests.sync.backfills import YEAR, month

REQUESTED = JobView(
    id=uuid4(),
    tenant_id="acme",
    state="queued",
    window=YEAR,
    months=(month(1),),
    backfill_id=None,
    run_id=None,
    error=None,
    resumes=False,
    waits=False,
    silent=0.0,
    asks=0,
    shared=False,
)
BEGUN = replace(REQUESTED, state="running", backfill_id="b1", run_id="r1", asks=1)
NONE = DagsterView("none")
OPEN = DagsterView("open", alive=True, started=True)
ENDED = DagsterView("ended", started=True)


def test_new_request_becomes_a_backfill():
    """What the API wrote down is asked for."""
    assert next_step(REQUESTED, NONE) == StartBackfill()


def test_announced_backfill_that_is_not_there_is_added():
    """Whoever announced it died before adding it."""
    assert next_step(replace(REQUESTED, backfill_id="b1"), NONE) == ResubmitBackfill()


@pytest.mark.parametrize("dagster", [OPEN, DagsterView("open"), DagsterView("ended", alive=True)])
def test_work_that_goes_on_is_left_alone(dagster):
    """A backfill that waits for the daemon, has runs, or is called ended too early."""
    assert next_step(replace(BEGUN, silent=STUCK + 1), dagster) == Wait()


def test_backfill_without_runs_that_never_ends_is_given_up():
    """Dagster's own state may be wrong for good: silence ends it, and the rest is asked for."""
    dagster = DagsterView("open", started=True)
    assert next_step(BEGUN, dagster) == Wait()
    assert next_step(replace(BEGUN, silent=STUCK + 1), dagster) == StartBackfill(stuck=True)


def test_lost_runs_are_asked_for_again():
    """Runs that died without a word (edge cases 34, 68 and 70)."""
    assert next_step(BEGUN, ENDED) == StartBackfill()


def test_job_that_never_gets_anywhere_fails():
    """Not for ever: a month that kills its worker each time ends the job."""
    step = next_step(replace(BEGUN, asks=MOST_ASKS), ENDED)
    assert isinstance(step, EndJob)
    assert step.state == "failed"


def test_pause_is_waited_for():
    """A daily allowance that is used up ends the runs, not the job (edge case 31)."""
    paused = replace(BEGUN, error="throttled", resumes=True, waits=True)
    assert next_step(paused, ENDED) == Wait()
    assert next_step(replace(paused, waits=False), ENDED) == StartBackfill()


def test_job_that_needs_a_person_fails_with_its_remedy():
    """Only somebody else can go on (edge case 36)."""
    blocked = replace(BEGUN, error="needs_reauth: connect again")
    assert next_step(blocked, ENDED) == EndJob("failed", "needs_reauth: connect again")


@pytest.mark.parametrize(
    "dagster", [DagsterView("cancelled"), DagsterView("ended", started=True, cancelled=True)]
)
def test_job_cancelled_in_dagster_is_cancelled(dagster):
    """A person ended the backfill, or one of its runs, in the UI."""
    assert next_step(BEGUN, dagster) == EndJob("cancelled", None)


def test_backfill_of_a_cancelled_job_is_cancelled():
    """No run of it goes on; one that other jobs share does, each run by its own job's word."""
    cancelled = replace(BEGUN, state="cancelled")
    assert next_step(cancelled, OPEN) == CancelBackfill()
    assert next_step(replace(cancelled, shared=True), OPEN) == CloseJob()
    assert next_step(cancelled, ENDED) == CloseJob()
    assert next_step(replace(BEGUN, state="succeeded"), OPEN) == CloseJob()


def test_run_by_itself_is_looked_after_too():
    """A partition materialized by hand whose process died is asked for after a while."""
    alone = replace(BEGUN, backfill_id=None)
    assert next_step(alone, DagsterView("none", alive=True)) == Wait()
    assert next_step(alone, NONE) == Wait()
    assert next_step(replace(alone, silent=SILENT), NONE) == StartBackfill()
    dead = DagsterView("none", started=True, cancelled=True)
    assert next_step(replace(alone, silent=SILENT), dead) == EndJob("cancelled", None)
