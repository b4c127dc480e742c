import json
import threading
import time

import dagster as dg
import pytest

from gmail_ingest.adapters.postgres.queue.drains import PostgresDrains
from gmail_ingest.defs.live_sync.drain import drain_job
from gmail_ingest.defs.live_sync.emails import emails_job
from gmail_ingest.defs.live_sync.queue_look import MAY_BE_A_BURST, look_at_queue
from gmail_ingest.defs.live_sync.queue_sensor import FLOW_SECONDS, Memory, build_sync_queue_sensor
from gmail_ingest.defs.partitions import TENANTS
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest.defs.tags import JOB_TAG, TENANT_TAG
from gmail_ingest.settings import Settings
from gmail_ingest.wiring.stores import Stores
from gmail_ingest_tests.postgres.worlds import PostgresWorld

#: Epoch seconds long ago, so that a sweep is due.
NEVER = json.dumps({"sweptAt": 0.0, "startedAt": []})


class Sensor:
    """The sensor over a real queue, and an ephemeral Dagster that carries out what it asks for."""

    def __init__(self, engine, instance, run) -> None:
        self.world, self.instance, self.run = PostgresWorld(engine), instance, run
        self.store = MailStoreResource()
        self.cursor: str | None = None

    def tick(self, *, swept: bool = True, **settings) -> dg.SensorResult:
        """One tick; without ``swept`` a sweep is due."""
        if self.cursor is None:
            self.cursor = json.dumps({"sweptAt": time.time() if swept else 0.0, "startedAt": []})
        known = {"sensor_wait_seconds": 0.0, "_env_file": None}
        sensor = build_sync_queue_sensor(Settings(**known | settings))
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources={"mail_store": self.store}
        )
        result = sensor(context)
        for request in result.run_requests or ():
            name, status = request.job_name, dg.DagsterRunStatus.STARTING
            self.instance.add_run(dg.DagsterRun(name, status=status, tags=request.tags))
        self.cursor = result.cursor
        return result

    def wait(self, *tenants: str) -> None:
        """Connect tenants and queue a sync of each."""
        for tenant in tenants:
            self.run(self.world.connect(tenant=tenant))
            self.run(self.world.queue.enqueue(tenant, "incremental"))

    @property
    def partitions(self) -> set[str]:
        """What Dagster knows."""
        return set(self.instance.get_dynamic_partitions(TENANTS.name))


@pytest.fixture
def sensor(engine, database_url, instance, run, monkeypatch) -> Sensor:
    """The sensor over an empty queue."""
    instance.delete_dynamic_partition(TENANTS.name, "acme")
    monkeypatch.setenv("DATABASE_URL", database_url)
    return Sensor(engine, instance, run)


def started(result: dg.SensorResult) -> list[str]:
    """Tenants for which a run was asked."""
    return [
        run_request.partition_key
        for run_request in result.run_requests or ()
        if run_request.partition_key
    ]


def test_sensor_starts_a_run_for_each_waiting_tenant(sensor):
    """Few waiting tenants get a run of their partition each, named by tags."""
    sensor.wait("acme", "globex")
    result = sensor.tick()
    assert sorted(started(result)) == ["acme", "globex"]
    for request in result.run_requests:
        assert request.job_name == emails_job.name
        assert request.tags[TENANT_TAG] == request.partition_key
        assert request.tags[JOB_TAG]


def test_sensor_gives_no_run_key(sensor):
    """A run key that was used once would block the second attempt (edge case 70)."""
    sensor.wait("acme")
    assert [run_request.run_key for run_request in sensor.tick().run_requests] == [None]


def test_sensor_asks_for_a_row_once(sensor):
    """A row that a run was asked for is not asked for again in the next tick."""
    sensor.wait("acme")
    sensor.tick()
    result = sensor.tick()
    assert not result.run_requests
    assert result.skip_reason is not None


