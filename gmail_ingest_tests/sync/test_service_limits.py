"""Google allows less than a sync would like: fewer parallel calls, some of them refused."""

from dataclasses import replace

import pytest

from gmail_ingest_tests.sync.service import LATER, OWNER, QUICK

SUBJECTS = [f"mail {number}" for number in range(120)]


@pytest.fixture
async def waiting(service):
    """A connected mailbox with 120 messages, whose initial sync has not begun."""
    service.account()
    service.ids = service.deliver(*SUBJECTS)
    await service.connect()
    return service


def allow(service, concurrent):
    """How many calls of a mailbox Google answers at once."""

    def change(state):
        state.quota.limits.concurrent_per_user = concurrent

    service.sandbox.call(change)


@pytest.mark.parametrize(("wanted", "allowed"), [(100, 25), (8, 1)])
async def test_sync_finishes_with_fewer_parallel_calls_than_it_wants(waiting, wanted, allowed):
    """A hundred calls where 25 are allowed, or eight where one is: the sync lowers their number,
    finishes in one go, and no message spends an attempt (edge case 27).
    """
    allow(waiting, allowed)
    waiting.fault("messages.get", action="latency", latency_ms=5)
    report = await waiting.sync(policy=replace(LATER, calls_in_flight=wanted))
    assert report.errors == []
    assert report.counts.stored == len(SUBJECTS)
    assert waiting.sandbox.call(lambda state: state.counters.rejections["too_many_concurrent"]) > 0
    assert waiting.sandbox.call(lambda state: state.counters.peak_in_flight[OWNER]) <= allowed
    assert await waiting.rows("SELECT max(attempts) FROM message_ledger") == [0]
    assert await waiting.agrees()


async def test_answers_in_any_order_are_kept_each_for_its_own_message(waiting):
    """Of parallel calls some are slow, some 429 and some 500: every answer that came is stored
    under its own id, and only the failed ones are asked for again (edge case 28).
    """
    waiting.fault("messages.get", action="latency", latency_ms=30, probability=0.3, seed=1)
    waiting.fault("messages.get", action="error", error="backend_error", every=10)
    waiting.fault("messages.get", action="error", error="user_rate_limit_exceeded", every=15)
    await waiting.sync(policy=replace(LATER, calls_in_flight=8))
    failed = await waiting.rows("SELECT gmail_id FROM message_ledger WHERE fate = 'pending'")
    assert 0 < len(failed) < 20
    assert await waiting.stored() == set(waiting.ids) - set(failed)
    calls = waiting.calls("messages.get")
    waiting.clear_faults()
    await waiting.make_due()
    await waiting.sync()
    assert waiting.calls("messages.get") - calls == len(failed)
    rows = dict(await waiting.rows("SELECT gmail_id, subject FROM emails"))
    assert rows == dict(zip(waiting.ids, SUBJECTS, strict=True))


async def test_no_batch_is_sent_however_much_is_wanted(waiting):
    """Messages are asked for one by one, so that no batch can be too large (edge case 29)."""
    await waiting.sync()
    calls = waiting.sandbox.call(lambda state: dict(state.counters.calls))
    connecting = 1
    assert calls["gmail.users.messages.get"] == connecting + len(SUBJECTS)
    assert not [name for name in calls if "batch" in name]


@pytest.mark.parametrize("error", ["user_quota_exceeded", "insufficient_permissions"])
async def test_refusals_of_quota_are_throttles_and_others_need_a_person(waiting, error):
    """Both are 403: one is slept through, the other is a state of the mailbox (edge case 30)."""
    waiting.fault("messages.get", action="error", error=error, nth=[5], times=1)
    await waiting.sync(policy=QUICK)
    (state,) = await waiting.rows("SELECT state FROM mailboxes")
    if error == "user_quota_exceeded":
        assert state == "active"
        assert await waiting.agrees()
    else:
        assert state == "needs_reauth"
        assert len(await waiting.stored()) < len(SUBJECTS)


async def test_message_that_is_not_there_is_a_counted_skip(waiting):
    """Deleted between history and fetch: gone, without an error; one that Google misses for a
    moment is asked for again and stored (edge case 13).
    """
    await waiting.sync()
    gone, late = waiting.deliver("gone", "late")
    waiting.fault("messages.get", message_id=gone, action="error", error="not_found")
    waiting.fault("messages.get", message_id=late, action="error", error="not_found", times=1)
    report = await waiting.sync()
    assert report.errors == []
    assert await waiting.stored() == {*waiting.ids, late}
    fates = dict(await waiting.rows("SELECT gmail_id, fate FROM message_ledger"))
    assert (fates[gone], fates[late]) == ("gone", "stored")
