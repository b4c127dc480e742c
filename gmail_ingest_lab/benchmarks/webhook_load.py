"""A process that pushes as Pub/Sub does: an even rate, whatever the answers take.

Holds: the process. Each push is due at its own time, and its latency counts from then, so a stall
of the receiver counts for every push that waited.
Keep out: what the receiver is.
"""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import Mapping
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import orjson

from gmail_ingest_lab.benchmarks.plan_file import Answer, run_async, run_worker

#: Pushes that wait for a connection longer than this at the end are not accepted.
_TIMEOUT_SECONDS = 10.0


def work(plan: Mapping[str, Any]) -> Answer:
    """Push at ``rate`` for ``seconds`` over ``connections`` to ``url``."""
    return run_async(_push(plan))


async def _push(plan: Mapping[str, Any]) -> Answer:
    load = _Load(plan["url"], plan["token"], plan["addresses"])
    await load.open(plan["connections"])
    began = time.perf_counter()
    total = round(plan["rate"] * plan["seconds"])
    tasks: set[asyncio.Task[None]] = set()
    for number in range(total):
        due = began + number / plan["rate"]
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        task = asyncio.create_task(load.push(due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    if tasks:
        await asyncio.wait(tasks, timeout=_TIMEOUT_SECONDS)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "offered": total,
        "seconds": load.last - began,
        "latencies": load.latencies,
        "refused": load.refused,
    }


class _Load:
    def __init__(self, url: str, token: str, addresses: list[str]) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._head = (
            f"POST {parts.path}?{parts.query} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
            f"authorization: Bearer {token}\r\ncontent-type: application/json\r\n"
            "user-agent: APIs-Google\r\ncontent-length: "
        ).encode()
        self._addresses = addresses
        self._numbers = count()
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        self._free = asyncio.LifoQueue()
        self.latencies: list[float] = []
        self.refused = 0
        self.last = time.perf_counter()

    async def open(self, connections: int) -> None:
        for _ in range(connections):
            self._free.put_nowait(await asyncio.open_connection(self._host, self._port))

    async def push(self, due: float) -> None:
        """Push once, on a connection that is kept alive."""
        reader, writer = await self._free.get()
        body = self._body(next(self._numbers))
        writer.write(self._head + str(len(body)).encode() + b"\r\n\r\n" + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        if answer.startswith(b"HTTP/1.1 204"):
            self.last = time.perf_counter()
            self.latencies.append(self.last - due)
            self._free.put_nowait((reader, writer))
        else:
            self.refused += 1
            writer.close()
            self._free.put_nowait(await asyncio.open_connection(self._host, self._port))

    def _body(self, number: int) -> bytes:
        """A notification that is news: its history id is greater than any before."""
        address = self._addresses[number % len(self._addresses)]
        data = orjson.dumps({"emailAddress": address, "historyId": 1_000_000_000 + number})
        message = {"data": b64encode(data).decode(), "messageId": str(number), "attributes": {}}
        return orjson.dumps({"message": message, "subscription": "projects/p/subscriptions/s"})


if __name__ == "__main__":
    run_worker(work)
