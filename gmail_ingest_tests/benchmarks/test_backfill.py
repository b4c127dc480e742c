"""What the benchmarks of backfills compute from what they saw."""

from datetime import date

import pytest

from gmail_ingest_lab.benchmarks.backfill_truth import live_units, planned_threads
from gmail_ingest_lab.benchmarks.fairness import jain
from gmail_ingest_lab.benchmarks.partitions import iterations
from gmail_ingest_lab.demo.audit import GoogleMessage

JUNE, JULY = date(2024, 6, 1), date(2024, 7, 1)


def message(message_id, thread_id, *labels):
    return GoogleMessage("sales@acme.example", message_id, thread_id, frozenset(labels))


def test_planned_threads_are_those_with_three_unknown_messages_in_a_month():
    """A thread is read whole where that is cheaper, once for each month; spam and what is stored
    already do not count.
    """
    months = dict.fromkeys("abcd", JUNE) | dict.fromkeys("efg", JULY)
    messages = [
        *(message(message_id, "t1") for message_id in "abc"),
        message("d", "t2", "SPAM"),
        *(message(message_id, "t1") for message_id in "efg"),
    ]
    assert planned_threads(messages, months, known=()) == 2
    assert planned_threads(messages, months, known={"e"}) == 1
    assert planned_threads(messages[2:], months, known={"e"}) == 0


def test_live_units_are_history_lists_and_one_get_a_pushed_message():
    """Calls that a backfill makes as well are not charged to live mail."""
    calls = {
        "gmail.users.history.list": 3,
        "gmail.users.messages.get": 90,
        "gmail.users.messages.list": 7,
    }
    assert live_units(calls, pushed=2) == 3 * 2 + 2 * 20


@pytest.mark.parametrize(
    ("shares", "expected"), [([1, 1, 1, 1], 1.0), ([1, 0, 0, 0], 0.25), ([0, 0], 0.0)]
)
def test_jain_says_how_evenly_something_is_shared(shares, expected):
    """One for equal shares, one n-th if one has all."""
    assert jain(shares) == pytest.approx(expected)


def test_iterations_are_read_from_the_daemons_log():
    """The time between the beginning and the end of each, whatever else is logged in colours."""
    line = (
        "\x1b[32m2026-01-05 10:00:0{} +0000\x1b[0m - dagster.daemon.{} - \x1b[34mINFO\x1b[0m - {}"
    )
    log = "\n".join(
        (
            line.format(1, "BackfillDaemon", "Evaluating asset backfill abc"),
            line.format(2, "SensorDaemon", "Checking for new runs"),
            line.format(3, "BackfillDaemon", "Asset backfill abc completed iteration with status"),
            line.format(5, "BackfillDaemon", "Asset backfill abc completed iteration with status"),
            line.format(7, "BackfillDaemon", "Evaluating asset backfill abc"),
            line.format(7, "BackfillDaemon", "Asset backfill abc completed iteration with status"),
        )
    )
    assert iterations(log) == [2.0, 0.0]
