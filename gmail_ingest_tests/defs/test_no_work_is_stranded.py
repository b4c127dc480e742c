"""A tick that fails anywhere leaves nothing that the next one does not take up at once.

Dagster's own daemon evaluates the sensors here: it checks, stores and submits what they return.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

import dagster as dg
import psycopg
import pytest
from dagster._core.scheduler.instigation import TickStatus

from gmail_ingest.adapters.postgres.queue.sync_queue import Awaited
from gmail_ingest.defs.live_sync.drain import drain_job
from gmail_ingest.defs.live_sync.emails import emails_job
from gmail_ingest.defs.live_sync.queue_sensor import NAME
from gmail_ingest.defs.partitions import TENANTS
from gmail_ingest.defs.run_states import end_unsubmitted, lost_runs
from gmail_ingest.defs.tags import DISPATCH_TAG, TENANT_TAG
from gmail_ingest_tests.conftest import plain_url
from gmail_ingest_tests.defs.daemon import Daemon, at_statement, die, lose_database
from gmail_ingest_tests.postgres.worlds import PostgresWorld
from gmail_ingest_tests.proof.interruptions import at_exchange, doing, lose_answer, lose_request

#: Dagster 1.13 names its own beta parameter when it binds a sensor to its resources, and tells of
#: a tick that was interrupted through a method that Python deprecates: as an error, the warning
#: would keep the daemon from any later tick.
pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:Parameter `owners` of initializer `SensorDefinition:dagster.BetaWarning"
    ),
    pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated:DeprecationWarning"),
]

#: Breaks the exchange with this number; yields what counts them.
Break = Callable[[int], AbstractContextManager[Callable[[], int]]]
#: One exchange in so many is broken, since a tick takes a third of a second; a soak breaks more.
STRIDE = int(os.environ.get("GMAIL_INGEST_CRASH_STRIDE", "9"))
#: More than may be claimed by runs of one tenant each.
MANY = 5


class Deployment:
    """The sync_queue_sensor under Dagster's daemon, and a queue."""

    def __init__(self, daemon: Daemon, world: PostgresWorld, url: str, run) -> None:
        self.daemon, self.world = daemon, world
        self._url, self._run = plain_url(url), run

    def connect(self, tenant: str) -> None:
        """A tenant connects, and its sync is asked for, on a connection of its own."""
        with psycopg.connect(self._url) as connection:
            connection.execute("INSERT INTO tenants (id) VALUES (%s)", (tenant,))
            job = connection.execute(
                "INSERT INTO sync_jobs (id, tenant_id, kind)"
                " VALUES (gen_random_uuid(), %s, 'incremental') RETURNING id",
                (tenant,),
            ).fetchone()
            connection.execute(
                "INSERT INTO sync_queue (tenant_id, kind, job_id) VALUES (%s, 'incremental', %s)",
                (tenant, job and job[0]),
            )

    def story(self, number: int) -> str:
        """What led to a failure at this exchange."""
        ticks = [f"{tick.status.value} {tick.skip_reason}" for tick in self.daemon.ticks()[:4]]
        runs = [
            f"{run.status.value} {run.tags.get(TENANT_TAG)}"
            for run in self.daemon.instance.get_runs()[:3]
        ]
        rows = self._run(self.world.rows("SELECT tenant_id, dispatches FROM sync_queue"))
        return f"exchange {number}: ticks {ticks}, runs {runs}, rows {rows}"

    def clear(self) -> None:
        """All work is done, all runs have ended, and no tick is left that Dagster would finish
        instead of making a new one.
        """
        self._run(self.world.change("DELETE FROM sync_queue"))
        self.daemon.end_runs()
        while self.daemon.ticks()[0].status in {TickStatus.STARTED, TickStatus.FAILURE}:
            self.daemon.tick()
            self.daemon.end_runs()

    def break_each(self, break_: Break, first: int = 1, *, step: int, tenants: int = 1) -> int:
        """Let tenants connect and break a tick at one exchange, for each ``step``-th one that it
        has; returns how many it has. The next tick must start what the queue calls for.
        """
        number, is_broken = first, True
        while is_broken:
            waiting = [f"t{number}-{tenant_number}" for tenant_number in range(tenants)]
            for tenant in waiting:
                self.connect(tenant)
            with break_(number) as counted:
                self.daemon.iterate()
            is_broken = counted() >= number
            # Where Dagster has stored the result, its next tick finishes that one first.
            for _ in range(2):
                if not self.daemon.runs():
                    self.daemon.tick()
            if tenants == 1:
                assert self.daemon.tenants() == waiting, self.story(number)
            else:
                assert drain_job.name in {run.job_name for run in self.daemon.runs()}, number
            self.clear()
            number += step
        return counted()


