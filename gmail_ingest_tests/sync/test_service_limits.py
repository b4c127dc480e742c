"""Google allows less than a sync would like: fewer parallel calls, some of them refused."""

from dataclasses import replace

import pytest

from gmail_ingest_tests.sync.service import LATER, OWNER, QUICK

SUBJECTS = [f"mail {number}" for number in range(120)]


@pytest.fixture
def waiting(run, service):
    """A connected mailbox with 120 messages, whose initial sync has not begun."""
    service.account()
    service.ids = service.deliver(*SUBJECTS)
    run(service.connect())
    return service


def allow(service, concurrent):
    """How many calls of a mailbox Google answers at once."""

    def change(state):
        state.quota.limits.concurrent_per_user = concurrent

    service.sandbox.call(change)


@pytest.mark.parametrize(("wanted", "allowed"), [(100, 25), (8, 1)])
def test_sync_finishes_with_fewer_parallel_calls_than_it_wants(run, waiting, wanted, allowed):
    """A hundred calls where 25 are allowed, or eight where one is: the sync lowers their number,
    finishes in one go, and no message spends an attempt (edge case 27).
    """
    allow(waiting, allowed)
    waiting.fault("messages.get", action="latency", latency_ms=5)
    report = run(waiting.sync(policy=replace(LATER, calls_in_flight=wanted)))
    assert report.errors == []
    assert report.counts.stored == len(SUBJECTS)
    assert waiting.sandbox.call(lambda state: state.counters.rejections["too_many_concurrent"]) > 0
    assert waiting.sandbox.call(lambda state: state.counters.peak_in_flight[OWNER]) <= allowed
    assert run(waiting.rows("SELECT max(attempts) FROM message_ledger")) == [0]
    assert waiting.agrees()


def test_answers_in_any_order_are_kept_each_for_its_own_message(run, waiting):
    """Of parallel calls some are slow, some 429 and some 500: every answer that came is stored
    under its own id, and only the failed ones are asked for again (edge case 28).
    """
    waiting.fault("messages.get", action="latency", latency_ms=30, probability=0.3, seed=1)
    waiting.fault("messages.get", action="error", error="backend_error", every=10)
    waiting.fault("messages.get", action="error", error="user_rate_limit_exceeded", every=15)
    run(waiting.sync(policy=replace(LATER, calls_in_flight=8)))
    failed = run(waiting.rows("SELECT gmail_id FROM message_ledger WHERE fate = 'pending'"))
    assert 0 < len(failed) < 20
    assert run(waiting.stored()) == set(waiting.ids) - set(failed)
    calls = waiting.calls("messages.get")
    waiting.clear_faults()
    run(waiting.make_due())
    run(waiting.sync())
    assert waiting.calls("messages.get") - calls == len(failed)
    rows = dict(run(waiting.rows("SELECT gmail_id, subject FROM emails")))
    assert rows == dict(zip(waiting.ids, SUBJECTS, strict=True))


def test_no_batch_is_sent_however_much_is_wanted(run, waiting):
    """Messages are asked for one by one, so that no batch can be too large (edge case 29)."""
    run(waiting.sync())
    calls = waiting.sandbox.call(lambda state: dict(state.counters.calls))
    connecting = 1
    assert calls["gmail.users.messages.get"] == connecting + len(SUBJECTS)
    assert not [name for name in calls if "batch" in name]


@pytest.mark.parametrize("error", ["user_quota_exceeded", "insufficient_permissions"])
def test_refusals_of_quota_are_throttles_and_others_need_a_person(run, waiting, error):
    """Both are 403: one is slept through, the other is a state of the mailbox (edge case 30)."""
    waiting.fault("messages.get", action="error", error=error, nth=[5], times=1)
    run(waiting.sync(policy=QUICK))
    (state,) = run(waiting.rows("SELECT state FROM mailboxes"))
    if error == "user_quota_exceeded":
        assert state == "active"
        assert waiting.agrees()
    else:
        assert state == "needs_reauth"
        assert len(run(waiting.stored())) < len(SUBJECTS)


def test_message_that_is_not_there_is_a_counted_skip(run, waiting):
    """Deleted between history and fetch: gone, without an error; one that Google misses for a
    moment is asked for again and stored (edge case 13).
    """
    run(waiting.sync())
    gone, late = waiting.deliver("gone", "late")
    waiting.fault("messages.get", message_id=gone, action="error", error="not_found")
    waiting.fault("messages.get", message_id=late, action="error", error="not_found", times=1)
    report = run(waiting.sync())
    assert report.errors == []
    assert run(waiting.stored()) == {*waiting.ids, late}
    fates = dict(run(waiting.rows("SELECT gmail_id, fate FROM message_ledger")))
    assert (fates[gone], fates[late]) == ("gone", "stored")
