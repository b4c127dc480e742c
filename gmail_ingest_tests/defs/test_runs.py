"""Runs: the asset of a tenant, the drain, and the renewal of watches, against a sandbox."""

import dagster as dg
import pytest

from gmail_ingest.core.ledger.shown_fates import shown_counts
from gmail_ingest.defs.live_sync.drain import drain_job
from gmail_ingest.defs.watches import watch_renewal_job
from gmail_ingest.errors import ReauthoriseError
from gmail_ingest.sync.mailbox.records import Counts
from gmail_ingest_tests.defs.conftest import PRIVATE, evaluations, materializations_of, metadata
from gmail_ingest_tests.sync.service import OWNER, TENANT
from gmail_sandbox.settings import SandboxSettings


def everything(instance: dg.DagsterInstance, run_id: str) -> str:
    """All that Dagster keeps of a run."""
    records = instance.get_records_for_run(run_id).records
    run = instance.get_run_by_id(run_id)
    return " ".join([*(repr(record) for record in records), repr(run)]).lower()


def test_asset_syncs_its_tenant(run, service, instance, materialize):
    """A materialized partition is the tenant's mail, with counts, units and lag."""
    service.account()
    run(service.connect())
    service.deliver("the merger", "the merger")
    result = materialize()
    assert result.success
    assert run(service.agrees())
    reported = metadata(result)
    assert set(reported) >= set(shown_counts(Counts().totals()))
    assert reported["stored"] == reported["discovered"] == 2
    assert reported["units"] > 0
    assert (reported["jobs"], reported["mailboxes"]) == (1, 1)
    assert run(service.rows("SELECT dagster_run_id FROM sync_jobs")) == [result.run_id]
    partitions = instance.get_materialized_partitions(dg.AssetKey(["gmail", "emails"]))
    assert set(partitions) == {TENANT}


def test_asset_tells_the_lag_of_new_mail(run, service, materialize):
    """Mail that came since says in seconds how late it is stored."""
    service.account()
    run(service.connect())
    run(service.sync())
    service.deliver("the merger")
    assert 0 <= metadata(materialize())["lag_seconds"] < 60


def test_asset_follows_history_when_nothing_waits(run, service, materialize):
    """A run started by hand is never without effect, and never does anything twice."""
    service.account()
    run(service.connect())
    run(service.sync())
    service.deliver("the merger")
    assert metadata(materialize())["stored"] == 1
    assert metadata(materialize())["stored"] == 0
    assert run(service.agrees())


def test_asset_puts_nothing_private_into_dagster(run, service, instance, materialize):
    """No address, subject or body is in events, metadata or tags (promise 8)."""
    service.account()
    run(service.connect())
    service.deliver("the merger")
    result = materialize()
    assert not [word for word in PRIVATE if word in everything(instance, result.run_id)]


def test_asset_fails_with_the_remedy(run, service, instance, materialize):
    """A mailbox that needs a person fails the run, which says what to do (edge case 36)."""
    service.account()
    run(service.connect())
    service.deliver("the merger")
    service.sandbox.call(lambda state: state.grants.revoke_mailbox(OWNER))
    result = materialize(raise_on_error=False)
    assert not result.success
    (event,) = result.get_step_failure_events()
    failure = event.step_failure_data.user_failure_data
    assert failure.description.startswith("1 of 1 mailboxes cannot be synced; 1 needs_reauth")
    assert failure.description.endswith(ReauthoriseError.remedy)
    assert failure.metadata["mailboxes"].value == 1
    assert result.get_step_success_events() == []
    assert not [word for word in PRIVATE if word in everything(instance, result.run_id)]
    assert run(service.rows("SELECT state FROM mailboxes")) == ["needs_reauth"]


def test_asset_stores_the_other_mailboxes_before_it_fails(run, service, materialize):
    """One mailbox that fails costs the others of its tenant nothing (edge case 32)."""
    service.account(messages=5)
    service.account("other@example.com", messages=5)
    run(service.connect(OWNER, "other@example.com"))
    service.fault("*", mailbox=OWNER, action="error", error="mail_service_not_enabled")
    assert not materialize(raise_on_error=False).success
    assert run(service.agrees("other@example.com"))


def test_drain_syncs_all_that_waits_and_reports_each_partition(run, service, instance, resources):
    """One run works many tenants off, and each tenant that changed has its materialization."""
    for tenant in ("acme", "globex", "initech"):
        address = f"owner@{tenant}.example"
        service.account(address)
        service.deliver("the merger", address=address)
        run(service.connect(address, tenant=tenant))
    result = drain_job.execute_in_process(instance=instance, resources=resources)
    assert result.success
    reported = materializations_of(instance, result.run_id)
    assert sorted(materialization.partition for materialization in reported) == [
        "acme",
        "globex",
        "initech",
    ]
    assert {materialization.metadata["stored"].value for materialization in reported} == {1}
    assert {materialization.asset_key.to_user_string() for materialization in reported} == {
        "gmail/emails"
    }
    partitions = instance.get_materialized_partitions(dg.AssetKey(["gmail", "emails"]))
    assert set(partitions) == {"acme", "globex", "initech"}
    assert run(service.rows("SELECT count(*) FROM emails")) == [3]
    assert run(service.rows("SELECT count(*) FROM sync_queue")) == [0]
    assert run(service.rows("SELECT DISTINCT dagster_run_id FROM sync_jobs")) == [result.run_id]
    assert run(service.rows("SELECT count(*) FROM drains")) == [0]
    assert not [word for word in PRIVATE if word in everything(instance, result.run_id)]


