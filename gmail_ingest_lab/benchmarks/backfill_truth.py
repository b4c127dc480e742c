"""What a backfill should have cost and left behind, from what the sandbox knows.

Holds: ``planned_threads``, ``live_units`` and ``called``. Add here: a further comparison.
Keep out: asking the sandbox or Postgres. Source: docs/google.md#prices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from gmail_ingest.core.quota.prices import Prices
from gmail_ingest_lab.demo.audit import GoogleMessage

_PREFIX = "gmail.users."
#: Calls that no backfill makes.
_LIVE = {
    "history.list": Prices().history_list,
    "labels.list": Prices().labels_list,
    "getProfile": Prices().profile_get,
    "watch": Prices().watch,
    "stop": Prices().stop,
}


def planned_threads(
    messages: Iterable[GoogleMessage], months: Mapping[str, date], known: Collection[str]
) -> int:
    """How many threads.get calls a fetch plans, month by month, for all messages but the known
    ones.
    """
    prices = Prices()
    sizes = Counter(
        (months[message.message_id], message.thread_id)
        for message in messages
        if message.in_scope and message.message_id not in known
    )
    return sum(prices.messages_get * size > prices.threads_get for size in sizes.values())


def live_units(calls: Mapping[str, int], pushed: int) -> int:
    """Units of the live syncs among these calls, which fetched each pushed message once."""
    others = sum(calls.get(f"{_PREFIX}{name}", 0) * units for name, units in _LIVE.items())
    return others + pushed * Prices().messages_get


def called(calls: Mapping[str, int], method: str) -> int:
    """How often a method was called, e.g. ``threads.get``."""
    return calls.get(f"{_PREFIX}{method}", 0)
