"""Mailboxes that stand still, as runs of tenants and drains tell of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gmail_ingest.defs.live_sync.drain import drain_job
from gmail_ingest.errors import ReauthoriseError
from gmail_ingest.sync.mailbox import throttle
from gmail_ingest_tests.defs.conftest import PRIVATE, evaluations, materializations_of, metadata
from gmail_ingest_tests.sync.service import OWNER, TENANT


@pytest.fixture
def drained(run, service, instance, resources, monkeypatch):
    """Drain what waits, also what waits for a later attempt; the tenants that were materialized."""
    # What Google does not answer is given back at once, not after five tries.
    monkeypatch.setattr(throttle, "TRIES", 1)

    def drain() -> list[str]:
        run(service.rows("UPDATE sync_queue SET not_before = now() RETURNING 1"))
        result = drain_job.execute_in_process(instance=instance, resources=resources)
        assert result.success
        return [
            materialization.partition
            for materialization in materializations_of(instance, result.run_id)
        ]

    return drain


def test_drain_tells_once_that_google_does_not_answer_and_once_that_it_does(
    run, service, instance, drained
):
    """An outage is one failed evaluation, whatever the number of tries and drains, and its end is
    one that passed; no attempt is a materialization of nothing (edge case 85).
    """
    run(service.connected())
    service.deliver("the merger")
    service.fault("history.list", action="error", error="unavailable")
    run(service.queue.enqueue(TENANT, "incremental"))
    assert drained() == []
    ((tenant, passed, words),) = evaluations(instance)
    assert (tenant, passed) == (TENANT, False)
    assert words.startswith("1 of 1 mailboxes cannot be synced; 1 active (no_answer), since 20")
    assert "tried again at 20" in words
    assert "Google does not answer" in words
    assert drained() == []
    assert drained() == []
    assert len(evaluations(instance)) == 1
    service.clear_faults()
    assert drained() == [TENANT]
    assert evaluations(instance)[1:] == [(TENANT, True, "every mailbox is synced")]
    service.deliver("another")
    run(service.queue.enqueue(TENANT, "incremental"))
    assert drained() == [TENANT]
    assert len(evaluations(instance)) == 2
    assert run(service.agrees())


def test_drain_materializes_what_came_beside_a_mailbox_that_stands_still(
    run, service, instance, drained
):
    """One dead grant of two: the other's mail is materialized, and the check names how many of how
    many, why and what to do, without an address (edge case 85).
    """
    for address in (OWNER, "other@example.com"):
        service.account(address)
        service.deliver("the merger", address=address)
    run(service.connect(OWNER, "other@example.com"))
    service.sandbox.call(lambda state: state.grants.revoke_mailbox(OWNER))
    assert drained() == [TENANT]
    ((_, passed, words),) = evaluations(instance)
    assert not passed
    assert words.startswith("1 of 2 mailboxes cannot be synced; 1 needs_reauth (grant_dead)")
    assert ReauthoriseError.remedy in words
    assert not [word for word in PRIVATE if word in words]
    service.deliver("another", address="other@example.com")
    run(service.queue.enqueue(TENANT, "incremental"))
    assert drained() == [TENANT]
    assert len(evaluations(instance)) == 1


def test_drain_tells_another_cause(run, service, instance, drained):
    """A failure that becomes another one is news (edge case 85)."""
    run(service.connected())
    service.fault("history.list", action="error", error="unavailable")
    run(service.queue.enqueue(TENANT, "incremental"))
    drained()
    service.clear_faults()
    service.sandbox.call(lambda state: state.grants.revoke_mailbox(OWNER))
    drained()
    first, second = evaluations(instance)
    assert "no_answer" in first[2]
    assert "grant_dead" in second[2]


def test_drain_tells_nothing_of_a_mailbox_that_another_worker_syncs(
    run, service, instance, drained
):
    """Somebody else syncs it: that is no failure (edge case 85)."""
    run(service.connected())
    (mailbox,) = run(service.rows("SELECT id FROM mailboxes"))
    run(service.store.acquire_lease(mailbox, "push", "w", timedelta(minutes=1), force=False))
    run(service.queue.enqueue(TENANT, "incremental"))
    assert drained() == []
    assert evaluations(instance) == []


def test_asset_fails_when_its_work_was_put_back(run, service, instance, materialize, monkeypatch):
    """Google down is a failed run with cause and remedy, and no materialization; when Google
    answers again, the next one says so (edge case 85).
    """
    monkeypatch.setattr(throttle, "TRIES", 1)
    run(service.connected())
    service.deliver("the merger")
    service.fault("history.list", action="error", error="unavailable")
    result = materialize(raise_on_error=False)
    assert not result.success
    assert materializations_of(instance, result.run_id) == []
    (event,) = result.get_step_failure_events()
    failure = event.step_failure_data.user_failure_data
    assert "1 active (no_answer)" in failure.description
    assert [evaluation[:2] for evaluation in evaluations(instance)] == [(TENANT, False)]
    service.clear_faults()
    run(service.rows("UPDATE sync_queue SET not_before = now() RETURNING 1"))
    assert metadata(materialize())["stored"] == 1
    assert [evaluation[:2] for evaluation in evaluations(instance)] == [
        (TENANT, False),
        (TENANT, True),
    ]


def test_asset_of_dead_mailboxes_is_not_materialized_again(run, service, instance, materialize):
    """Nothing could be synced: not even a run by hand is a green materialization of nothing
    (edge case 85).
    """
    run(service.connected(messages=3))
    service.sandbox.call(lambda state: state.grants.revoke_mailbox(OWNER))
    assert not materialize(raise_on_error=False).success
    result = materialize(raise_on_error=False)
    assert not result.success
    assert materializations_of(instance, result.run_id) == []
    assert len(evaluations(instance)) == 1


def test_asset_materializes_what_came_before_it_fails(run, service, instance, materialize):
    """Mail of one mailbox came, another's did not: both is told (edge case 85)."""
    service.account(messages=5)
    service.account("other@example.com", messages=5)
    run(service.connect(OWNER, "other@example.com"))
    service.fault("*", mailbox=OWNER, action="error", error="mail_service_not_enabled")
    result = materialize(raise_on_error=False)
    assert not result.success
    (reported,) = materializations_of(instance, result.run_id)
    assert (reported.partition, reported.metadata["stored"].value) == (TENANT, 5)