def test_sensor_asks_again_when_a_run_never_came(sensor, run):
    """A run that was lost before it claimed its row is asked for again (edge cases 70 and 71)."""
    sensor.wait("acme")
    sensor.tick()
    (lost,) = sensor.instance.get_runs()
    sensor.instance.report_run_failed(lost)
    assert started(sensor.tick()) == ["acme"]
    sensor.instance.report_run_failed(sensor.instance.get_runs()[0])
    assert not sensor.tick().run_requests
    run(sensor.world.change("UPDATE sync_queue SET dispatched_at = now() - interval '6 seconds'"))
    assert started(sensor.tick()) == ["acme"]


def test_sensor_leaves_the_row_for_the_run_to_acknowledge(sensor, run):
    """The tick takes nothing out of the queue."""
    sensor.wait("acme")
    sensor.tick()
    assert run(sensor.world.rows("SELECT tenant_id FROM sync_queue")) == [("acme",)]


def test_sensor_fills_only_the_free_slots(sensor):
    """Living runs of tenants count against the bound."""
    for status in (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING):
        sensor.instance.add_run(
            dg.DagsterRun(job_name=emails_job.name, run_id=f"run-{status.value}", status=status)
        )
    sensor.wait("a", "b", "c")
    assert len(started(sensor.tick(max_tenant_runs=3))) == 1


def test_sensor_starts_a_drain_when_no_slot_is_free(sensor):
    """Runs that list large mailboxes take hours: what comes meanwhile does not wait for them (edge
    case 80).
    """
    sensor.instance.add_run(dg.DagsterRun(emails_job.name, status=dg.DagsterRunStatus.STARTED))
    sensor.wait("a")
    result = sensor.tick(max_tenant_runs=1)
    assert [run_request.job_name for run_request in result.run_requests] == [drain_job.name]


def test_sensor_ignores_runs_that_have_ended(sensor):
    """A finished run holds no slot."""
    sensor.instance.add_run(
        dg.DagsterRun(job_name=emails_job.name, run_id="done", status=dg.DagsterRunStatus.SUCCESS)
    )
    sensor.wait("a", "b")
    assert len(started(sensor.tick(max_tenant_runs=2))) == 2


def test_sensor_starts_drains_when_many_wait(sensor):
    """More waiting tenants than single runs are worth become one drain run."""
    sensor.wait("a", "b", "c")
    result = sensor.tick(max_tenant_runs=2)
    assert [run_request.job_name for run_request in result.run_requests] == [drain_job.name]
    assert [run_request.run_key for run_request in result.run_requests] == [None]
    assert started(result) == []


def test_queue_is_looked_at_again_where_few_wait(sensor, engine, run):
    """The first of many pushes looks like a few: what comes in the next moment counts too."""
    others = [f"tenant{number}" for number in range(8)]
    for tenant in others:
        run(sensor.world.connect(tenant=tenant))
    sensor.wait("acme")
    looked_again = []

    async def push(seconds):
        looked_again.append(seconds)
        for tenant in others:
            await sensor.world.queue.enqueue(tenant, "incremental")

    async def look():
        settings = Settings(_env_file=None, sensor_wait_seconds=0.0)
        known = ["acme", *others]
        stores = Stores(settings, engine)
        return await look_at_queue(stores, settings, known=known, sweep=False, pause=push)

    assert run(look()).waiting == 9
    assert run(look()).waiting == 9
    assert looked_again == [MAY_BE_A_BURST]


def test_sensor_leaves_the_queue_to_a_living_drain(sensor, run):
    """A drain that lives was notified by the queue itself."""
    run(PostgresDrains(sensor.world.engine).seen("drain-run"))
    sensor.wait("a")
    assert not sensor.tick().run_requests


