"""When a process that ended by itself is started again, and when that is given up.

Holds: ``Restarts``, pure: the caller brings the clock. Keep out: starting anything (``keeper``).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class Restarts:
    """The crashes of each process; times in seconds of any one clock.

    A process may end ``limit`` times within ``window_seconds``; the pause before it is started
    again begins with ``first_pause_seconds`` and doubles with each of them.
    """

    limit: int = 5
    window_seconds: float = 300.0
    first_pause_seconds: float = 0.5
    longest_pause_seconds: float = 30.0
    _crashes: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def died(self, name: str, now: float) -> float | None:
        """Note a crash. Returns the seconds until the next start; None: no more starts."""
        recent = [crash for crash in self._crashes[name] if crash > now - self.window_seconds]
        self._crashes[name] = [*recent, now]
        if len(recent) >= self.limit:
            return None
        return min(self.longest_pause_seconds, self.first_pause_seconds * 2.0 ** len(recent))

    def crashes(self, name: str) -> int:
        """How often it has ended lately."""
        return len(self._crashes[name])
