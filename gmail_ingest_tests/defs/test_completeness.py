"""The proof of a tenant's partition, and the nightly job that brings it for all tenants."""

import dagster as dg
import pytest

from gmail_ingest.definitions import defs
from gmail_ingest.defs.completeness.asset import CHECK, KEY, completeness, completeness_job
from gmail_ingest.defs.completeness.verification import evaluation_of
from gmail_ingest.defs.live_sync.emails import emails, emails_job
from gmail_ingest.defs.mailboxes import every_mailbox_is_synced, mailboxes
from gmail_ingest.sync.audit.completeness import MailboxVerification
from gmail_ingest.sync.mailbox.records import Counts
from gmail_ingest_tests.sync.service import TENANT

#: Dagster 1.13 names its own beta parameter when it binds a sensor to its resources.


@pytest.fixture
def synced(run, service):
    """A tenant whose mail is synced."""
    run(service.connected(messages=20))
    return service


def lose_one(run, service):
    """Delete an entry of the ledger."""
    query = (
        "DELETE FROM message_ledger WHERE gmail_id = (SELECT min(gmail_id) FROM message_ledger)"
        " RETURNING 1"
    )
    assert run(service.rows(query)) == [1]


def evaluations(instance, check=CHECK):
    """The newest evaluation of each tenant, and under None the one over all."""
    records = instance.event_log_storage.get_asset_check_execution_history(
        check_key=check, limit=1000
    )
    reported = [record.event.asset_check_evaluation for record in reversed(records)]
    return {evaluation.partition: evaluation for evaluation in reported}


def check_partition(instance, resources):
    """Materialize a partition, as a person does, and return what the check says of it."""
    result = dg.materialize(
        [completeness],
        partition_key=TENANT,
        instance=instance,
        resources=resources,
        raise_on_error=False,
    )
    return result, evaluations(instance)[TENANT]


@pytest.mark.usefixtures("synced")
def test_check_passes_for_a_whole_partition(instance, resources):
    """It says how many ids were compared, what it cost, and nothing of a mail (promise 8)."""
    result, found = check_partition(instance, resources)
    assert result.success
    assert (found.passed, found.partition, found.asset_key) == (True, TENANT, KEY)
    reported = {name: value.value for name, value in found.metadata.items()}
    assert reported["listed"] == reported["accounted"] > 0
    assert reported["missing"] == reported["open"] == 0
    assert reported["units"] <= reported["estimated_units"] + 10
    assert all(type(value) is int for value in reported.values())
    assert instance.get_materialized_partitions(KEY) == {TENANT}
    assert evaluations(instance)[None].passed


def test_check_warns_of_a_hole_that_it_repaired(run, synced, instance, resources):
    """Nothing is missing any more, and yet somebody should know."""
    lose_one(run, synced)
    _, found = check_partition(instance, resources)
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "repaired" in found.description
    assert not evaluations(instance)[None].passed
    assert check_partition(instance, resources)[1].passed
    assert evaluations(instance)[None].passed
    assert run(synced.agrees())


def test_check_does_not_pass_while_a_mailbox_cannot_be_read(run, synced, instance, resources):
    """What nobody could look at is not proven (edge case 86)."""
    synced.account("other@example.com", messages=3)
    run(synced.connect("other@example.com"))
    synced.sandbox.call(lambda state: state.grants.revoke_mailbox("other@example.com"))
    run(synced.sync())
    _, found = check_partition(instance, resources)
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "1 mailboxes cannot be read" in found.description
    assert not evaluations(instance)[None].passed


def test_asset_job_leaves_the_check_out(run, synced, instance, resources):
    """A push costs a sync, not a comparison of many days."""
    calls = synced.calls("labels.list")
    synced.deliver("new")
    made = dg.Definitions(
        assets=[emails, completeness, mailboxes],
        asset_checks=[every_mailbox_is_synced],
        jobs=[emails_job],
        resources=resources,
    )
    result = made.resolve_job_def("emails_job").execute_in_process(
        instance=instance, partition_key=TENANT
    )
    assert result.success
    assert result.get_asset_check_evaluations() == []
    assert synced.calls("labels.list") == calls
    assert run(synced.agrees())


