"""Waiting for Google, in one place for all calls of a mailbox.

Holds: ``Throttle``: the pace of the budget, the pause that a refusal asks for, and retries of
calls that have no fate of their own in the ledger (listings, history, profile).
Add here: what concerns every call. Keep out: the fates of messages (``fetch.py``).
Source: docs/google.md#parallel-calls, #backoff, #named-times; edge cases 27, 31, 34.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from gmail_ingest.errors import ThrottledError, TransientError
from gmail_ingest.sync.mailbox.limiter import Budget
from gmail_ingest.sync.mailbox.policy import SyncPolicy

T = TypeVar("T")

#: Tries of a call without a fate before the whole sync is given back to the queue.
TRIES = 5
#: Refusals in a row, each slept through, after which the mailbox goes back to the queue.
REFUSALS = 8


class Throttle:
    """Paces one mailbox's calls: ``acquire`` before a call, ``back_off`` when it is refused.

    ``budget`` paces the calls; without one they wait only after Google refused a call.
    """

    def __init__(self, policy: SyncPolicy, budget: Budget | None = None) -> None:
        self._policy = policy
        self._budget = budget
        self._resume_at = datetime.now(UTC)
        self._refusals = 0
        self._pauses = 0
        self.in_flight = policy.calls_in_flight

    async def acquire(self, units: int = 0, upcoming: int = 0) -> int:
        """Sleep until the mailbox may be called again and the call's units may be spent.

        Returns the call's turn, for ``back_off``.

        Raises:
            ThrottledError: the wait is too long to sleep through.
        """
        if self._budget is not None and units:
            await self._budget.spend(units, upcoming)
        while (wait := self._pause()) > 0:  # noqa: ASYNC110 - the pause may grow meanwhile
            await asyncio.sleep(wait)
        return self._pauses

    def _pause(self) -> float:
        return (self._resume_at - datetime.now(UTC)).total_seconds()

    def succeeded(self) -> None:
        """A call went through: the next refusal starts with the shortest wait again."""
        self._refusals = 0

    async def back_off(self, error: ThrottledError, turn: int | None = None) -> None:
        """Pause all calls of this mailbox.

        Of calls that were made side by side, the first refusal pauses. The others, known by their
        ``turn``, are the same refusal and count no further.

        Raises:
            ThrottledError: with its time, when the wait is too long to sleep through, or Google has
                refused so often that nobody would hear of it otherwise.
        """
        now = datetime.now(UTC)
        if error.scope == "concurrency":
            self.in_flight = max(1, self.in_flight - 1)
        is_later = error.until is not None and error.until > self._resume_at
        if turn is not None and turn < self._pauses and not is_later:
            return
        self._pauses += 1
        wait = min(self._policy.retry_delay(self._refusals), self._policy.longest_sleep)
        self._refusals += 1
        if self._refusals > REFUSALS:
            wait = self._policy.longest_retry
        until = error.until or now + timedelta(seconds=wait)
        if self._budget is not None:
            await self._budget.refused(error, until)
        is_long = (until - now).total_seconds() > self._policy.longest_sleep
        if is_long or self._refusals > REFUSALS:
            raise ThrottledError(error.scope, until) from error
        self._resume_at = max(self._resume_at, until)

    async def call(self, function: Callable[[], Awaitable[T]], units: int = 1) -> T:
        """Make a call of this price until it succeeds, within reason.

        Raises:
            TransientError: after several tries.
            ThrottledError: when Google asks for a long pause.
        """
        tries = 0
        while True:
            turn = await self.acquire(units)
            try:
                answer = await function()
            except ThrottledError as error:
                await self.back_off(error, turn)
            except TransientError:
                tries += 1
                if tries >= TRIES:
                    raise
                wait = self._policy.retry_delay(tries - 1)
                await asyncio.sleep(min(wait, self._policy.longest_sleep))
            else:
                self.succeeded()
                return answer
