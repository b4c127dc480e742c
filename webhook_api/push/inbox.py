"""Pushes gathered while the database is busy, so that one statement serves all that wait.

Holds: ``PushInbox``. Keep out: what is written (``PostgresPushes``).
A request is answered after the commit that holds its push (edge case 26), never before. There is
no timer: a push that comes alone is written at once, and a thousand that come during one write are
the next write (edge case 22), each mailbox once with its newest notification.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from webhook_api.push.body import Notification


class AppliedBatch(Protocol):
    """What a write met."""

    @property
    def known(self) -> int:
        """Addresses of the batch that are connected."""
        ...


class _Batch:
    def __init__(self) -> None:
        self.newest: dict[str, Notification] = {}
        self.pushes = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class PushInbox:
    """Coalesces concurrent pushes into one ``apply`` at a time."""

    def __init__(
        self,
        apply: Callable[[Mapping[str, Notification]], Awaitable[AppliedBatch]],
        on_applied: Callable[[int, int, AppliedBatch], None],
    ) -> None:
        self._apply = apply
        self._on_applied = on_applied
        self._open: _Batch | None = None
        self._writer: asyncio.Task[None] | None = None

    async def put(self, notification: Notification) -> None:
        """Return when the push is committed; raises what the write raised."""
        if self._open is None:
            self._open = _Batch()
        batch = self._open
        batch.pushes += 1
        known = batch.newest.get(notification.address)
        if known is None or notification.is_newer(known):
            batch.newest[notification.address] = notification
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        # Shielded: one client that hangs up must not cancel the write of the others.
        await asyncio.shield(batch.done)

    async def _write(self) -> None:
        try:
            while self._open is not None:
                batch, self._open = self._open, None
                await self._write_one(batch)
        finally:
            self._writer = None

    async def _write_one(self, batch: _Batch) -> None:
        try:
            applied = await self._apply(batch.newest)
        except Exception as error:  # noqa: BLE001 - every waiting request answers with it
            batch.done.set_exception(error)
            # Read once here: asyncio warns of an error that no request waits for any more.
            batch.done.exception()
            return
        except BaseException:
            batch.done.cancel()
            raise
        self._on_applied(batch.pushes, len(batch.newest), applied)
        batch.done.set_result(None)
