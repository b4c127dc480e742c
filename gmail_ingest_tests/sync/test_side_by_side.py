"""Work on many things, so many of them at once."""

from __future__ import annotations

import asyncio

import pytest

from gmail_ingest.sync.mailbox.side_by_side import side_by_side, to_its_end


async def test_side_by_side_takes_items_as_work_ends():
    """A hundred thousand tenants make as many tasks as may work, and results come in order
    (edge case 87).
    """
    working = most = taken = 0
    others = len(asyncio.all_tasks())

    def items():
        nonlocal taken
        for number in range(2_000):
            taken += 1
            assert taken <= done + 8
            yield number

    done = 0

    async def work(number: int) -> int:
        nonlocal working, most, done
        working += 1
        most = max(most, working, len(asyncio.all_tasks()) - others)
        await asyncio.sleep(0)
        working -= 1
        done += 1
        return number * 2

    assert await side_by_side(7, items(), work) == [number * 2 for number in range(2_000)]
    assert most == 7


async def test_side_by_side_ends_with_the_first_error():
    """What was under way is cancelled and has ended before the error is seen."""
    ended = []

    async def work(number: int) -> None:
        if number == 2:
            raise KeyError(number)
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(number)

    with pytest.raises(KeyError):
        await side_by_side(3, range(100), work)
    assert sorted(ended) == [0, 1]


async def test_side_by_side_of_nothing():
    """Without an item there is no result."""
    assert await side_by_side(3, [], asyncio.sleep) == []


async def test_to_its_end_is_not_cut_off_by_a_cancellation():
    """What began is done, and the cancellation goes on afterwards."""
    begun, may_end, done = asyncio.Event(), asyncio.Event(), []

    async def work():
        begun.set()
        await may_end.wait()
        done.append(1)

    task = asyncio.create_task(to_its_end(work()))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [1]
