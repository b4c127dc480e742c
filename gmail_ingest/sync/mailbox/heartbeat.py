"""Keeping a lease or claim alive while work goes on.

Holds: ``heartbeat``. Add here: nothing. Keep out: what happens when it is lost: writes are fenced,
so the worker notices at its next write; the heartbeat itself only stops.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

from gmail_ingest.errors import LeaseLostError


@contextlib.asynccontextmanager
async def heartbeat(beat: Callable[[], Awaitable[None]], ttl: timedelta) -> AsyncIterator[None]:
    """Call ``beat`` three times in each ``ttl`` until the block ends or the lease is lost."""

    async def pulse() -> None:
        with contextlib.suppress(LeaseLostError):
            while True:
                await asyncio.sleep(ttl.total_seconds() / 3)
                await beat()

    task = asyncio.create_task(pulse())
    try:
        yield
    finally:
        task.cancel()
        # A failed beat (no database) is ignored: the work itself fails for the same reason.
        await asyncio.gather(task, return_exceptions=True)
