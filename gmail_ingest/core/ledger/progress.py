"""How far a backfill is, and when it will be done.

Holds: ``Progress``. Keep out: clocks, and where the numbers come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """Months and messages done since ``started_at`` (UTC), as of ``at``: now, or the end."""

    months_done: int
    months_total: int
    messages: int
    started_at: datetime | None
    at: datetime

    @property
    def _seconds(self) -> float:
        return (self.at - self.started_at).total_seconds() if self.started_at else 0.0

    @property
    def messages_per_second(self) -> float | None:
        """Messages done a second; None before the first second."""
        return self.messages / self._seconds if self._seconds >= 1 else None

    @property
    def estimated_end(self) -> datetime | None:
        """When the backfill ends if the remaining months take as long as those done; None before
        the first one is done.
        """
        if not self.months_done or self.started_at is None:
            return None
        left = self.months_total - self.months_done
        return self.at + (self.at - self.started_at) * (left / self.months_done)
