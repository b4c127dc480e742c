"""Months: which month a time lies in, which months a range touches, and which part of each.

Holds: the arithmetic of months, for backfills and the search index, and the check of a range. Add
here: a rule about ranges.
Keep out: clocks (callers say what time it is), Dagster's partition keys.
Source: edge case 61; docs/google.md#search (dates). Everything is UTC; a month is named by its
first day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from gmail_ingest.core.ledger.windows import Window, midnight
from gmail_ingest.errors import InvalidInputError

#: Gmail was opened on 2004-04-01: no mailbox has mail from before it.
GMAIL_BEGAN = date(2004, 4, 1)


def month_of(moment: datetime | date) -> date:
    """The UTC month that a time lies in."""
    day = moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
    return day.replace(day=1)


def next_month(month: date) -> date:
    """The month after this one."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def month_before(month: date) -> date:
    """The month before this one."""
    year, months = divmod(12 * month.year + month.month - 2, 12)
    return date(year, months + 1, 1)


def months_back(newest: date, oldest: date) -> Iterator[date]:
    """The months from ``newest`` back to ``oldest``, both included."""
    while newest > oldest:
        yield newest
        newest = month_before(newest)
    if newest == oldest:
        yield newest


def months_of(window: Window) -> tuple[date, ...]:
    """The months that a bounded window touches, oldest first."""
    if window.start is None or window.end is None:
        raise ValueError("a window without bounds has no months")
    month, months = month_of(window.start), []
    while midnight(month) < window.end:
        months.append(month)
        month = next_month(month)
    return tuple(months)


def part_of(window: Window, month: date) -> Window:
    """The part of a month that lies in a window."""
    start, end = midnight(month), midnight(next_month(month))
    return Window(
        start if window.start is None else max(start, window.start),
        end if window.end is None else min(end, window.end),
    )


def check_range(start: datetime, end: datetime, *, earliest: date, now: datetime) -> Window:
    """Check a range that a caller asks for, and return it as a window.

    Args:
        start: the first moment, included; with a time zone.
        end: the end, excluded; with a time zone.
        earliest: the first month that this deployment syncs.
        now: the present time.

    Raises:
        InvalidInputError: names ``startDate`` or ``endDate`` and what is wrong with it.
    """
    first = midnight(max(earliest, GMAIL_BEGAN))
    if start < first:
        raise InvalidInputError("startDate", f"must not be before {first:%Y-%m-%d}")
    if start > now:
        raise InvalidInputError("startDate", "must not be in the future")
    if end > now:
        raise InvalidInputError("endDate", "must not be in the future: new mail comes by itself")
    if end <= start:
        raise InvalidInputError("endDate", "must be after startDate")
    return Window(start.astimezone(UTC), end.astimezone(UTC))
