"""The sensor of dead runs, over a real queue."""

import dagster as dg
import pytest

from gmail_ingest.defs.dead_runs import dead_run_sensor
from gmail_ingest.defs.live_sync.drain import drain_job
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest_tests.postgres.worlds import MINUTE, PostgresWorld
from gmail_ingest_tests.proof.interruptions import at_exchange, lose_answer, lose_request


class Runs:
    """Runs that hold what they claimed, and the sensor over them."""

    def __init__(self, engine, instance, run) -> None:
        self.world, self.instance, self.run = PostgresWorld(engine), instance, run
        self._resources = {"mail_store": MailStoreResource()}

    def tick(self) -> str:
        """Evaluate the sensor once; what it says."""
        context = dg.build_sensor_context(instance=self.instance, resources=self._resources)
        return str(dead_run_sensor(context).skip_message)

    def holding(self, tenant: str) -> dg.DagsterRun:
        """A drain run that holds a claim, a lease and a place among the living drains."""
        world, run = self.world, self.instance.create_run_for_job(drain_job)
        mailbox = self.run(world.connect(f"a@{tenant}.example", tenant=tenant))
        self.run(world.queue.enqueue(tenant, "incremental"))
        holder = f"run:{run.run_id}"
        self.run(world.queue.claim(holder, limit=1, ttl=MINUTE, tenant_id=tenant))
        self.run(world.store.acquire_lease(mailbox, "push", holder, MINUTE, force=False))
        self.run(world.change("INSERT INTO drains (run_id) VALUES (%s)", run.run_id))
        return run

    def held(self) -> tuple[int, int, int]:
        """Claims, leases and drains that somebody has."""
        query = """SELECT (SELECT count(*) FROM sync_queue WHERE claimed_until > now()),
                          (SELECT count(*) FROM leases WHERE until > now()),
                          (SELECT count(*) FROM drains)"""
        (counts,) = self.run(self.world.rows(query))
        return counts


@pytest.fixture
def runs(engine, database_url, instance, run, monkeypatch) -> Runs:
    """An empty queue."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return Runs(engine, instance, run)


@pytest.mark.parametrize("end", ["report_run_failed", "report_run_canceled"])
def test_a_run_that_ended_frees_what_it_held(runs, end):
    """Claims, leases and the drain's heartbeat end with the run, be it failed or cancelled by force
    (edge case 70); those of a living run stay.
    """
    dead = runs.holding("acme")
    runs.holding("globex")
    getattr(runs.instance, end)(dead)
    assert "freed 1 claims of 1 runs" in runs.tick()
    assert runs.held() == (1, 1, 1)
    assert "freed 0 claims of 0 runs" in runs.tick()
    assert [
        dispatched.tenant_id
        for dispatched in runs.run(runs.world.queue.dispatch(5, tenants=["acme"]))
    ]


@pytest.mark.parametrize("how", [lose_request, lose_answer])
def test_freeing_that_failed_is_done_by_the_next_tick(runs, how):
    """Wherever the database goes away: what is held is looked at again, whereas Dagster would show
    the failure of a run once (edge case 80).
    """
    number, is_broken = 1, True
    while is_broken:
        runs.instance.report_run_failed(runs.holding(f"t{number}"))
        with at_exchange(number, how) as counted:
            try:
                runs.tick()
            except Exception:  # noqa: BLE001 - as the daemon does
                assert counted() >= number
        is_broken = counted() >= number
        runs.tick()
        assert runs.held() == (0, 0, 0), number
        number += 1
    assert number > 5
