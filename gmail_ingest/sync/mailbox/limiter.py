"""Spending quota units no faster than Google allows, whoever else spends them.

Holds: ``Limiter`` (the port), ``Budget`` (one sync's way of spending), ``Unlimited``.
Add here: how a sync asks. Keep out: where the shared state lives
(``adapters/postgres/sync/quota_limiter.py``).

A reservation says when its units may be spent: the limiter keeps a timeline for each mailbox and
for the project, on which every reserved unit has its place. Background work (lists and backfills)
spends along that line at an even pace; live mail may spend ahead of it, and delays it by what it
spent (docs/promises.md#promise-4). Source: the generic cell rate algorithm (ITU-T
I.371); docs/google.md#limits.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

from gmail_ingest.core.ledger.fates import Origin
from gmail_ingest.core.quota.estimates import Pace
from gmail_ingest.errors import ThrottledError


class Limiter(Protocol):
    """One line of time for each mailbox and one for the project, shared by all processes."""

    async def reserve(self, mailbox_id: int, units: int, origin: Origin) -> float:
        """Reserve units of a mailbox and of the project; the answer is the seconds to wait first.

        Nothing stays reserved if the wait is too long to sleep through: ThrottledError.
        """
        ...

    async def give_back(self, mailbox_id: int, units: int, origin: Origin) -> None:
        """Return units that were reserved and not spent."""
        ...

    async def refused(self, mailbox_id: int, scope: str, until: datetime) -> None:
        """Google said no: pause the mailbox, or the project if ``scope`` is ``"project"``."""
        ...

    def seconds(self, units: int) -> float:
        """How long a mailbox takes to earn these units."""
        ...

    async def pace(self) -> Pace | None:
        """How fast background work may go from now on; None if nothing is limited."""
        ...


#: Units reserved at once at the most: five seconds of a mailbox's line. Each reservation costs
#: about 1 ms of CPU; a longer one would leave a longer gap behind a dead worker.
CHUNK = 500
#: Seconds after which a reservation lapses: spent later, together with those of others, it would
#: exceed the limit of that minute.
LATE = 1.0


class Budget:
    """Spends one mailbox's units for one sync, reserved in chunks."""

    def __init__(self, limiter: Limiter, mailbox_id: int, origin: Origin) -> None:
        self._limiter = limiter
        self._mailbox_id = mailbox_id
        self._origin = origin
        self._units = 0
        self._next_at = datetime.now(UTC)
        self._lock = asyncio.Lock()

    async def spend(self, units: int, upcoming: int = 0) -> None:
        """Wait until these units may be spent.

        Args:
            units: the price of the call that follows.
            upcoming: units of further calls already planned: reserved along, within a chunk.

        Raises:
            ThrottledError: the wait is too long to sleep through.
        """
        async with self._lock:
            if self._units < units or self._is_late():
                await self._reserve(max(units, min(CHUNK, units + upcoming)))
            at = self._next_at
            self._units -= units
            # Live mail was told when it may spend all of it; background work spends along it.
            if self._origin != "push":
                self._next_at += timedelta(seconds=self._limiter.seconds(units))
        wait = (at - datetime.now(UTC)).total_seconds()
        if wait > 0:
            await asyncio.sleep(wait)

    def _is_late(self) -> bool:
        late = (datetime.now(UTC) - self._next_at).total_seconds()
        return self._origin != "push" and late > LATE

    async def _reserve(self, units: int) -> None:
        await self._return()
        wait = await self._limiter.reserve(self._mailbox_id, units, self._origin)
        self._units = units
        self._next_at = datetime.now(UTC) + timedelta(seconds=wait)

    async def _return(self) -> None:
        units, self._units = self._units, 0
        if units:
            await self._limiter.give_back(self._mailbox_id, units, self._origin)

    async def refused(self, error: ThrottledError, until: datetime) -> None:
        """Tell all processes that Google refused a call of this mailbox or project."""
        if error.scope in ("mailbox", "project"):
            async with self._lock:
                self._units = 0
                await self._limiter.refused(self._mailbox_id, error.scope, until)

    async def close(self) -> None:
        """Return what was reserved and is not needed."""
        async with self._lock:
            await self._return()


class Unlimited:
    """A limiter that allows everything: where limits are set to zero, and in tests."""

    async def reserve(self, mailbox_id: int, units: int, origin: Origin) -> float:  # noqa: ARG002 - the port's
        """Allow at once."""
        return 0.0

    async def give_back(self, mailbox_id: int, units: int, origin: Origin) -> None:
        """Nothing was kept."""

    async def refused(self, mailbox_id: int, scope: str, until: datetime) -> None:
        """The caller waits by itself."""

    def seconds(self, units: int) -> float:  # noqa: ARG002 - the port's
        """No time at all."""
        return 0.0

    async def pace(self) -> Pace | None:
        """Nothing is limited."""
        return None
