"""Portions of a shared line, handed out by several processes in any order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from gmail_ingest.core.quota.portions import Permits, Portions

#: Google's limit of the project, in units a minute, and what background work leaves of it, a share.
MINUTE = 60_000
RESERVE = 0.02
RATE = MINUTE * (1 - RESERVE) / 60
AHEAD = 0.9 * RESERVE * 60 / (1 - RESERVE)
LATE = AHEAD / 4
BURST = 0.95 * 60 / (1 - RESERVE)
CALL = 100


@dataclass
class Line:
    """The project's row, as ``adapters/postgres/sync/quota_limiter.py`` changes it."""

    live_at: float = 0.0
    background_at: float = 0.0
    burst_at: float = -60.0

    def reserve(self, units: int, now: float, *, live: bool) -> float:
        """Take units; the time from which on they may be spent."""
        cost = units / RATE
        if not live:
            self.background_at = max(self.background_at, now) + cost
            return self.background_at - cost
        if max(self.live_at, self.background_at) < now - 60:
            self.burst_at = now
        self.live_at = max(self.live_at, now) + cost
        self.background_at = max(self.background_at, now) + cost
        ahead = max(AHEAD - LATE, BURST - (now - self.burst_at))
        return max(now, self.live_at - ahead)


@dataclass
class Process:
    """What one process does with its portions; ``writes`` counts those of the line."""

    line: Line
    portions: dict[bool, Portions] = field(
        default_factory=lambda: {
            live: Portions(RATE, LATE, paced=not live) for live in (True, False)
        }
    )
    permits: Permits = field(default_factory=lambda: Permits(16.0, 2.0))
    writes: int = 0
    added: int = 0

    def reserve(self, units: int, now: float, *, live: bool) -> float:
        """As ``PostgresLimiter.reserve``; the time of the call."""
        portions = self.portions[live]
        portions.demand(units, now)
        at = portions.take(units, now)
        while at is None:
            size = portions.size(units, now, exact=self.permits.use(now))
            assert size > 0
            self.writes += 1
            self.added += size
            portions.add(size, self.line.reserve(size, now, live=live))
            at = portions.take(units, float("-inf"))
        return max(at, now)


def fullest_minute(spent: list[tuple[float, int]]) -> int:
    """The most units that any sixty seconds hold."""
    spent = sorted(spent)
    most = held = first = 0
    for at, units in spent:
        held += units
        while spent[first][0] <= at - 60:
            held -= spent[first][1]
            first += 1
        most = max(most, held)
    return most


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    processes=st.integers(1, 4),
    demand=st.floats(0.05, 6.0),
    live_share=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
    idle=st.booleans(),
)
def test_no_minute_holds_more_than_the_limit(seed, processes, demand, live_share, idle):
    """However calls of several processes fall, with bursts and pauses, no sixty seconds hold more
    than Google allows, and what was reserved is either spent, held, or counted as lost.
    """
    chance = random.Random(seed)
    line = Line()
    workers = [Process(line) for _ in range(processes)]
    spent: list[tuple[float, int]] = []
    now, waiting = 0.0, [0.0] * processes
    while now < 150 and len(spent) < 12_000:
        now += chance.expovariate(demand * RATE / 20)
        if idle and chance.random() < 0.0005:
            now += chance.choice([0.3, 1.0, 61.0])
        number = chance.randrange(processes)
        # A process that waits already reserves no further ahead than it has calls in flight.
        if waiting[number] > now + 2:
            continue
        units = chance.choice([2, 5, 20, 20, 20, 40, CALL])
        live = chance.random() < live_share
        at = workers[number].reserve(units, now, live=live)
        waiting[number] = max(waiting[number], at) if not live else waiting[number]
        if at <= now + 60:
            spent.append((at, units))
    # What of a process' portion waits behind a gap in the line: less than a call of each kind.
    assert fullest_minute(spent) <= MINUTE + 2 * CALL * processes
    if demand > 2 and not idle and not live_share:
        assert sum(units for _, units in spent) / now >= 0.98 * RATE


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), calls_a_second=st.sampled_from([1, 3, 30, 1_000]))
def test_writes_of_the_line_are_bounded_by_time(seed, calls_a_second):
    """A process writes the line a few times a second, however many calls it makes (edge case
    108), and takes no more of it than it spends, but for a share.
    """
    chance = random.Random(seed)
    worker = Process(Line())
    now, calls = 0.0, 0
    while now < 20:
        now += chance.expovariate(calls_a_second)
        worker.reserve(1, now, live=chance.random() < 0.3)
        calls += 1
    held = sum(lot.units for portions in worker.portions.values() for lot in portions._lots)
    lost = sum(portions.lost for portions in worker.portions.values())
    assert worker.added == calls + held + lost
    assert worker.writes <= min(calls, 16 + 20 * (2 + 2 * 1.5 / LATE) + 40)
    assert lost <= 0.5 * calls + 5


def test_portion_is_exact_while_the_line_is_written_seldom():
    """A process that makes few calls takes no unit more than it needs."""
    worker = Process(Line())
    for second in range(30):
        worker.reserve(20, float(second), live=False)
    assert worker.added == 600


def test_units_of_background_work_keep_their_places():
    """Units of a portion are spent one after the other, those behind a gap after the gap."""
    portions = Portions(10.0, 1.0, paced=True)
    portions.add(10, 100.0)
    assert [portions.take(5, 100.0), portions.take(3, 100.0)] == [100.0, 100.5]
    portions.add(10, 101.5)
    assert portions.take(4, 100.8) == 101.3
    portions.add(10, 110.0)
    assert portions.take(12, 101.0) == 109.2
    assert portions.lost == 0
    assert portions.take(6, 101.0) == 110.4


def test_units_that_are_late_are_lost():
    """A unit that was not spent near its time is not spent beside those of others."""
    portions = Portions(10.0, 0.5, paced=True)
    portions.add(10, 100.0)
    assert portions.take(5, 101.0) == 100.5
    assert portions.lost == 5
    live = Portions(10.0, 0.5, paced=False)
    live.add(10, 100.0)
    assert live.take(1, 100.4) == 100.0
    assert live.take(1, 100.6) is None
    assert live.lost == 9


def test_refusal_ends_a_portion():
    """After a refusal of the project nothing that is held is spent."""
    portions = Portions(10.0, 0.5, paced=True)
    portions.add(10, 100.0)
    portions.lose_all()
    assert portions.take(1, 100.0) is None
    assert portions.lost == 10


def test_permits_come_back_with_time():
    """So many at once, then so many a second."""
    permits = Permits(2.0, 2.0)
    assert [permits.use(0.0) for _ in range(3)] == [True, True, False]
    assert [permits.use(0.5), permits.use(0.6), permits.use(9.0)] == [True, False, True]