def test_sensor_counts_a_drain_that_is_still_starting(sensor):
    """A drain run that has not said it lives is not started twice."""
    sensor.instance.add_run(
        dg.DagsterRun(
            job_name=drain_job.name, run_id="starting", status=dg.DagsterRunStatus.STARTING
        )
    )
    sensor.wait("a", "b", "c")
    assert not sensor.tick(max_tenant_runs=2).run_requests


def test_sensor_starts_a_drain_when_pushes_keep_coming(sensor, run):
    """After some runs within a minute the next push gets a drain, which stays."""
    for number in range(3):
        sensor.wait(f"t{number}")
        assert started(sensor.tick(drain_flow=3)) == [f"t{number}"]
        run(sensor.world.change("DELETE FROM sync_queue"))
    sensor.wait("last")
    result = sensor.tick(drain_flow=3)
    assert [run_request.job_name for run_request in result.run_requests] == [drain_job.name]


def test_sensor_makes_partitions_equal_to_the_connected_tenants(sensor, run):
    """A tenant is a partition while it is connected, and none after (edge case 72)."""
    sensor.wait("acme", "globex")
    sensor.tick()
    assert sensor.partitions == {"acme", "globex"}
    run(sensor.world.change("UPDATE tenants SET state = 'disconnected' WHERE id = 'acme'"))
    sensor.tick()
    assert sensor.partitions == {"globex"}


def test_sensor_adds_a_partition_in_the_tick_that_runs_it(sensor):
    """A tenant that has just connected is a partition before its first run is asked for."""
    sensor.wait("new")
    result = sensor.tick()
    assert started(result) == ["new"]
    assert not result.dynamic_partitions_requests
    assert sensor.partitions == {"new"}


def test_sensor_sweeps_for_mailboxes_that_nobody_pushed(sensor, run):
    """Mail whose push was lost is polled for (edge case 23)."""
    run(sensor.world.connect(tenant="acme"))
    run(sensor.world.change("UPDATE mailboxes SET created_at = now() - interval '1 hour'"))
    assert started(sensor.tick(swept=False)) == ["acme"]


def test_sensor_sweeps_now_and_then_only(sensor, run):
    """A sweep looks at every mailbox, so that the cursor keeps it from each tick."""
    run(sensor.world.connect(tenant="acme"))
    sensor.tick(swept=False)
    run(sensor.world.change("UPDATE mailboxes SET created_at = now() - interval '1 hour'"))
    assert not sensor.tick().run_requests
    sensor.cursor = NEVER
    assert started(sensor.tick()) == ["acme"]


def test_sensor_reads_a_first_tick_without_a_cursor(sensor, run):
    """The first tick of a deployment sweeps."""
    assert Memory.read(None, 5.0) == Memory()
    run(sensor.world.connect(tenant="acme"))
    sensor.cursor = NEVER
    sensor.tick()
    assert time.time() - json.loads(sensor.cursor)["sweptAt"] < 60


def test_memory_forgets_what_is_no_flow_any_more():
    """Only runs of the last minute call for a drain."""
    cursor = Memory(5.0, (100.0,)).write(swept=False, started=2, now=150.0)
    assert Memory.read(cursor, 150.0) == Memory(5.0, (100.0, 150.0, 150.0))
    assert Memory.read(cursor, 101.0 + FLOW_SECONDS) == Memory(5.0, (150.0, 150.0))
    assert Memory.read(cursor, 151.0 + FLOW_SECONDS) == Memory(5.0, ())


def test_sensor_waits_for_a_notification(sensor, run):
    """A row that comes while the tick waits is taken by that tick."""
    run(sensor.world.connect(tenant="acme"))
    sensor.tick()
    # From another thread, as the sidecar would from another process.
    push = threading.Timer(0.3, lambda: run(sensor.world.queue.enqueue("acme", "incremental")))
    push.start()
    before = time.monotonic()
    result = sensor.tick(sensor_wait_seconds=30.0)
    push.join()
    assert started(result) == ["acme"]
    assert time.monotonic() - before < 20
