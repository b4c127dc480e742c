"""A worker process that makes the API calls of a push for each tenant, and nothing else.

Holds: the process; ``burst`` subtracts its CPU as that of the calls. Keep out: Postgres, except for
credentials.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from gmail_ingest.adapters.gmail.gmail import Gmail
from gmail_ingest.core.quota.planner import FetchCall, PendingMessage
from gmail_ingest.settings import load_settings
from gmail_ingest.sync.mailbox.records import Mailbox
from gmail_ingest.wiring.stores import open_stores
from gmail_ingest.wiring.use_cases import build_gmail
from gmail_ingest_lab.benchmarks.plan_file import Answer, cpu_seconds, run_async, run_worker

_AT_ONCE = 200


def work(plan: Mapping[str, Any]) -> Answer:
    """Read history and fetch one message for each of the tenants."""
    return run_async(_calls(plan["tenants"]))


async def _calls(tenants: list[str]) -> Answer:
    settings = load_settings()
    slots = asyncio.Semaphore(_AT_ONCE)
    async with open_stores(settings) as stores:
        found = [await stores.mail.mailboxes(tenant, None) for tenant in tenants]
        async with build_gmail(settings, stores.credentials) as gmail:
            await asyncio.gather(*(_call(gmail, mailbox, slots) for (mailbox,) in found))
            # Again: the first round fetched access tokens, which a push does not.
            started = cpu_seconds()
            await asyncio.gather(*(_call(gmail, mailbox, slots) for (mailbox,) in found))
    return {"startCpuSeconds": started}


async def _call(gmail: Gmail, mailbox: Mailbox, slots: asyncio.Semaphore) -> None:
    async with slots:
        client = gmail.open_client(mailbox)
        page = await client.list_history(mailbox.checkpoint - 1, None)
        for record in page.records[:1]:
            wanted = PendingMessage(record.message_id, record.thread_id)
            await client.fetch(FetchCall(None, (wanted,), 20))


if __name__ == "__main__":
    run_worker(work)