def test_night_evaluates_the_check_for_every_tenant(run, synced, instance, resources):
    """One run, an evaluation for each partition, and holes are repaired."""
    lose_one(run, synced)
    result = completeness_job.execute_in_process(instance=instance, resources=resources)
    assert result.success
    evaluation = evaluations(instance)[TENANT]
    assert (evaluation.partition, evaluation.passed) == (TENANT, False)
    assert evaluation.metadata["missing"].value == 1
    assert evaluation.metadata["open"].value == 0
    assert run(synced.agrees())


def test_night_goes_on_past_a_tenant_that_cannot_be_read(run, synced, instance, resources):
    """Its evaluation says why; the run does not fail for what a sync shows already."""
    run(synced.rows("INSERT INTO tenants (id) VALUES ('empty') RETURNING 1"))
    instance.add_dynamic_partitions("tenants", ["empty"])
    synced.fault("messages.list", action="error", error="insufficient_permissions")
    result = completeness_job.execute_in_process(
        instance=instance,
        resources=resources,
        run_config={"ops": {"verify_tenants": {"config": {"tenants": ["empty", TENANT]}}}},
    )
    assert result.success
    reported = evaluations(instance)
    assert set(reported) == {"empty", TENANT, None}
    assert not any(evaluation.passed for evaluation in reported.values())


def test_night_refuses_tenants_that_are_not_connected(synced, instance, resources):
    """A name that is mistyped verifies nothing and says so, by its field (edge case 89)."""
    calls = synced.calls("labels.list")
    result = completeness_job.execute_in_process(
        instance=instance,
        resources=resources,
        raise_on_error=False,
        run_config={"ops": {"verify_tenants": {"config": {"tenants": [TENANT, "amce"]}}}},
    )
    assert not result.success
    (event,) = result.get_step_failure_events()
    failure = event.step_failure_data.user_failure_data.description
    assert failure.startswith("tenants: 1 of those named are not connected: amce.")
    assert synced.calls("labels.list") == calls
    assert evaluations(instance) == {}


def test_night_tells_how_mailboxes_stand(run, synced, instance, resources):
    """Once a night the check of mailboxes is evaluated, also if nothing changed
    (edge case 85).
    """
    assert run(synced.agrees())
    assert completeness_job.execute_in_process(instance=instance, resources=resources).success
    reported = evaluations(instance, every_mailbox_is_synced.check_key)
    assert {partition: evaluation.passed for partition, evaluation in reported.items()} == {
        None: True
    }


def test_night_begins_by_itself():
    """The schedule runs once a day, and is on after a deployment."""
    schedule = defs.resolve_schedule_def("completeness_schedule")
    assert schedule.cron_schedule == "42 2 * * *"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == completeness_job.name


def verification(**counts):
    """What one mailbox's comparison found."""
    return MailboxVerification(1, "a@example.com", counts=Counts(units=7), **counts)


@pytest.mark.parametrize(
    ("found", "passed", "severity"),
    [
        ([], True, "WARN"),
        ([verification(listed=5)], True, "WARN"),
        ([verification(pending=1)], False, "WARN"),
        ([verification(missing=1)], False, "WARN"),
        ([verification(label_differences=3)], True, "WARN"),
        ([verification(missing=1, open_missing=1)], False, "ERROR"),
        ([verification(), verification(open_vanished=1, vanished=1)], False, "ERROR"),
        ([verification(error="throttled", missing=1, open_missing=1)], False, "WARN"),
    ],
)
def test_evaluation_is_an_error_only_for_what_is_left(found, passed, severity):
    """What waits, was repaired or could not be looked at is a warning."""
    evaluation = evaluation_of(found)
    assert (evaluation.passed, evaluation.severity.name) == (passed, severity)
    assert "a@example.com" not in repr(evaluation)
