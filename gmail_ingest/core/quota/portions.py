"""Quota units that a process has reserved at once, and hands out to its own calls.

Holds: ``Portions`` (units, with the time from which they may be spent) and ``Permits`` (how often a
shared row may be written). Add here: how large a portion is. Keep out: the shared line itself
(``adapters/postgres/sync/quota_limiter.py``), clocks (callers pass the time, in seconds).

All processes write the same row. While a long transaction is open (a dump, for instance), its old
versions cannot be removed, and each write reads them all: with a write for each call the limiter
stood still after a minute. So writes are bounded by time. As long as ``Permits`` allows, a process
reserves exactly what a call needs; beyond that, what it will need until the portion expires.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

#: Seconds over which demand is averaged.
_AVERAGE = 1.0


@dataclass(slots=True)
class _Lot:
    units: int
    at: float


@dataclass(slots=True)
class Portions:
    """The reserved units of one process on one line, for live mail or for background work.

    Args:
        rate: units a second of the whole line.
        late: seconds after its time at which a unit expires: spent later, together with those of
            others, it could exceed the limit of a minute.
        paced: the units of a lot may be spent one after the other, at the rate; otherwise all of
            them from its time on.
    """

    rate: float
    late: float
    paced: bool
    #: Reserved units that expired since the caller last set this to zero.
    lost: int = 0
    _lots: deque[_Lot] = field(default_factory=deque)
    _demand: float = 0.0
    _asked_at: float = -math.inf

    def take(self, units: int, now: float) -> float | None:
        """Hand out units.

        Returns:
            The time from which they may be spent; None: there are too few, add more.
        """
        self._lose(now)
        if sum(lot.units for lot in self._lots) < units:
            return None
        # Units before a gap in the line wait for the other units of their call. So a process is
        # late by the gap with the units of one call at most.
        at = self._from(units)
        self._remove(units)
        return at

    def size(self, units: int, now: float, *, exact: bool) -> int:
        """How many units to add so that ``units`` can be taken.

        Args:
            units: that a call needs now.
            now: the time, in seconds.
            exact: only the missing units, not those that will be needed soon.
        """
        self._lose(now)
        missing = units - sum(lot.units for lot in self._lots)
        if exact:
            return missing
        soon = min(self._demand / _AVERAGE, self.rate) * self.late
        return max(missing, int(soon))

    def demand(self, units: int, now: float) -> None:
        """Record that a call wants units, whether or not they are there."""
        passed = max(0.0, now - self._asked_at)
        self._demand = self._demand * math.exp(-passed / _AVERAGE) + units
        self._asked_at = now

    def add(self, units: int, at: float) -> None:
        """Add units that were reserved on the line, to be spent from ``at`` on."""
        self._lots.append(_Lot(units, at))

    def lose_all(self) -> None:
        """Let all held units expire."""
        self.lost += sum(lot.units for lot in self._lots)
        self._lots.clear()

    def _from(self, units: int) -> float:
        at, before = -math.inf, 0
        for lot in self._lots:
            # The call's units of earlier lots take their own time on the line.
            at = max(at, lot.at - before / self.rate if self.paced else lot.at)
            before += lot.units
            if before >= units:
                break
        return at

    def _remove(self, units: int) -> None:
        while units:
            lot = self._lots[0]
            taken = min(units, lot.units)
            units -= taken
            lot.units -= taken
            if self.paced:
                lot.at += taken / self.rate
            if not lot.units:
                self._lots.popleft()

    def _lose(self, now: float) -> None:
        while self._lots:
            lot = self._lots[0]
            behind = now - self.late - lot.at
            if behind <= 0:
                return
            gone = min(lot.units, math.ceil(behind * self.rate)) if self.paced else lot.units
            self.lost += gone
            lot.units -= gone
            lot.at += gone / self.rate
            if not lot.units:
                self._lots.popleft()
            elif self.paced:
                return


@dataclass(slots=True)
class Permits:
    """Limits writes of a row: ``most`` at once, ``a_second`` on average."""

    most: float
    a_second: float
    _left: float = field(init=False)
    _at: float = field(default=-math.inf, init=False)

    def __post_init__(self) -> None:
        self._left = self.most

    def use(self, now: float) -> bool:
        """Whether another write is allowed; it counts as made."""
        passed = min(max(0.0, now - self._at), self.most / self.a_second)
        self._left = min(self.most, self._left + passed * self.a_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
