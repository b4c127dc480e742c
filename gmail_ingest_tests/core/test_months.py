from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.ledger.months import (
    GMAIL_BEGAN,
    check_range,
    month_of,
    months_of,
    next_month,
    part_of,
)
from gmail_ingest.core.ledger.windows import Window, reach_back
from gmail_ingest.errors import InvalidInputError

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
JANUARY, MARCH = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)
MOMENTS = st.integers(1_080_777_600, 1_795_305_600).map(lambda at: datetime.fromtimestamp(at, UTC))


def asked(start, end, earliest=GMAIL_BEGAN):
    """The window of a range, as of now."""
    return check_range(start, end, earliest=earliest, now=NOW)


@given(MOMENTS, MOMENTS)
def test_months_cut_a_window_without_gap_or_overlap(one, other):
    """The parts of a window's months follow each other from its start to its end."""
    start, end = sorted((one, other))
    window = Window(start, end + timedelta(seconds=1))
    parts = [part_of(window, month) for month in months_of(window)]
    assert (parts[0].start, parts[-1].end) == (window.start, window.end)
    assert all(before.end == after.start for before, after in pairwise(parts))
    assert all(
        month_of(part.start) == month for part, month in zip(parts, months_of(window), strict=True)
    )


def test_month_ends_are_not_of_the_next_month():
    """The window is half-open: the first moment of March is not asked for (edge case 61)."""
    assert months_of(Window(JANUARY, MARCH)) == (date(2024, 1, 1), date(2024, 2, 1))
    assert months_of(Window(JANUARY, MARCH + timedelta(seconds=1)))[-1] == date(2024, 3, 1)
    assert next_month(date(2024, 12, 1)) == date(2025, 1, 1)


def test_month_of_a_moment_is_that_of_utc():
    """An evening in New York may be the next month."""
    evening = datetime(2024, 1, 31, 22, tzinfo=timezone(timedelta(hours=-5)))
    assert month_of(evening) == date(2024, 2, 1)


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (datetime(2004, 3, 31, tzinfo=UTC), MARCH, "startDate"),
        (NOW + timedelta(days=1), NOW + timedelta(days=2), "startDate"),
        (JANUARY, NOW + timedelta(days=1), "endDate"),
        (MARCH, JANUARY, "endDate"),
        (MARCH, MARCH, "endDate"),
    ],
    ids=["before Gmail", "in the future", "into the future", "reversed", "empty"],
)
def test_range_that_makes_no_sense_is_refused(start, end, field):
    """The error names the field, and repeats nothing of the input."""
    with pytest.raises(InvalidInputError) as caught:
        asked(start, end)
    assert caught.value.field == field


def test_range_before_the_first_month_is_refused():
    """A deployment that keeps months from 2020 on says so."""
    with pytest.raises(InvalidInputError, match="2020-01-01"):
        asked(datetime(2019, 12, 31, tzinfo=UTC), MARCH, date(2020, 1, 1))
    assert asked(JANUARY, MARCH, date(2020, 1, 1)) == Window(JANUARY, MARCH)


def test_windows_without_a_gap_reach_back():
    """Only what follows without a gap counts as synced since then."""

    def window(first, last):
        return Window(datetime(first, 1, 1, tzinfo=UTC), datetime(last, 1, 1, tzinfo=UTC))

    start = datetime(2026, 1, 1, tzinfo=UTC)
    years = [window(2020, 2021), window(2024, 2026), window(2023, 2025)]
    assert reach_back(start, years) == datetime(2023, 1, 1, tzinfo=UTC)
    assert reach_back(start, [window(2020, 2025)]) == start
    assert reach_back(start, [Window(None, start)]) == start