@pytest.fixture
def deployment(tmp_path, engine, database_url, monkeypatch, run) -> Iterator[Deployment]:
    """An empty queue, and a daemon that has ticked once."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    with ExitStack() as cleanup:
        daemon = Daemon(tmp_path, NAME, cleanup)
        daemon.tick()
        yield Deployment(daemon, PostgresWorld(engine), database_url, run)


# By a death those exchanges are broken that lie halfway between, and fewer are for a drain, which
# has more of them.
def test_tick_broken_at_any_exchange_with_dagster_strands_nothing(deployment):
    """Dagster's database fails before a statement of the tick, of Dagster's acceptance of its
    result, or of the submission of its run: the next tick has the run (edge case 80).
    """

    def break_(number: int) -> AbstractContextManager[Callable[[], int]]:
        return at_statement(number, lose_database)

    assert deployment.break_each(break_, 1, step=STRIDE) > 20


def test_daemon_that_dies_in_a_tick_strands_nothing(deployment):
    """The daemon's process ends before a statement: another one finishes a tick whose runs were
    stored, or makes a new one (edge case 80).
    """

    def break_(number: int) -> AbstractContextManager[Callable[[], int]]:
        return at_statement(number, die, lasting=True)

    assert deployment.break_each(break_, 3, step=STRIDE) > 20


def test_drain_of_a_broken_tick_is_started_by_the_next(deployment):
    """As for a run of one tenant: a drain that was created and never submitted is none (edge case
    80).
    """

    def break_(number: int) -> AbstractContextManager[Callable[[], int]]:
        return at_statement(number, lose_database)

    assert deployment.break_each(break_, 5, step=2 * STRIDE, tenants=MANY) > 20


@pytest.mark.parametrize(("how", "first"), [(lose_request, 1), (lose_answer, 3)])
def test_tick_broken_at_any_exchange_with_our_database_strands_nothing(deployment, how, first):
    """The mail's Postgres goes away before or after a statement of the tick: the next tick has
    the run (edge case 80).
    """
    step = 1 + STRIDE // 2
    assert deployment.break_each(lambda number: at_exchange(number, how), first, step=step) > 8


@pytest.mark.parametrize("where", ["dagster", "ours"])
def test_tenant_that_connects_at_any_moment_of_a_tick_disturbs_none(deployment, where):
    """The tick is no failure and starts what waited; the new tenant has its run in the next one at
    the latest, whether it connects between two statements of Dagster or of ours (edge case 80).
    """
    number, is_met = 1, True
    while is_met:
        old, new = f"old{number}", f"new{number}"
        deployment.connect(old)

        def connect(tenant: str = new) -> None:
            deployment.connect(tenant)

        point = (
            at_statement(number, connect)
            if where == "dagster"
            else at_exchange(number, doing(connect))
        )
        with point as counted:
            tick = deployment.daemon.tick()
        is_met = counted() >= number
        assert tick.status == TickStatus.SUCCESS, (number, tick.error)
        assert old in deployment.daemon.tenants()
        if is_met:
            deployment.daemon.tick()
            assert deployment.daemon.tenants() == sorted([new, old]), number
        deployment.clear()
        number += STRIDE


def test_run_is_not_asked_for_twice(deployment):
    """Rows wait for their run while Dagster has it, however often the sensor ticks."""
    deployment.connect("acme")
    for _ in range(3):
        deployment.daemon.tick()
    assert deployment.daemon.tenants() == ["acme"]


def test_partition_that_somebody_removed_comes_back(deployment):
    """A person deletes the partition of a connected tenant in the UI while its sync waits."""
    deployment.connect("acme")
    deployment.daemon.tick()
    deployment.daemon.end_runs()
    deployment.daemon.instance.delete_dynamic_partition(TENANTS.name, "acme")
    tick = deployment.daemon.tick()
    assert tick.status != TickStatus.FAILURE, tick.error
    assert deployment.daemon.partitions == {"acme"}


def _run(instance, status: dg.DagsterRunStatus, tag: str) -> dg.DagsterRun:
    run = dg.DagsterRun(job_name=emails_job.name, status=status, tags={DISPATCH_TAG: tag})
    return instance.add_run(run)


def test_rows_wait_for_a_run_while_it_lives(instance):
    """A run that was deleted, never accepted or never submitted is none; one that ended without
    taking its rows leaves them to rest, from the second
    time on and longer each time, so that a broken deployment does not start runs without end.
    """
    status = dg.DagsterRunStatus
    for tag, state in (("starting", status.STARTING), ("started", status.STARTED)):
        _run(instance, state, tag)
    _run(instance, status.NOT_STARTED, "unsubmitted")
    _run(instance, status.FAILURE, "failed")
    _run(instance, status.FAILURE, "again")
    _run(instance, status.STARTING, "again")
    names = ["starting", "started", "unsubmitted", "failed", "again", "unknown"]
    assert lost_runs(instance, [Awaited(name, 1, 1, 0.0) for name in names]) == {
        "unsubmitted",
        "unknown",
        "failed",
    }
    rests = [
        (dispatches, age)
        for dispatches in (1, 2, 3, 9)
        for age in (4.0, 6.0, 21.0, 81.0, 181.0)
        if lost_runs(instance, [Awaited("failed", 1, dispatches, age)])
    ]
    assert rests == [
        *[(1, age) for age in (4.0, 6.0, 21.0, 81.0, 181.0)],
        *[(2, age) for age in (6.0, 21.0, 81.0, 181.0)],
        *[(3, age) for age in (21.0, 81.0, 181.0)],
        (9, 181.0),
    ]


def test_rows_wait_for_the_run_that_stays_for_them(instance):
    """A second look waits for the run that asked for it, and for nobody when that has ended."""
    living = _run(instance, dg.DagsterRunStatus.STARTED, "a")
    ended = _run(instance, dg.DagsterRunStatus.SUCCESS, "b")
    ids = [f"run:{living.run_id}", f"run:{ended.run_id}", "run:unknown", "somebody else"]
    lost = lost_runs(instance, [Awaited(run_id, 1, 0, 0.1) for run_id in ids])
    assert lost == set(ids[1:])


def test_run_that_was_never_submitted_is_ended(instance):
    """It would stay NOT_STARTED for ever; one that may still be submitted is left alone."""
    tags = {"dagster/sensor_name": NAME}
    run = instance.add_run(dg.DagsterRun(job_name=emails_job.name, tags=tags))
    assert end_unsubmitted(instance, NAME) == 0
    assert end_unsubmitted(instance, NAME, within=-60.0) == 1
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE
