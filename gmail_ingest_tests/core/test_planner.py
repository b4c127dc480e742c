"""Planning of fetches by price."""

from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.quota.planner import MAX_THREAD_MESSAGES, PendingMessage, plan_fetch
from gmail_ingest.core.quota.prices import Prices

PRICES = Prices()


def pending(*threads, attempts=0):
    return [PendingMessage(f"m{i}", thread, attempts) for i, thread in enumerate(threads)]


def test_plan_fetch_takes_a_thread_from_three_messages_on():
    """Two messages of a thread are fetched alone (a tie in units), three as their thread."""
    calls = plan_fetch(pending("a", "a", "b", "b", "b"), PRICES)
    assert [(call.thread_id, len(call.wanted)) for call in calls] == [
        (None, 1),
        (None, 1),
        ("b", 3),
    ]
    assert sum(call.units for call in calls) == 80


def test_plan_fetch_asks_for_failed_messages_alone():
    """A message that failed before cannot fail its whole thread again (edge case 2)."""
    calls = plan_fetch(pending("a", "a", "a", attempts=1), PRICES)
    assert [call.thread_id for call in calls] == [None, None, None]


def test_plan_fetch_keeps_answers_bounded():
    """A thread known to be huge is never asked for whole."""
    calls = plan_fetch(pending("a", "a", "a"), PRICES, {"a": MAX_THREAD_MESSAGES + 1})
    assert all(call.thread_id is None for call in calls)


def test_plan_fetch_follows_the_prices():
    """With the prices of before 2026, messages.get 5 and threads.get 10, the rule is the same;
    with threads.get at 100 units a thread of five is fetched one by one.
    """
    five = pending("a", "a", "a", "a", "a")
    assert len(plan_fetch(five, Prices(messages_get=5, threads_get=10))) == 1
    assert len(plan_fetch(five, Prices(threads_get=100))) == 5


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", ""]), st.integers(0, 2)), max_size=60))
def test_plan_fetch_wants_every_id_once_and_never_pays_more(messages):
    """Every pending id is in exactly one call, and no plan costs more than one get each."""
    wanted = [PendingMessage(f"m{i}", t, a) for i, (t, a) in enumerate(messages)]
    calls = plan_fetch(wanted, PRICES)
    planned = sorted(one.message_id for call in calls for one in call.wanted)
    assert planned == sorted(one.message_id for one in wanted)
    assert sum(call.units for call in calls) <= PRICES.messages_get * len(wanted)
