"""Reading stored mail again, at a pace that leaves the service what it needs.

Holds: ``Rereads``, ``Reread``. Add here: nothing. Keep out: batches and SQL
(``adapters/postgres/sync/rereading.py``), what is read (``core/mail/reading.py``).

What is left is in the database only, so a worker may end at any point, and several may work at
once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

#: Seconds of rest for each second of work: half of one connection's time.
REST = 1.0
#: Seconds until mailboxes that are all held by syncs are tried again.
_HELD = 0.2


@dataclass(frozen=True, slots=True)
class Batch:
    """Mails that were read again, those of them that are other than before, and those that could
    not be read: they stay as they are.
    """

    read: int
    changed: int
    failed: int


@dataclass(frozen=True, slots=True)
class Left:
    """What is still to be read again: mailboxes, and about how many of all mails."""

    mailboxes: int
    mails: int
    all_mails: int

    def to_json(self) -> dict[str, int]:
        """As programs read it."""
        return {
            "mailboxesLeft": self.mailboxes,
            "mailsLeft": self.mails,
            "mails": self.all_mails,
        }

    def __str__(self) -> str:
        return f"{self.mails} of {self.all_mails} mails in {self.mailboxes} mailboxes are left"


class Rereads(Protocol):
    """Stored mail that a former release read."""

    async def read_next(self) -> Batch | None:
        """Read the next mails of a mailbox that nobody holds again, in a transaction; None if there
        is none.
        """
        ...

    async def is_done(self) -> bool:
        """Whether nothing is left."""
        ...


class Reread:
    """Reads what is left again; counts what it did."""

    def __init__(
        self,
        store: Rereads,
        *,
        rest: float = REST,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._rest = rest
        self._pause = pause
        self.read = self.changed = self.failed = 0

    def __str__(self) -> str:
        return f"{self.read} mails read again, {self.changed} of them changed"

    async def run(self, seconds: float, report: Callable[[Reread], None]) -> bool:
        """Work until nothing is left, or for so long; returns whether nothing is left.

        Args:
            seconds: at most, and the time of a batch.
            report: is called behind each batch.
        """
        ends = time.monotonic() + seconds
        while (began := time.monotonic()) < ends:
            batch = await self._store.read_next()
            if batch is None:
                if await self._store.is_done():
                    return True
                await self._pause(_HELD)
                continue
            self.read += batch.read
            self.changed += batch.changed
            self.failed += batch.failed
            report(self)
            await self._pause(self._rest * (time.monotonic() - began))
        return await self._store.is_done()
