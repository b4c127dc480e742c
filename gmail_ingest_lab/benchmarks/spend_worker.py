"""A worker process that spends one mailbox's units as fast as it may, on messages.get.

Holds: the process. It stands for one of several workers that want the same mailbox: leases let
only one of them list, so the fetches are made here without one.
Keep out: the limiter itself (``sync/mailbox/limiter.py``).
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.core.quota.planner import FetchCall, PendingMessage
from gmail_ingest.core.quota.prices import Prices
from gmail_ingest.errors import ThrottledError
from gmail_ingest.settings import load_settings
from gmail_ingest.sync.mailbox.limiter import CHUNK, Budget, Unlimited
from gmail_ingest.sync.mailbox.ports import MailboxClient
from gmail_ingest.sync.mailbox.throttle import Throttle
from gmail_ingest.wiring.stores import open_stores
from gmail_ingest.wiring.use_cases import build_gmail, build_policy
from gmail_ingest_lab.benchmarks.plan_file import Answer, run_async, run_worker

_PRICES = Prices()
_LOOK_SECONDS = 0.2


def work(plan: Mapping[str, Any]) -> Answer:
    """Spend on ``tenant``'s mailbox until there is a file ``stop``, by the limiter or without."""
    return run_async(_spend(plan["tenant"], Path(plan["stop"]), limited=plan["limiter"]))


async def _spend(tenant: str, stop: Path, *, limited: bool) -> Answer:
    settings = load_settings()
    async with (
        open_stores(settings) as stores,
        build_gmail(settings, stores.credentials) as gmail,
    ):
        (mailbox,) = await stores.mail.mailboxes(tenant, None)
        limiter = stores.build_limiter() if limited else Unlimited()
        budget = Budget(limiter, mailbox.id, "listing")
        policy = build_policy(settings)
        throttle = Throttle(policy, budget)
        spender = _Spender(gmail.open_client(mailbox), throttle, stop)
        await spender.run(policy.calls_in_flight)
        await budget.close()
    return {"calls": spender.calls, "rejected": spender.rejected}


class _Spender:
    def __init__(self, client: MailboxClient, throttle: Throttle, stop: Path) -> None:
        self._client = client
        self._throttle = throttle
        self._stop = stop
        self.calls = self.rejected = 0

    async def run(self, side_by_side: int) -> None:
        async def listed() -> Iterator[FetchCall]:
            page = await self._client.list_messages(Window(start=None), None)
            wanted = (PendingMessage(ref.message_id, ref.thread_id) for ref in page.refs)
            calls = [FetchCall(None, (message,), _PRICES.messages_get) for message in wanted]
            return itertools.cycle(calls)

        calls = await self._throttle.call(listed, _PRICES.messages_list)
        await asyncio.gather(*(self._loop(calls) for _ in range(side_by_side)))

    async def _loop(self, calls: Iterator[FetchCall]) -> None:
        while not self._stop.exists():
            call = next(calls)
            try:
                await self._throttle.acquire(call.units, CHUNK)
                self.calls += 1
                await self._client.fetch(call)
                self._throttle.succeeded()
            except ThrottledError as error:
                self.rejected += 1
                await self._back_off(error)

    async def _back_off(self, refusal: ThrottledError) -> None:
        try:
            await self._throttle.back_off(refusal)
        except ThrottledError as error:
            # A sync would give the mailbox back to the queue for so long.
            while not self._stop.exists() and error.until and datetime.now(UTC) < error.until:  # noqa: ASYNC110 - another process makes the file
                await asyncio.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    run_worker(work)
