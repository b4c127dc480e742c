"""``units``: quota units a stored message, over a whole initial sync with its listing.

Holds: the benchmark. Baseline: messages.get for each message. Source: docs/google.md#prices.
"""

from __future__ import annotations

from collections import Counter

from gmail_ingest.core.quota.prices import Prices
from gmail_ingest_lab.benchmarks.figure import Figure, Progress
from gmail_ingest_lab.benchmarks.harness import NO_LIMITER, Harness, open_harness
from gmail_ingest_lab.benchmarks.mail import CORPUS_SIZE, connect, fill, find_mail
from gmail_ingest_lab.benchmarks.sync_run import run_sync

GOAL = 14.9
_ADDRESS = "units@bench.example"
_PAGE = 500


def run(progress: Progress, scale: float = 1.0) -> Figure:
    """Sync one mailbox that holds the whole corpus."""
    mail = find_mail()
    with open_harness(durable=False, changes=NO_LIMITER) as harness:
        total = fill(harness, mail, [_ADDRESS], max(20, round(CORPUS_SIZE * scale)), progress)
        connect(harness, [_ADDRESS])
        before = harness.google.units_spent()
        synced = run_sync(harness, total, progress)
        spent = harness.google.units_spent() - before
        naive, optimum = _priced(harness)
    figure = spent / synced.stored
    return Figure(
        name="units",
        figure=figure,
        unit="quota units a stored message",
        goal=f"<= {GOAL}",
        reached=figure <= GOAL,
        baseline=naive / synced.stored,
        baseline_is="messages.get for each message (20 units), and the listing",
        conditions={
            "mail": mail.description,
            "messages": synced.stored,
            "optimum": round(optimum / synced.stored, 3),
            "countedBy": "the sandbox, all calls of the sync",
        },
    )


def _priced(harness: Harness) -> tuple[int, int]:
    """Units of the naive way and of the cheapest choice for each thread, listing included."""
    prices = Prices()
    messages = [message for message in harness.google.messages(_ADDRESS) if message.in_scope]
    listing = prices.messages_list * -(-len(messages) // _PAGE)
    threads = Counter(message.thread_id for message in messages)
    singly = prices.messages_get * len(messages)
    cheapest = sum(min(prices.threads_get, prices.messages_get * n) for n in threads.values())
    return singly + listing, cheapest + listing
