import asyncio
from datetime import timedelta

import pytest

from gmail_ingest.errors import LeaseLostError
from gmail_ingest.sync.mailbox.heartbeat import heartbeat

TTL = timedelta(milliseconds=90)


class Beats:
    """Counts beats; ``reached(n)`` is set with the n-th, which raises what it was given."""

    def __init__(self, wanted: int, error: Exception | None = None) -> None:
        self.count = 0
        self.reached = asyncio.Event()
        self._wanted, self._error = wanted, error

    async def __call__(self) -> None:
        """Beat."""
        self.count += 1
        if self.count >= self._wanted:
            self.reached.set()
            if self._error:
                raise self._error


async def test_heartbeat_beats_while_the_work_goes_on_and_ends_with_it():
    """The lease is renewed again and again, and by nobody after the block."""
    beats = Beats(3)
    async with heartbeat(beats, TTL):
        await asyncio.wait_for(beats.reached.wait(), 10)
    at_the_end = beats.count
    await asyncio.sleep(TTL.total_seconds())
    later = beats.count
    assert at_the_end == later == 3


async def test_heartbeat_beats_before_the_lease_ends():
    """Two beats fit into the life of a lease, so that a slow one does no harm."""
    beats, loop = Beats(2), asyncio.get_running_loop()
    before = loop.time()
    async with heartbeat(beats, timedelta(seconds=1.5)):
        await asyncio.wait_for(beats.reached.wait(), 10)
    assert (loop.time() - before) < 1.5


@pytest.mark.parametrize("error", [LeaseLostError("taken over"), ConnectionError("away")])
async def test_heartbeat_stops_quietly_when_a_beat_fails(error):
    """The work itself learns of a lost lease by its next write, which is fenced."""
    beats = Beats(1, error)
    async with heartbeat(beats, TTL):
        await asyncio.wait_for(beats.reached.wait(), 10)
        await asyncio.sleep(TTL.total_seconds())
    assert beats.count == 1


async def test_heartbeat_lets_the_error_of_the_work_through():
    """What the block raises is what its caller sees."""

    async def work() -> None:
        async with heartbeat(Beats(9), TTL):
            raise KeyError("work")

    with pytest.raises(KeyError, match="work"):
        await work()
