"""Windows of time in which a mailbox is listed.

Holds: ``Window`` and its Gmail query. Add here: arithmetic on windows.
Keep out: clocks (callers say what time it is).
Source: docs/google.md#search (q takes epoch seconds; YYYY/MM/DD means Pacific time); edge case 61.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open in UTC: ``start`` <= internal date < ``end``; None means unbounded on that side."""

    start: datetime | None = None
    end: datetime | None = None

    def query(self) -> str:
        """The Gmail search that lists this window, in epoch seconds.

        Widened by one second on each side, because it is uncertain whether Google's bounds are
        inclusive (docs/google.md#search). Messages outside the window are dropped by internal date.
        """
        words = []
        if self.start is not None:
            words.append(f"after:{int(self.start.timestamp()) - 1}")
        if self.end is not None:
            words.append(f"before:{int(self.end.timestamp()) + 1}")
        return " ".join(words)

    def contains(self, moment: datetime) -> bool:
        """Whether a UTC time lies in the window."""
        return (self.start is None or self.start <= moment) and (
            self.end is None or moment < self.end
        )


def last_days(days: int, now: datetime) -> Window:
    """The window of the last ``days`` days before ``now``, open towards the future."""
    earliest = datetime(1970, 1, 2, tzinfo=UTC)
    span = timedelta(days=days)
    start = now - span if now - earliest > span else earliest
    return Window(start=start.replace(microsecond=0))


def reach_back(start: datetime, windows: Iterable[Window]) -> datetime:
    """Extend ``start`` back over bounded windows that adjoin it without a gap."""
    bounded = [(window.end, window.start) for window in windows if window.start and window.end]
    for end, beginning in sorted(bounded, reverse=True):
        if end < start:
            break
        start = min(start, beginning)
    return start


def days_between(start: date, end: date) -> tuple[date, ...]:
    """The UTC days from ``start`` on, before ``end``; none if ``end`` is not later."""
    return tuple(start + timedelta(days=n) for n in range((end - start).days))


def window_of(days: Sequence[date]) -> Window:
    """The window of consecutive UTC days, to the end of the last one."""
    return Window(midnight(days[0]), midnight(days[-1] + timedelta(days=1)))


def midnight(day: date) -> datetime:
    """The moment at which a UTC day begins."""
    return datetime.combine(day, time(), UTC)
