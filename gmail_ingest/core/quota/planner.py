"""Planning of fetches by price: a whole thread where that is cheaper than its messages.

Holds: ``plan_fetch``. Add here: rules that need only ids, threads and prices.
Keep out: when to call (the limiter) and how (the Gmail adapter).
Source: docs/google.md#prices: threads.get costs 40 units whatever the thread holds, messages.get
20. So three wanted messages of a thread cost 40 units instead of 60.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gmail_ingest.core.quota.prices import Prices

#: Bounds the size of a threads.get answer, which a worker holds in memory; Gmail itself starts a
#: new thread after about 100 messages.
MAX_THREAD_MESSAGES = 100


@dataclass(frozen=True, slots=True)
class PendingMessage:
    """An id that waits to be fetched. ``age``: seconds since it was first seen. ``missed``: Google
    last answered 404; for a young id the cause may be Google's own replication.
    """

    message_id: str
    thread_id: str
    attempts: int = 0
    age: float = 0.0
    missed: bool = False


@dataclass(frozen=True, slots=True)
class FetchCall:
    """One call to make: a thread (``thread_id`` set) or a single message, for these wanted ids."""

    thread_id: str | None
    wanted: tuple[PendingMessage, ...]
    units: int


def plan_fetch(
    pending: Iterable[PendingMessage],
    prices: Prices,
    thread_sizes: Mapping[str, int] | None = None,
) -> list[FetchCall]:
    """Turn pending ids into the cheapest calls, keeping the order of their first appearance.

    Args:
        pending: the ids wanted, in the order in which they should be fetched.
        prices: units per call.
        thread_sizes: messages known in each thread (wanted or not), to keep answers bounded.

    An id that failed before is fetched alone, so that one bad message cannot fail its thread again.
    """
    sizes = thread_sizes or {}
    threads: dict[str, list[PendingMessage]] = {}
    for index, message in enumerate(pending):
        alone = message.attempts > 0 or not message.thread_id
        threads.setdefault(f"#{index}" if alone else message.thread_id, []).append(message)
    calls: list[FetchCall] = []
    for thread_id, wanted in threads.items():
        cheaper = prices.threads_get < prices.messages_get * len(wanted)
        if cheaper and max(sizes.get(thread_id, 0), len(wanted)) <= MAX_THREAD_MESSAGES:
            calls.append(FetchCall(thread_id, tuple(wanted), prices.threads_get))
        else:
            calls.extend(FetchCall(None, (one,), prices.messages_get) for one in wanted)
    return calls
