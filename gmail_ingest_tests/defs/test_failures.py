"""The sensor of dead runs, over a real queue."""

import dagster as dg

from gmail_ingest.defs.drain import drain_job
from gmail_ingest.defs.failures import dead_run_sensor
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest_tests.postgres.worlds import MINUTE, PostgresWorld


def test_a_failed_run_frees_what_it_held(engine, database_url, instance, run):
    """Claims, leases and the drain's heartbeat end with the run, so that the next tick asks again
    (edge case 70).
    """
    world = PostgresWorld(engine)
    mailbox = run(world.connect())
    run(world.queue.enqueue("acme", "incremental"))
    failed = instance.create_run_for_job(drain_job)
    holder = f"run:{failed.run_id}"
    run(world.queue.claim(holder, limit=1, ttl=MINUTE))
    run(world.store.acquire_lease(mailbox, "live", holder, MINUTE, force=False))
    run(world.change("INSERT INTO drains (run_id) VALUES (%s)", failed.run_id))
    instance.report_run_failed(failed)
    (event,) = instance.all_logs(failed.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    context = dg.build_run_status_sensor_context(
        sensor_name="dead_run_sensor",
        dagster_event=event.dagster_event,
        dagster_instance=instance,
        dagster_run=instance.get_run_by_id(failed.run_id),
        resources={"mail_store": MailStoreResource(database_url=database_url)},
    ).for_run_failure()
    dead_run_sensor(context)
    assert run(world.queue.waiting()).waiting == 1
    assert run(world.rows("SELECT count(*) FROM drains")) == [(0,)]
    run(world.store.acquire_lease(mailbox, "live", "run:next", MINUTE, force=False))