def test_drain_reports_only_what_changed(run, service, instance, resources):
    """A tenant without news costs no event."""
    run(service.connected())
    run(service.queue.enqueue(TENANT, "incremental"))
    result = drain_job.execute_in_process(instance=instance, resources=resources)
    assert materializations_of(instance, result.run_id) == []
    assert run(service.rows("SELECT count(*) FROM sync_queue")) == [0]


def test_drain_goes_on_past_a_tenant_that_fails(run, service, instance, resources):
    """A tenant that needs a person neither fails the drain nor stops the others (edge case 36)."""
    for tenant in ("acme", "globex"):
        service.account(f"owner@{tenant}.example")
        service.deliver("the merger", address=f"owner@{tenant}.example")
        run(service.connect(f"owner@{tenant}.example", tenant=tenant))
    service.sandbox.call(lambda state: state.grants.revoke_mailbox("owner@acme.example"))
    assert drain_job.execute_in_process(instance=instance, resources=resources).success
    states = dict(run(service.rows("SELECT tenant_id, state FROM mailboxes")))
    assert states == {"acme": "needs_reauth", "globex": "active"}
    assert run(service.rows("SELECT tenant_id FROM emails")) == ["globex"]


@pytest.fixture
def topic(monkeypatch) -> str:
    """The topic that Gmail may publish to."""
    topic = SandboxSettings().watch_topic
    monkeypatch.setenv("PUBSUB_TOPIC", topic)
    return topic


def renewed(instance, resources, **more):
    """The counts of a renewal."""
    result = watch_renewal_job.execute_in_process(instance=instance, resources=resources, **more)
    metadata = [
        event.event_specific_data.metadata
        for event in result.all_events
        if event.event_type == dg.DagsterEventType.STEP_OUTPUT
    ]
    return result, {name: value.value for name, value in metadata[0].items()} if metadata else {}


@pytest.mark.usefixtures("topic")
def test_watch_renewal_watches_what_is_due(run, service, instance, resources):
    """A mailbox without a watch gets one; one that is watched for long is left alone
    (edge case 24).
    """
    run(service.connected())
    _, counts = renewed(instance, resources)
    assert counts == {"renewed": 1, "failed": 0}
    (left,) = run(service.rows("SELECT watch_expires_at - now() FROM mailboxes"))
    assert left.days >= 6
    assert service.calls("watch") == 1
    _, counts = renewed(instance, resources)
    assert counts == {"renewed": 0, "failed": 0}
    assert service.calls("watch") == 1


@pytest.mark.usefixtures("topic")
def test_watch_renewal_that_fails_is_seen(run, service, instance, resources):
    """A failed renewal fails its run, and is tried again by the next (edge case 24)."""
    run(service.connected())
    service.fault("watch", action="error", error="unavailable")
    result, _ = renewed(instance, resources, raise_on_error=False)
    assert not result.success
    (event,) = result.get_step_failure_events()
    assert "1 watches" in event.step_failure_data.user_failure_data.description
    service.clear_faults()
    _, counts = renewed(instance, resources)
    assert counts == {"renewed": 1, "failed": 0}


@pytest.mark.usefixtures("topic")
def test_watch_renewal_tells_of_a_dead_grant_that_it_meets(run, service, instance, resources):
    """Without a push no sync would say so before the night (edge case 85)."""
    run(service.connected())
    service.sandbox.call(lambda state: state.grants.revoke_mailbox(OWNER))
    for _ in range(2):
        result, _ = renewed(instance, resources, raise_on_error=False)
    assert result.success  # the second time nothing that could be watched is due
    assert [evaluation[:2] for evaluation in evaluations(instance)] == [(TENANT, False)]


def test_watch_renewal_without_a_topic_watches_nothing(run, service, instance, resources):
    """A deployment that polls has no watch to keep; a new address of the owner's is noticed all the
    same (case 10, edge case 92).
    """
    run(service.connected())
    service.sandbox.call(lambda state: state.rename(OWNER, "new.name@example.com"))
    _, counts = renewed(instance, resources)
    assert counts == {"renewed": 0, "failed": 0}
    assert service.calls("watch") == 0
    found = run(service.rows("SELECT address, aliases FROM mailboxes"))
    assert found == [("new.name@example.com", [OWNER])]
