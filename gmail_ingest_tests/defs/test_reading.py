"""Stored mail read again, as Dagster does it."""

from __future__ import annotations

import time

import dagster as dg
import pytest

from gmail_ingest.defs.rereading import reading_job, reading_sensor, rest_behind_failures
from gmail_ingest_tests.postgres.rereading_worlds import TEXTS, mail, save_formerly, search
from gmail_ingest_tests.postgres.worlds import PostgresWorld


@pytest.fixture
def world(engine, run) -> PostgresWorld:
    """A mailbox with mail that a former release stored."""
    world = PostgresWorld(engine)

    async def fill():
        mailbox = await world.connect()
        await save_formerly(
            world, mailbox, *(mail(message_id, text) for message_id, text in TEXTS.items())
        )

    run(fill())
    return world


def execute(instance, resources):
    """Run the job here."""
    return reading_job.execute_in_process(
        instance=instance,
        resources={"mail_store": resources["mail_store"]},
        raise_on_error=False,
    )


def tick(instance, resources):
    """Evaluate the sensor once, as the daemon does."""
    context = dg.build_sensor_context(
        instance=instance, resources={"mail_store": resources["mail_store"]}
    )
    return reading_sensor(context)


def counts_of(event):
    """The counts of a step's metadata."""
    return {name: figure.value for name, figure in event.items()}


def test_job_reads_all_that_is_left(world, instance, resources, run):
    """The job reads to the end, shows counts and nothing else, and the sensor asks for no other
    (edge cases 200, 201).
    """
    assert len(tick(instance, resources).run_requests) == 1
    result = execute(instance, resources)
    assert result.success
    (output,) = [event for event in result.all_events if event.is_successful_output]
    assert counts_of(output.event_specific_data.metadata) == {
        "read": 5,
        "changed": 4,
        "failed": 0,
        "mailboxesLeft": 0,
        "mailsLeft": 0,
        "mails": 5,
    }
    assert run(search(world, "会議")) == {"m1", "m2"}
    skipped = tick(instance, resources)
    assert not skipped.run_requests
    assert skipped.skip_reason.skip_message == "all stored mail is read by this release"


def test_job_fails_if_a_mail_cannot_be_read(world, instance, resources, run):
    """The others are read, the run fails with the count, and no word of the mail is told (edge
    case 201).
    """
    run(
        world.change(
            "ALTER TABLE emails ADD CONSTRAINT refused CHECK (gmail_id <> 'm1' OR reading = 0)"
        )
    )
    result = execute(instance, resources)
    assert not result.success
    (failure,) = result.get_step_failure_events()
    message = str(failure.step_failure_data.error)
    assert "1 stored mails could not be read again" in message
    assert "会議" not in message
    assert counts_of(failure.step_failure_data.user_failure_data.metadata)["failed"] == 1
    assert run(search(world, "견적서")) == {"m5"}


@pytest.mark.usefixtures("world")
def test_sensor_starts_no_second_run_beside_one(instance, resources):
    """A run that is under way goes on alone (edge case 200)."""
    instance.create_run_for_job(reading_job, status=dg.DagsterRunStatus.STARTED)
    skipped = tick(instance, resources)
    assert not skipped.run_requests
    assert skipped.skip_reason.skip_message == "a run is under way"


@pytest.mark.usefixtures("world")
def test_runs_that_fail_rest_longer_each_time(instance, resources):
    """A deployment in which every run fails is no loop of runs; a run that ends well, or is ended
    by hand, begins anew (edge case 223).
    """
    now = time.time()

    def end(status):
        instance.create_run_for_job(reading_job, status=status)

    for failed, rest in enumerate((60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600), 1):
        end(dg.DagsterRunStatus.FAILURE)
        skipped = tick(instance, resources)
        assert not skipped.run_requests
        message = f"the last {min(failed, 8)} runs failed: another one in "
        assert skipped.skip_reason.skip_message.startswith(message)
        assert rest_behind_failures(instance, now)[1] == pytest.approx(rest, abs=30)
    assert rest_behind_failures(instance, time.time() + 3_600)[1] <= 0
    end(dg.DagsterRunStatus.CANCELED)
    assert len(tick(instance, resources).run_requests) == 1


def test_sensor_runs_by_itself():
    """Nobody has to switch it on after an upgrade (edge case 200)."""
    assert reading_sensor.default_status == dg.DefaultSensorStatus.RUNNING
