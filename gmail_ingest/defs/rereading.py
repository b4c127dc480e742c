"""The job that reads stored mail again after an upgrade, and the sensor that starts it.

Holds: both. Add here: nothing. Keep out: batches (``adapters/postgres/sync/rereading.py``), pace
(``sync/audit/reread.py``).

A run ends after half an hour, so that none outlives a release for long; the sensor starts another
one until nothing is left. Two at once do no harm. Where runs fail one after the other, the database
or the deployment is broken, and each costs seconds of CPU: they rest longer each time.
"""

import time
from itertools import takewhile

import dagster as dg

from gmail_ingest.defs.event_loop import run
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest.defs.run_states import ENDED, IN_FLIGHT, count_runs, end_unsubmitted
from gmail_ingest.sync.audit.reread import Left, Reread

RUN_SECONDS = 1_800.0
NAME = "reading_sensor"
#: Seconds from the end of a run that failed to the next one, twice as long behind each further one,
#: and the most.
FIRST_REST, LONGEST_REST = 60.0, 3_600.0
_MOST_FAILED = 8
#: Seconds between two lines of a run's log.
_REPORT_EVERY = 60.0


@dg.op(
    config_schema={},
    description="Reads mail that a former release stored again: words of search, directions.",
)
def read_stored_mail(context: dg.OpExecutionContext, mail_store: MailStoreResource) -> None:
    """Read what is left again; fails if a mail could not be read, which stays as it is."""
    work, left = run(_work(context, mail_store))
    counts = {"read": work.read, "changed": work.changed, "failed": work.failed, **left.to_json()}
    context.add_output_metadata(counts)
    if work.failed:
        raise dg.Failure(
            f"{work.failed} stored mails could not be read again and stay as they are",
            metadata=counts,
        )


async def _work(
    context: dg.OpExecutionContext, mail_store: MailStoreResource
) -> tuple[Reread, Left]:
    reported_at = time.monotonic()

    def report(work: Reread) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at >= _REPORT_EVERY:
            reported_at = time.monotonic()
            context.log.info(str(work))

    async with mail_store.open() as stores:
        store = stores.rereads
        context.log.info(str(await store.left()))
        work = Reread(store)
        await work.run(RUN_SECONDS, report)
        return work, await store.left()


@dg.job(
    executor_def=dg.in_process_executor,
    description="Reads mail again that a former release stored; started while some is left.",
)
def reading_job() -> None:
    """Read stored mail again."""
    read_stored_mail()


@dg.sensor(
    name=NAME,
    job=reading_job,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run while mail is left that a former release stored.",
)
def reading_sensor(
    context: dg.SensorEvaluationContext, mail_store: MailStoreResource
) -> dg.SensorResult:
    """Ask for a run, unless nothing is left or one is under way."""
    end_unsubmitted(context.instance, NAME)

    async def is_done() -> bool:
        async with mail_store.open() as stores:
            return await stores.rereads.is_done()

    if run(is_done()):
        return dg.SensorResult(skip_reason="all stored mail is read by this release")
    if count_runs(context.instance, reading_job.name, IN_FLIGHT):
        return dg.SensorResult(skip_reason="a run is under way")
    failed, rest = rest_behind_failures(context.instance, time.time())
    if rest > 0:
        reason = f"the last {failed} runs failed: another one in {rest:.0f} seconds"
        return dg.SensorResult(skip_reason=reason)
    return dg.SensorResult(run_requests=[dg.RunRequest()])


def rest_behind_failures(instance: dg.DagsterInstance, now: float) -> tuple[int, float]:
    """How many runs failed one after the other, and the seconds from ``now`` until another one."""
    runs = instance.get_run_records(
        dg.RunsFilter(job_name=reading_job.name, statuses=ENDED), limit=_MOST_FAILED
    )
    failed = len(list(takewhile(_failed_early, runs)))
    if not failed:
        return 0, 0.0
    rest = min(LONGEST_REST, FIRST_REST * 2.0 ** (failed - 1))
    return failed, _ended(runs[0]) + rest - now


def _failed_early(record: dg.RunRecord) -> bool:
    """Whether a run failed before its time was over. One that took all of it has come on, and
    failed for single mails.
    """
    lasted = _ended(record) - (record.start_time or _ended(record))
    return record.dagster_run.status == dg.DagsterRunStatus.FAILURE and lasted < RUN_SECONDS


def _ended(record: dg.RunRecord) -> float:
    """When a run ended; one that never began, when it was made."""
    return record.end_time or record.create_timestamp.timestamp()
