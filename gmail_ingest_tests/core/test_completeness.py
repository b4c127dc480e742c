from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.ledger.completeness import (
    DayTally,
    Known,
    StoredMails,
    estimate_units,
    group_days,
    label_differences,
    presence_of,
)
from gmail_ingest.core.ledger.fates import Entry, after_absence, after_recall
from gmail_ingest.core.ledger.windows import days_between, midnight, window_of
from gmail_ingest.core.quota.prices import Prices

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = date(2026, 5, 1)


@pytest.mark.parametrize(
    ("fate", "reason", "has_row", "expected"),
    [
        ("stored", None, True, "stored"),
        ("stored", None, False, "missing"),
        ("pending", None, False, "pending"),
        ("dead", None, False, "dead"),
        ("gone", "deleted", False, "out"),
        ("gone", None, False, "missing"),
        ("left_out", "spam", False, "missing"),
        ("hidden", "blocked_domain", True, "hidden"),
        ("hidden", "blocked_domain", False, "missing"),
    ],
)
def test_presence_of_a_listed_id(fate, reason, has_row, expected):
    """A listed id is accounted for by what the ledger says, if the row it speaks of exists; a label
    that Google does not know of excludes nothing (edge case 15).
    """
    known = Known("t", fate, reason, NOON if has_row else None)
    assert presence_of(known, out=False) == expected


def test_presence_of_an_unknown_id():
    """A listed id that nobody saw is missing, unless its labels keep it out."""
    assert presence_of(None, out=False) == "missing"
    assert presence_of(None, out=True) == "out"


def test_presence_of_stored_mail_in_the_trash():
    """Mail that was stored before it went to the trash stays stored."""
    assert presence_of(Known("t", "stored", None, NOON), out=True) == "stored"
    assert presence_of(Known("t", "stored", None, None), out=True) == "out"


def test_day_is_proven_when_it_is_whole_and_over():
    """Nothing waits, is missing or has vanished, and no mail of that day can still come."""
    tally = DayTally(DAY)
    for how in ("stored", "dead", "hidden", "out"):
        tally.count(how)
    assert (tally.listed, tally.accounted, tally.dead) == (3, 3, 1)
    assert tally.is_proven(midnight(DAY + timedelta(days=1)))
    assert not tally.is_proven(midnight(DAY + timedelta(days=1)) - timedelta(seconds=1))
    for name in ("pending", "missing"):
        open_ = DayTally(DAY)
        open_.count(name)
        assert (open_.listed, open_.accounted, open_.is_whole) == (1, 0, False)
    assert not DayTally(DAY, vanished=1).is_whole


def test_label_differences_are_found_on_both_sides():
    """A label that is here and not there, and one that is there and not here; mail that is not
    stored is no matter (edge case 67).
    """
    stored = [
        StoredMails(DAY, frozenset({"STARRED"}), frozenset({"a", "b"})),
        StoredMails(DAY, frozenset(), frozenset({"c", "d"})),
    ]
    assert label_differences(stored, "STARRED", {"a", "c", "unknown"}) == {"b", "c"}


@given(
    sizes=st.lists(st.integers(0, 700), min_size=1, max_size=40),
    most=st.integers(1, 900),
)
def test_days_are_grouped_without_a_gap(sizes, most):
    """Every day is in one group, in order; only a single day may be larger than allowed."""
    days = days_between(DAY, DAY + timedelta(days=len(sizes)))
    stored = dict(zip(days, sizes, strict=True))
    groups = list(group_days(days, stored, most))
    assert tuple(day for group in groups for day in group) == days
    assert all(len(group) == 1 or sum(map(stored.get, group)) <= most for group in groups)


def test_estimate_counts_pages_by_what_is_stored():
    """Two groups of days, one page for each label that every mailbox has, three for a long one."""
    days = days_between(DAY, DAY + timedelta(days=3))
    stored = {days[0]: 300, days[1]: 300, days[2]: 50}
    empty = estimate_units(days, {}, {}, Prices())
    assert empty == 9 * 5 + 5 + 2
    assert estimate_units(days, stored, {}, Prices()) == empty + 5
    assert estimate_units(days, stored, {"Label_1": 1100}, Prices()) == empty + 5 + 3 * 5
    assert estimate_units((), stored, {"Label_1": 1}, Prices()) == 0


def test_estimate_of_many_ids_is_a_fraction_of_their_fetch():
    """A hundred thousand mails cost some thousand units, where fetching them costs two million."""
    days = days_between(DAY, DAY + timedelta(days=1000))
    stored = dict.fromkeys(days, 100)
    units = estimate_units(days, stored, {"INBOX": 100_000, "UNREAD": 100_000}, Prices())
    assert 250 * 5 <= units < 4000


def test_windows_of_days_are_half_open_in_utc():
    """Days turn into a window from midnight to midnight (edge case 61)."""
    days = days_between(date(2026, 2, 27), date(2026, 3, 2))
    window = window_of(days)
    assert len(days) == 3
    assert (window.start, window.end) == (
        datetime(2026, 2, 27, tzinfo=UTC),
        datetime(2026, 3, 2, tzinfo=UTC),
    )
    assert days_between(DAY, DAY) == days_between(DAY, DAY - timedelta(days=2)) == ()


@pytest.mark.parametrize(
    ("entry", "has_row", "fate"),
    [
        (None, False, "pending"),
        (None, True, "pending"),
        (Entry("t", "push", "stored"), False, "pending"),
        (Entry("t", "push", "stored"), True, "stored"),
        (Entry("t", "push", "left_out", "spam"), False, "pending"),
        (Entry("t", "push", "hidden", "blocked_domain"), True, "hidden"),
        (Entry("t", "push", "hidden", "blocked_domain"), False, "pending"),
        (Entry("t", "push", "gone"), False, "pending"),
        (Entry("t", "push", "gone", "deleted"), False, "gone"),
        (Entry("t", "push", "dead"), False, "dead"),
        (Entry("t", "push", "pending"), False, "pending"),
    ],
)
def test_recall_lets_only_what_is_unaccounted_for_wait(entry, has_row, fate):
    """What has been accounted for meanwhile keeps its entry, the very same."""
    after = after_recall(entry, "t", has_row=has_row)
    assert after.fate == fate
    changed = fate == "pending" and (entry is None or entry.fate != "pending")
    assert (after is entry) is not changed
    if changed:
        assert (after.origin, after.reason) == ("listing", None)


def test_absence_of_a_stored_message_may_be_refuted():
    """It is gone, but not for good: only history can say that (edge case 14)."""
    gone = after_absence(Entry("t", "push", "stored", None, 7))
    assert (gone.fate, gone.reason, gone.history_id) == ("gone", None, 7)
    pending = Entry("t", "push", "pending")
    assert after_absence(pending) is pending
