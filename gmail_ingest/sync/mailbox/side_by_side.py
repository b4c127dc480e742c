"""Works on many items, at most so many at once.

Holds: ``side_by_side``, ``all_ended``, ``to_its_end``. Add here: nothing. Keep out: the work.
A task for each of 100,000 tenants would take memory, and a connection of the pool, for each: this
starts only as many tasks as may work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def side_by_side(
    at_once: int, items: Iterable[T], work: Callable[[T], Awaitable[R]]
) -> list[R]:
    """The results of ``work`` on each item, in the items' order; items are taken as work ends.

    Raises:
        What ``work`` raised first, after the rest has been cancelled and has ended.
    """
    results: dict[int, R] = {}
    left = enumerate(items)

    async def worker() -> None:
        for index, item in left:
            results[index] = await work(item)

    tasks = [asyncio.create_task(worker()) for _ in range(at_once)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [results[index] for index in sorted(results)]


async def all_ended(work: Iterable[Awaitable[T]]) -> list[T]:
    """Await all to their ends, and only then raise the first error: no task goes on with
    connections that its caller closes, or for a claim that was given up.
    """
    done = await asyncio.gather(*work, return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in done if not isinstance(outcome, BaseException)]


async def to_its_end(work: Coroutine[Any, Any, R]) -> R:
    """The result of work; a cancellation takes effect only after it has ended."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
