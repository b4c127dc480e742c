"""The job that reads stored mail again after an upgrade, and the sensor that starts it.

Holds: both. Add here: nothing. Keep out: batches (``adapters/postgres/rereading.py``), pace
(``sync/reread.py``).

A run ends after half an hour, so that none outlives a release for long; the sensor starts another
one until nothing is left. Two at once do no harm.
"""

import time

import dagster as dg

from gmail_ingest.adapters.postgres.rereading import PostgresRereads
from gmail_ingest.defs.loop import run
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest.defs.run_states import IN_FLIGHT, count_runs, end_unsubmitted
from gmail_ingest.sync.reread import Left, Reread

RUN_SECONDS = 1_800.0
NAME = "reading_sensor"
#: Seconds between two lines of a run's log.
_TOLD_EVERY = 60.0


@dg.op(description="Reads mail that a former release stored again: words of search, directions.")
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
    told_at = time.monotonic()

    def tell(work: Reread) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= _TOLD_EVERY:
            told_at = time.monotonic()
            context.log.info(str(work))

    async with mail_store.open() as engine:
        store = PostgresRereads(engine)
        context.log.info(str(await store.left()))
        work = Reread(store)
        await work.run(RUN_SECONDS, tell)
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
        async with mail_store.open() as engine:
            return await PostgresRereads(engine).is_done()

    if run(is_done()):
        return dg.SensorResult(skip_reason="all stored mail is read by this release")
    if count_runs(context.instance, reading_job.name, IN_FLIGHT):
        return dg.SensorResult(skip_reason="a run is under way")
    return dg.SensorResult(run_requests=[dg.RunRequest()])
