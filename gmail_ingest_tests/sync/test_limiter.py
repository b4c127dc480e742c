"""One sync's way of spending units."""

# ruff: noqa: D102, ARG002 - the limiter's methods are the port's

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from gmail_ingest.errors import ThrottledError
from gmail_ingest.sync.mailbox.limiter import CHUNK, Budget


class Ledger:
    """A limiter that notes what it was asked; a unit takes a millisecond to earn."""

    def __init__(self, wait=0.0):
        self.wait = wait
        self.reserved = []
        self.returned = []
        self.refusals = []

    async def reserve(self, mailbox_id, units, origin):
        self.reserved.append(units)
        return self.wait

    async def give_back(self, mailbox_id, units, origin):
        self.returned.append(units)

    async def refused(self, mailbox_id, scope, until):
        self.refusals.append((mailbox_id, scope, until))

    def seconds(self, units):
        return units / 1000


async def test_budget_reserves_planned_units_in_chunks():
    """Ten planned calls of a backfill cost one reservation, and what is left is given back."""
    ledger = Ledger()

    async def spend():
        budget = Budget(ledger, 1, "listing")
        for _ in range(7):
            await budget.spend(20, upcoming=1000)
        await budget.close()

    await spend()
    assert ledger.reserved == [CHUNK]
    assert ledger.returned == [CHUNK - 7 * 20]


async def test_budget_loses_its_place_when_it_comes_late():
    """Units that were not spent at their time are given back and reserved anew, since they would
    come on top of what others spend now.
    """
    ledger = Ledger(wait=-1.5)

    async def spend():
        budget = Budget(ledger, 1, "listing")
        await budget.spend(20, upcoming=1000)
        await budget.spend(20, upcoming=1000)

    await spend()
    assert ledger.reserved == [CHUNK, CHUNK]
    assert ledger.returned == [CHUNK - 20]


async def test_budget_paces_background_work_along_its_line():
    """Calls of a chunk start one after another, as their units are earned."""
    started = []

    async def spend(budget):
        await budget.spend(20, upcoming=180)
        started.append(asyncio.get_running_loop().time())

    budget = Budget(Ledger(), 1, "listing")
    await asyncio.gather(*(spend(budget) for _ in range(5)))
    gaps = [after - before for before, after in pairwise(started)]
    assert all(gap > 0.01 for gap in gaps)


async def test_budget_lets_live_mail_spend_at_once():
    """What the limiter granted live mail is spent without further pacing."""

    async def spend():
        budget = Budget(Ledger(), 1, "push")
        loop = asyncio.get_running_loop()
        before = loop.time()
        for _ in range(5):
            await budget.spend(40, upcoming=160)
        return loop.time() - before

    assert await spend() < 0.1


async def test_budget_waits_as_long_as_the_limiter_says():
    """The first call waits for the reservation's start."""

    async def spend():
        loop = asyncio.get_running_loop()
        before = loop.time()
        await Budget(Ledger(wait=0.2), 1, "push").spend(20)
        return loop.time() - before

    assert await spend() >= 0.19


@pytest.mark.parametrize(
    ("scope", "reported"), [("mailbox", 1), ("project", 1), ("concurrency", 0)]
)
async def test_budget_tells_everybody_of_a_refusal(scope, reported):
    """A refusal of the mailbox or project pauses all processes; too many calls at once do not."""
    ledger, until = Ledger(), datetime.now(UTC) + timedelta(seconds=9)
    budget = Budget(ledger, 7, "listing")
    await budget.spend(20, upcoming=180)
    await budget.refused(ThrottledError(scope), until)
    await budget.close()
    assert ledger.refusals == [(7, scope, until)] * reported
