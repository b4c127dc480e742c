from math import inf

import pytest

from gmail_ingest.core.ledger.progress import Progress
from gmail_ingest.core.quota.estimates import Pace, fetch_units, seconds_needed
from gmail_ingest.core.quota.planner import PendingMessage
from gmail_ingest.core.quota.prices import Prices
from gmail_ingest_tests.sync.backfills import moment

PACE = Pace(mailbox=100, project=1_000, day=1_000_000, left_today=1_000_000, next_day=3600)


def pending(*names: str) -> list[PendingMessage]:
    """Messages named thread-number."""
    return [PendingMessage(name, name.partition("-")[0]) for name in names]


def test_price_is_that_of_the_cheapest_calls():
    """A thread of three costs less than its messages, whatever order they come in."""
    wanted = pending("a-1", "b-1", "a-2", "a-3")
    assert fetch_units(wanted, Prices(), {}, 2000) == 40 + 20
    assert fetch_units(wanted, Prices(), {"a": 101}, 2000) == 80


def test_price_counts_threads_that_a_chunk_cuts():
    """The fetch plans so many ids at once: a thread on the border is fetched message by message."""
    wanted = pending("b-1", "b-2", "b-3", "a-1")
    assert fetch_units(wanted, Prices(), {}, 4) == 60
    assert fetch_units(wanted, Prices(), {}, 2) == 80


@pytest.mark.parametrize(
    ("units", "seconds"),
    [
        ([10_000], 100),
        ([10_000, 2_000], 100),
        ([10_000] * 50, 500),
        ([], 0),
    ],
    ids=["one mailbox", "the largest mailbox", "the project", "nothing"],
)
def test_time_is_that_of_the_tighter_budget(units, seconds):
    """Mailboxes spend side by side, and the project holds them back together."""
    assert seconds_needed(units, PACE) == pytest.approx(seconds)


def test_time_includes_the_nights_that_the_allowance_costs():
    """What today's allowance does not hold waits for the next days."""
    pace = Pace(mailbox=1e9, project=1_000, day=1_000_000, left_today=500_000, next_day=3600)
    assert seconds_needed([500_000], pace) == pytest.approx(500)
    assert seconds_needed([500_001], pace) == pytest.approx(3600, abs=1)
    assert seconds_needed([1_500_000], pace) == pytest.approx(3600 + 1_000)
    assert seconds_needed([2_600_000], pace) == pytest.approx(3600 + 2 * 86_400 + 100)
    none = Pace(mailbox=100, project=100, day=0, left_today=0, next_day=10)
    assert seconds_needed([1], none) == inf


def test_progress_estimates_its_end_by_the_months_done():
    """Three of twelve months in ten minutes: half an hour to go; unknown before the first."""
    began, at = moment(2026, 1, 1), moment(2026, 1, 1, 0, 10)
    progress = Progress(3, 12, 1200, began, at)
    assert progress.messages_per_second == 2
    assert progress.estimated_end == moment(2026, 1, 1, 0, 40)
    assert Progress(0, 12, 5, began, at).estimated_end is None
    assert Progress(0, 12, 0, None, at).messages_per_second is None
