"""Exact counts of what the sandbox was asked and what it did.

Holds: ``Counters``. Add here: a further count, and its line in ``report``. Keep out: limits
(``quota``); counting never changes an answer. Reset by ``POST /sandbox/counters/reset``, except
for what is live (connections, calls in flight).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, Protocol


class Connection(Protocol):
    """A connection that is open."""

    def abort(self) -> None:
        """Close it now."""


class Counters:
    """Counts since the start or the last reset."""

    def __init__(self) -> None:
        self._live: set[Connection] = set()
        self.in_flight: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        """Reset all counts except live connections and calls in flight."""
        self.calls: Counter[str] = Counter()
        self.calls_by_mailbox: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.units: Counter[str] = Counter()
        self.rejections: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.peak_in_flight: Counter[str] = Counter()
        self.pushes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.repeats: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._answered: set[int] = set()
        self.connections = 0
        self.peak_connections = len(self._live)

    @property
    def live_connections(self) -> frozenset[Connection]:
        """The connections that are open now."""
        return frozenset(self._live)

    def connected(self, connection: Connection) -> None:
        """Count a connection that opened."""
        self._live.add(connection)
        self.connections += 1
        self.peak_connections = max(self.peak_connections, len(self._live))

    def disconnected(self, connection: Connection) -> None:
        """Count a connection that closed."""
        self._live.discard(connection)

    def called(self, method: str, mailbox: str | None) -> None:
        """Count a call, before it is known whether it will be refused."""
        self.calls[method] += 1
        if mailbox is not None:
            self.calls_by_mailbox[mailbox][method] += 1

    def answered(self, mailbox: str, method: str, target: str) -> None:
        """Count an answer that this mailbox has had before: perhaps a needless fetch.

        Args:
            mailbox: whose call it was.
            method: that was called.
            target: path and query.
        """
        key = hash((mailbox, target))
        if key in self._answered:
            self.repeats[mailbox][method] += 1
        self._answered.add(key)

    def entered(self, mailbox: str) -> None:
        """Count a call that is being answered."""
        self.in_flight[mailbox] += 1
        self.peak_in_flight[mailbox] = max(self.peak_in_flight[mailbox], self.in_flight[mailbox])

    def left(self, mailbox: str) -> None:
        """Count a call whose answer is written."""
        self.in_flight[mailbox] -= 1

    def report(self) -> dict[str, Any]:
        """Return all counts in the shape of ``GET /sandbox/counters``."""
        return {
            "calls": dict(self.calls),
            "callsByMailbox": {box: dict(calls) for box, calls in self.calls_by_mailbox.items()},
            "repeats": {box: dict(calls) for box, calls in self.repeats.items()},
            "units": {"total": self.units.total(), "byMailbox": dict(self.units)},
            "rejections": dict(self.rejections),
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "connections": {
                "live": len(self._live),
                "opened": self.connections,
                "peak": self.peak_connections,
            },
            "inFlight": {box: count for box, count in self.in_flight.items() if count},
            "peakInFlight": dict(self.peak_in_flight),
            "faults": dict(self.faults),
            "pushes": {name: self.pushes[name] for name in _PUSH_COUNTS},
        }


#: published: notifications made; suppressed: more than one a second; the rest: deliveries.
_PUSH_COUNTS = (
    "published",
    "suppressed",
    "faultDropped",
    "sent",
    "acked",
    "nacked",
    "redelivered",
    "duplicated",
    "abandoned",
)
